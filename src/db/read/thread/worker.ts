import { parentPort, workerData } from 'node:worker_threads';
import { type Database, openDatabase } from '../../database.ts';
import { agents } from '../agents.ts';
import type { Definition } from '../definition.ts';
import { findResources } from '../list.ts';
import { networks } from '../networks.ts';
import { ports } from '../ports.ts';
import { subnets } from '../subnets.ts';
import { UnknownMarkerError } from '../view.ts';
import type { ListAnswer, ListRequest, ThreadData } from './messages.ts';

/** The reader thread's body: answers list requests one after another with finished JSON. */
const definitions: Readonly<Record<string, Definition>> = { networks, subnets, ports, agents };

const port = parentPort!;
const database = openDatabase(workerData as ThreadData);
const encoder = new TextEncoder();

port.on('message', async (request: ListRequest) => {
  const answer = await answerTo(await database, request);
  port.postMessage(answer, answer.ok ? [answer.json.buffer as ArrayBuffer] : []);
});

async function answerTo(opened: Database, { id, resource, query, view }: ListRequest): Promise<ListAnswer> {
  try {
    const definition = definitions[resource]!;
    // The ids of the ends are wanted for links, also when they were not asked for.
    const fields = query.fields === null || query.fields.includes('id') ? query.fields : [...query.fields, 'id'];
    const items = await findResources<{ id?: string }>(opened.db, definition, { ...query, fields }, view);
    const firstId = items[0]?.id ?? null;
    const lastId = items.at(-1)?.id ?? null;
    if (fields !== query.fields) for (const item of items) delete item.id;
    return { id, ok: true, json: encoder.encode(JSON.stringify(items)), count: items.length, firstId, lastId };
  } catch (error) {
    const unknownMarker = error instanceof UnknownMarkerError ? error.marker : null;
    return { id, ok: false, unknownMarker, message: error instanceof Error ? error.message : String(error) };
  }
}
