import { parentPort, workerData } from 'node:worker_threads';
import { type Database, openDatabase } from '../../database.ts';
import { agents } from '../agents.ts';
import type { Definition } from '../definition.ts';
import { Fragments } from '../fragments.ts';
import { findJson } from '../list.ts';
import { networks } from '../networks.ts';
import { ports } from '../ports.ts';
import { subnets } from '../subnets.ts';
import { UnknownMarkerError } from '../view.ts';
import type { ListAnswer, ListRequest, ThreadData } from './messages.ts';

/** The reader thread's body: answers list requests one after another with finished JSON. */
const definitions: Readonly<Record<string, Definition>> = { networks, subnets, ports, agents };

/** Of each kind: 30 MB, until the thread ends because nobody needs it. */
const MOST_FRAGMENTS = 30_000;
const fragments = new Map<string, Fragments>();

const port = parentPort!;
const database = openDatabase(workerData as ThreadData);

port.on('message', async (request: ListRequest) => {
  const answer = await answerTo(await database, request);
  port.postMessage(answer, answer.ok && ownsBuffer(answer.json) ? [answer.json.buffer as ArrayBuffer] : []);
});

/** Small buffers are slices of a pool that others use too: those are copied instead of given away. */
function ownsBuffer(bytes: Uint8Array): boolean {
  return bytes.byteLength === bytes.buffer.byteLength;
}

async function answerTo(opened: Database, { id, resource, query, view }: ListRequest): Promise<ListAnswer> {
  try {
    const definition = definitions[resource]!;
    return { id, ok: true, ...(await findJson(opened.db, definition, query, view, fragmentsOf(resource))) };
  } catch (error) {
    const unknownMarker = error instanceof UnknownMarkerError ? error.marker : null;
    return { id, ok: false, unknownMarker, message: error instanceof Error ? error.message : String(error) };
  }
}

function fragmentsOf(resource: string): Fragments {
  const kept = fragments.get(resource) ?? new Fragments(MOST_FRAGMENTS);
  fragments.set(resource, kept);
  return kept;
}
