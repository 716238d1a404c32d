import { parentPort, workerData } from 'node:worker_threads';
import { type Database, openDatabase } from '../../database.ts';
import { agents } from '../agents.ts';
import type { Definition } from '../definition.ts';
import { floatingIps } from '../floatingips.ts';
import { Fragments } from '../fragments.ts';
import { findJson } from '../list.ts';
import { networkIpAvailabilities } from '../network-ip-availabilities.ts';
import { networks } from '../networks.ts';
import { ports } from '../ports.ts';
import { routers } from '../routers.ts';
import { securityGroups } from '../security-groups.ts';
import { definitionOf, type ResourceSpec } from '../spec.ts';
import { subnets } from '../subnets.ts';
import { UnknownMarkerError } from '../view.ts';
import type { ListAnswer, ListRequest, ThreadData } from './messages.ts';

/** The reader thread's body: answers list requests one after another with finished JSON. */
const definitions: Readonly<Record<string, Definition>> = {
  networks,
  subnets,
  ports,
  agents,
  security_groups: securityGroups,
  routers,
  floatingips: floatingIps,
  ...networkIpAvailabilities,
};

/** Of each kind: 30 MB, until the thread ends because nobody needs it. */
const MOST_FRAGMENTS = 30_000;
const ofSpecs = new Map<string, Definition>();
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

async function answerTo(opened: Database, { id, source, query, view }: ListRequest): Promise<ListAnswer> {
  try {
    const definition = typeof source === 'string' ? definitions[source]! : specified(source);
    return { id, ok: true, ...(await findJson(opened.db, definition, query, view, fragmentsOf(definition.table))) };
  } catch (error) {
    const unknownMarker = error instanceof UnknownMarkerError ? error.marker : null;
    return { id, ok: false, unknownMarker, message: error instanceof Error ? error.message : String(error) };
  }
}

/** Every request brings a copy of the spec: the definition made of the first one serves them all. */
function specified(spec: ResourceSpec): Definition {
  const definition = ofSpecs.get(spec.table) ?? definitionOf(spec);
  ofSpecs.set(spec.table, definition);
  return definition;
}

function fragmentsOf(resource: string): Fragments {
  const kept = fragments.get(resource) ?? new Fragments(MOST_FRAGMENTS);
  fragments.set(resource, kept);
  return kept;
}
