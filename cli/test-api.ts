import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

type Row = Record<string, unknown>;

/** One request as the API saw it. */
export interface Asked {
  method: string;
  path: string;
  query: [string, string][];
  body: unknown;
  headers: IncomingMessage['headers'];
}

/** A small API over arrays, for tests of the client: list with filters and pages, show, create, update, delete. */
export interface TestApi {
  url: string;
  rows: Record<string, Row[]>;
  /** Paths that are answered just so. */
  raw: Record<string, Served>;
  asked: Asked[];
  close(): Promise<void>;
}

const memberOf = (collection: string) => collection.replace(/s$/, '').replaceAll('-', '_');

export async function startTestApi(rows: Record<string, Row[]>): Promise<TestApi> {
  const asked: Asked[] = [];
  const raw: Record<string, Served> = {};
  let url = '';
  const server = createServer(async (incoming, outgoing) => {
    let text = '';
    for await (const chunk of incoming) text += chunk;
    const target = new URL(incoming.url ?? '/', url);
    const body = text ? (JSON.parse(text) as Row) : null;
    const method = incoming.method ?? '';
    asked.push({ method, path: target.pathname, query: [...target.searchParams], body, headers: incoming.headers });
    const { status, answer } = raw[target.pathname] ?? serve(rows, method, target, body);
    outgoing.writeHead(status, { 'Content-Type': 'application/json', 'X-Openstack-Request-Id': 'req-1' });
    outgoing.end(answer === null ? undefined : JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { url, rows, raw, asked, close };
}

interface Served {
  status: number;
  answer: unknown;
}

function serve(rows: Record<string, Row[]>, method: string, { pathname, searchParams }: URL, body: Row | null): Served {
  const [collection = '', encoded, action] = pathname.replace('/v2.0/', '').split('/');
  const all = rows[collection];
  const member = memberOf(collection);
  if (!all)
    return { status: 404, answer: { NeutronError: { type: 'HTTPNotFound', message: 'no such thing', detail: '' } } };
  if (encoded === undefined) {
    if (method === 'POST') {
      const made = { id: randomUUID(), ...(body?.[member] as Row) };
      all.push(made);
      return { status: 201, answer: { [member]: made } };
    }
    return { status: 200, answer: page(collection, all, searchParams, pathname) };
  }
  const id = decodeURIComponent(encoded);
  const found = all.find((row) => row.id === id || row.alias === id);
  if (!found) {
    const message = `${member} ${id} could not be found.`;
    return { status: 404, answer: { NeutronError: { type: 'NotFound', message, detail: '' } } };
  }
  if (action) {
    const envelope = action === 'explain' ? 'explanation' : action;
    return { status: 200, answer: { [envelope]: found[envelope] } };
  }
  if (method === 'DELETE') {
    if (found.in_use) {
      const message = `Unable to complete operation on ${member} ${id}.`;
      return {
        status: 409,
        answer: { NeutronError: { type: 'InUse', message, detail: 'One or more ports are in use.' } },
      };
    }
    all.splice(all.indexOf(found), 1);
    return { status: 204, answer: null };
  }
  if (method === 'PUT') Object.assign(found, body?.[member]);
  return { status: 200, answer: { [member]: withFields(found, searchParams.getAll('fields')) } };
}

const special = new Set(['fields', 'limit', 'marker', 'sort_key', 'sort_dir']);

function page(collection: string, all: Row[], query: URLSearchParams, path: string): Row {
  const keys = [...new Set(query.keys())].filter((key) => !special.has(key));
  const matching = all.filter((row) => keys.every((key) => query.getAll(key).includes(String(row[key]))));
  const marker = query.get('marker');
  const from = marker ? matching.findIndex(({ id }) => id === marker) + 1 : 0;
  const limit = Number(query.get('limit') ?? matching.length);
  const items = matching.slice(from, from + limit);
  const next = new URLSearchParams([...query].filter(([key]) => key !== 'marker'));
  next.set('marker', String(items.at(-1)?.id));
  const isLast = from + limit >= matching.length;
  const links = isLast ? {} : { [`${collection}_links`]: [{ rel: 'next', href: `http://elsewhere${path}?${next}` }] };
  return { [collection]: items.map((row) => withFields(row, query.getAll('fields'))), ...links };
}

function withFields(row: Row, fields: string[]): Row {
  if (fields.length === 0) return row;
  return Object.fromEntries(Object.entries(row).filter(([key]) => fields.includes(key)));
}
