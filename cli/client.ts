import { readFileSync } from 'node:fs';
import type { Agent, IncomingMessage, RequestOptions } from 'node:http';
import type { Connection } from './connection.ts';
import { ApiError, CliError } from './errors.ts';

export type Query = readonly (readonly [key: string, value: string])[];
export type Resource = Record<string, unknown>;

export interface ListHow {
  /** JSON key of the items, where it is not the path's. */
  key?: string;
  pageSize?: number | undefined;
}

/**
 * Node's HTTP client, without `import`: that would evaluate every export of the module, WebSocket's and with it all of
 * undici among them, and https brings cryptography; together 40 ms of a client that should start in 100.
 */
function transportFor(endpoint: string): Pick<typeof import('node:http'), 'request'> & { Agent: typeof Agent } {
  const name = endpoint.startsWith('https:') ? 'node:https' : 'node:http';
  return process.getBuiltinModule(name) as typeof import('node:http');
}

/** The Networking API over HTTP: one kept-alive connection, JSON in and out. */
export class ApiClient {
  readonly #connection: Connection;
  readonly #http: ReturnType<typeof transportFor>;
  readonly #agent: Agent;
  readonly #log: (line: string) => void;

  constructor(connection: Connection, log: (line: string) => void) {
    const { endpoint, insecure, caFile, certFile, keyFile } = connection;
    this.#connection = connection;
    this.#log = log;
    this.#http = transportFor(endpoint);
    const tls = {
      rejectUnauthorized: !insecure,
      ...(caFile ? { ca: readFileSync(caFile) } : {}),
      ...(certFile ? { cert: readFileSync(certFile), key: readFileSync(keyFile ?? certFile) } : {}),
    };
    this.#agent = new this.#http.Agent({ keepAlive: true, maxSockets: 1, ...tls });
  }

  /** @throws ApiError; CliError when the server cannot be reached */
  async get(path: string, query: Query = []): Promise<Resource> {
    const text = new URLSearchParams(query.map(([key, value]): [string, string] => [key, value])).toString();
    return this.#ask('GET', `/v2.0/${path}${text ? `?${text}` : ''}`);
  }

  post(path: string, body: Resource): Promise<Resource> {
    return this.#ask('POST', `/v2.0/${path}`, body);
  }

  put(path: string, body: Resource): Promise<Resource> {
    return this.#ask('PUT', `/v2.0/${path}`, body);
  }

  async delete(path: string): Promise<void> {
    await this.#ask('DELETE', `/v2.0/${path}`);
  }

  /** Any request. */
  request(method: string, path: string, body?: Resource): Promise<Resource> {
    return this.#ask(method, `/v2.0/${path}`, body);
  }

  /** All items of a collection, page after page where the server or `pageSize` makes pages. */
  async list(
    path: string,
    query: Query = [],
    { key = path.replaceAll('-', '_'), pageSize }: ListHow = {},
  ): Promise<Resource[]> {
    const items: Resource[] = [];
    let page = await this.get(path, pageSize ? [...query, ['limit', String(pageSize)]] : query);
    for (;;) {
      items.push(...((page[key] ?? []) as Resource[]));
      const links = (page[`${key}_links`] ?? []) as { rel?: string; href?: string }[];
      const next = links.find(({ rel }) => rel === 'next')?.href;
      if (!next) return items;
      const { pathname, search } = new URL(next, this.#connection.endpoint);
      // The server may call itself otherwise than we do: only path and query of its link count.
      page = await this.#ask('GET', `${pathname.slice(pathname.indexOf('/v2.0'))}${search}`);
    }
  }

  /** Lists show the owner to administrators; without a sign-in everybody is one. */
  get isAdmin(): boolean {
    return this.#connection.isAdmin;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #ask(method: string, path: string, body?: Resource): Promise<Resource> {
    const { endpoint, token, timeoutMs, debug } = this.#connection;
    const url = `${endpoint}${path}`;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers: Record<string, string | number> = { Accept: 'application/json', 'User-Agent': 'neutron' };
    if (text !== undefined) headers['Content-Type'] = 'application/json';
    if (text !== undefined) headers['Content-Length'] = Buffer.byteLength(text);
    if (debug) this.#log(`REQ: ${method} ${url}${text ? ` ${text}` : ''}`);
    if (token) headers['X-Auth-Token'] = token;
    const answer = await this.#send(url, { method, headers, agent: this.#agent, timeout: timeoutMs }, text);
    if (debug) this.#log(`RESP: ${answer.status} ${answer.text}`);
    return resultOf(answer, url);
  }

  async #send(url: string, options: RequestOptions, body: string | undefined): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const refuse = (error: NodeJS.ErrnoException) => {
        const reason = error.message || error.code;
        reject(new CliError(`Unable to establish connection to ${url}: ${reason}`, { cause: error }));
      };
      const sent = this.#http.request(url, options, (response) => {
        readAll(response).then((text) => {
          const requestId = response.headers['x-openstack-request-id'];
          resolve({ status: response.statusCode ?? 0, text, requestId: requestId ? String(requestId) : null });
        }, refuse);
      });
      sent.once('timeout', () => sent.destroy(new Error(`no answer within ${(options.timeout ?? 0) / 1000} s`)));
      sent.once('error', refuse);
      sent.end(body);
    });
  }
}

interface Answer {
  status: number;
  text: string;
  requestId: string | null;
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Some refusals are the web framework's of the real server: `{message, code, title}`, a text with tags and blank lines. */
function plainReason(body: unknown): string {
  const { message, code } = (body ?? {}) as { message?: unknown; code?: unknown };
  if (typeof message !== 'string' || typeof code !== 'string') return '';
  return message
    .split(/<br \/>|\n/)
    .map((line) => line.trim())
    .filter(Boolean)
    .join(' ');
}

function resultOf({ status, text, requestId }: Answer, url: string): Resource {
  let parsed: unknown;
  try {
    parsed = text === '' ? {} : parseJson(text);
  } catch {
    // Not the API's: handled below.
  }
  if (status >= 200 && status < 300 && typeof parsed === 'object') return (parsed ?? {}) as Resource;
  const error = (parsed as { NeutronError?: unknown } | null)?.NeutronError;
  const {
    type = '',
    message = '',
    detail = '',
  } = typeof error === 'object' && error !== null ? (error as Refusal) : {};
  const told =
    [message, detail].filter(Boolean).join('\n') || (typeof error === 'string' ? error : plainReason(parsed));
  throw new ApiError({ status, type, message: told || `${url} answered ${status}: ${text.slice(0, 500)}`, requestId });
}

interface Refusal {
  type?: string;
  message?: string;
  detail?: string;
}

/** Numbers of addresses of IPv6 networks are too large for a double: they become a bigint. */
function parseJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;
  const exact: Reviver = (_, value, { source = '' }) =>
    Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value;
  return JSON.parse(text, exact as Parameters<typeof JSON.parse>[1]);
}
