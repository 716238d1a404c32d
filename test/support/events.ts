import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { until } from './wait.ts';

export interface SeenEvent {
  readonly resource: string;
  readonly id: string | null;
  readonly action: string;
  readonly revision: number | null;
}

/** A browser's look at `/dashboard/events`. */
export class EventReader implements Disposable {
  readonly events: SeenEvent[] = [];
  /** Why the server ended it. */
  ended: string | null = null;
  closed = false;
  readonly status: number;
  readonly response: IncomingMessage;
  readonly #request: ClientRequest;

  private constructor(sent: ClientRequest, response: IncomingMessage) {
    this.#request = sent;
    this.response = response;
    this.status = response.statusCode!;
    sent.on('error', () => {});
    response.on('error', () => {});
    response.on('close', () => {
      this.closed = true;
    });
  }

  /** @param how.reads false: takes the headers and no more */
  static open(
    url: string,
    headers: Record<string, string> = {},
    how: { reads: boolean } = { reads: true },
  ): Promise<EventReader> {
    return new Promise((resolve, reject) => {
      const sent = request(`${url}/dashboard/events`, {
        headers: { accept: 'text/event-stream', ...headers },
        agent: false,
      });
      sent.once('error', reject);
      sent.once('response', (response) => {
        const reader = new EventReader(sent, response);
        if (how.reads) reader.read();
        resolve(reader);
      });
      sent.end();
    });
  }

  read(): void {
    let rest = '';
    this.response.setEncoding('utf8');
    this.response.on('data', (text: string) => {
      const blocks = (rest + text).split('\n\n');
      rest = blocks.pop()!;
      for (const block of blocks) this.#take(block);
    });
  }

  /** Of one resource, in their order. */
  of(id: string): string[] {
    return this.events.filter((event) => event.id === id).map(({ action }) => action);
  }

  async saw(id: string, action: string): Promise<SeenEvent> {
    const found = () => this.events.find((event) => event.id === id && event.action === action);
    await until(`${action} of ${id}`, () => found() !== undefined);
    return found()!;
  }

  [Symbol.dispose](): void {
    this.#request.destroy();
  }

  #take(block: string): void {
    const data = /^data: (.*)$/m.exec(block)?.[1];
    if (data === undefined) return;
    if (/^event: end$/m.test(block)) this.ended = JSON.parse(data).reason;
    else this.events.push(JSON.parse(data));
  }
}
