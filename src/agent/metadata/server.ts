import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Cause, causedBy } from '../../lib/cause.ts';
import { newRequestId } from '../../lib/context.ts';
import type { Logger } from '../../lib/log.ts';
import { listenAtSocket } from '../../rpc/local/unix-socket.ts';
import { type GuestAnswer, type GuestRequest, statusAnswer } from './answer.ts';
import { type Caller, callerOf } from './caller.ts';

/** The most a guest says is a password of 1 KB. There may be a thousand connections per network, each with a body. */
const MAX_BODY_BYTES = 64 * 1024;
/** As long as the proxy in front waits for a guest's request. */
const REQUEST_TIMEOUT_MS = 30_000;
const MAX_CLOSE_MS = 2_000;

export interface ProxyServerParts {
  socketPath: string;
  mode: number;
  backlog: number;
  /** Answers what a caller asked; what it throws becomes a 500. */
  answer: (caller: Caller, request: GuestRequest) => Promise<GuestAnswer>;
  logger: Logger;
}

/** HTTP over the unix socket that the haproxies of networks and routers forward to. */
export class ProxyServer {
  /** How many answers had which status. */
  readonly answered = new Map<number, number>();
  readonly #parts: ProxyServerParts;
  readonly #http: Server;

  constructor(parts: ProxyServerParts) {
    this.#parts = parts;
    const limits = { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS };
    this.#http = createServer(
      limits,
      (incoming, outgoing) => void causedBy([newCause()], () => this.#serve(incoming, outgoing)),
    );
  }

  get isListening(): boolean {
    return this.#http.listening;
  }

  /** @throws SocketPathError */
  async listen(): Promise<void> {
    const { socketPath, mode, backlog } = this.#parts;
    await listenAtSocket(this.#http, socketPath, { mode, backlog });
  }

  /** Removes the socket and lets requests under way finish, but not longer than a stop may take. */
  async close(): Promise<void> {
    if (!this.#http.listening) return;
    await rm(this.#parts.socketPath, { force: true });
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    this.#http.closeIdleConnections();
    const impatience = setTimeout(() => this.#http.closeAllConnections(), MAX_CLOSE_MS);
    await closed;
    clearTimeout(impatience);
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const answer = await this.#answer(incoming).catch((error: unknown) => {
      // It went away before it had said all: its own business, and nothing to fill our log with.
      if (!incoming.complete) return statusAnswer(400);
      this.#parts.logger.error({ url: incoming.url, error: String(error) }, 'a metadata request failed');
      return statusAnswer(500);
    });
    this.answered.set(answer.status, (this.answered.get(answer.status) ?? 0) + 1);
    const bytes = Buffer.from(answer.body as string);
    const headers = { 'Content-Type': answer.contentType, 'Content-Length': bytes.length };
    outgoing.writeHead(answer.status, incoming.complete ? headers : { ...headers, Connection: 'close' });
    outgoing.end(incoming.method === 'HEAD' ? undefined : bytes);
    // What of a refused body is still under way.
    incoming.resume();
  }

  async #answer(incoming: IncomingMessage): Promise<GuestAnswer> {
    const caller = callerOf(incoming.headers);
    if (!caller) {
      this.#parts.logger.debug({ url: incoming.url }, 'refused a metadata request that does not say who asks');
      return statusAnswer(404);
    }
    const body = await bodyOf(incoming);
    if (body === null) return statusAnswer(413);
    return this.#parts.answer(caller, { method: incoming.method ?? 'GET', url: incoming.url ?? '/', body });
  }
}

/** Guests give no id: what is logged and asked for one request has one of ours in common. */
function newCause(): Cause {
  return { requestId: newRequestId(), globalRequestId: null };
}

/** The whole body, or null when it is longer than anything a guest has to say. */
async function bodyOf(incoming: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
