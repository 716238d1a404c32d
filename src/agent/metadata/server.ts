import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from '../../lib/log.ts';
import { listenAtSocket } from '../../rpc/local/unix-socket.ts';
import { type GuestAnswer, type GuestRequest, statusAnswer } from './answer.ts';
import { type Caller, callerOf } from './caller.ts';

const MAX_BODY_BYTES = 1024 * 1024;
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
  readonly #parts: ProxyServerParts;
  readonly #http: Server;

  constructor(parts: ProxyServerParts) {
    this.#parts = parts;
    this.#http = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing));
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
      this.#parts.logger.error({ url: incoming.url, error: String(error) }, 'a metadata request failed');
      return statusAnswer(500);
    });
    const bytes = Buffer.from(answer.body as string);
    outgoing.writeHead(answer.status, { 'Content-Type': answer.contentType, 'Content-Length': bytes.length });
    outgoing.end(incoming.method === 'HEAD' ? undefined : bytes);
  }

  async #answer(incoming: IncomingMessage): Promise<GuestAnswer> {
    const body = await bodyOf(incoming);
    if (body === null) return statusAnswer(413);
    const caller = callerOf(incoming.headers);
    if (!caller) {
      this.#parts.logger.debug({ url: incoming.url }, 'refused a metadata request that does not say who asks');
      return statusAnswer(404);
    }
    return this.#parts.answer(caller, { method: incoming.method ?? 'GET', url: incoming.url ?? '/', body });
  }
}

/** The whole body, or null when it is longer than anything a guest has to say. */
async function bodyOf(incoming: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes <= MAX_BODY_BYTES ? Buffer.concat(chunks) : null;
}
