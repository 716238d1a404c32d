import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServerEvent } from '../../src/lib/server-event.ts';
import type { Json } from './api.ts';

interface EventRequest {
  readonly path: string;
  readonly token: string;
  readonly requestId: string | undefined;
  readonly events: readonly ServerEvent[];
  readonly atMs: number;
}

/** The part of Nova that listens to others: notes every request for events, and answers as it is told to. */
export class RecordingNova implements AsyncDisposable {
  readonly requests: EventRequest[] = [];
  /** Whether a token is one; every one is when left out. */
  knows: (token: string) => Promise<boolean> | boolean = () => true;
  /** Answers everything with this status. */
  broken: number | null = null;
  /** Takes requests and answers none. */
  hangs = false;
  /** Requests that were left without an answer. */
  waiting = 0;
  /** What becomes of an event: its code. */
  codeOf: (event: ServerEvent) => number = () => 200;
  /** How many answers said "who are you". */
  refusals = 0;
  readonly #server: Server;
  #port = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<RecordingNova> {
    const server = createServer();
    const nova = new RecordingNova(server);
    server.on('request', (request, response) => void nova.#answer(request, response));
    await nova.up();
    return nova;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/v2.1`;
  }

  /** All events that were taken, in order. */
  get events(): ServerEvent[] {
    return this.requests.flatMap(({ events }) => events);
  }

  /** Listens; where it listened before, if it did. */
  async up(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Nobody is there any more: connections are refused. */
  async down(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (this.hangs) {
      this.waiting++;
      return;
    }
    const reply = (status: number, body: Json) => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (this.broken !== null) return reply(this.broken, { computeFault: { code: this.broken, message: 'broken' } });
    const token = String(request.headers['x-auth-token']);
    if (!(await this.knows(token))) {
      this.refusals++;
      return reply(401, { error: { code: 401, message: 'The request you have made requires authentication.' } });
    }
    const { events } = JSON.parse(Buffer.concat(chunks).toString()) as { events: ServerEvent[] };
    const requestId = request.headers['x-openstack-request-id'] as string | undefined;
    this.requests.push({ path: request.url!, token, requestId, events, atMs: Date.now() });
    const judged = events.map((event) => ({ ...event, status: 'completed', ...event, code: this.codeOf(event) }));
    reply(judged.every(({ code }) => code === 200) ? 200 : 207, { events: judged });
  }
}
