import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Context } from '../../lib/context.ts';
import type { SeenNews } from './visible-news.ts';

/** A browser that takes nothing for this many heartbeats is given up. */
const MOST_STALLED_BEATS = 4;
/** A browser gets this long to take the last word. */
const LAST_WORD_MS = 500;

const RESYNC: SeenNews = { resource: '*', id: null, action: 'resync', revision: null };

/**
 * One browser's stream. What it does not take is not kept for it: when it reads again it is told to look anew, so that a
 * page in the background costs no memory, however much happens.
 */
export class EventStream {
  readonly headers: IncomingHttpHeaders;
  context: Context;
  /** Heartbeats since it was last asked who this is. */
  beats = 0;
  readonly #raw: ServerResponse;
  #stalledBeats = 0;
  #stalled = false;
  #missed = false;

  constructor(raw: ServerResponse, { headers, context }: { headers: IncomingHttpHeaders; context: Context }) {
    this.#raw = raw;
    this.headers = headers;
    this.context = context;
    raw.on('drain', () => this.#reads());
    this.#write('retry: 1000\n: connected\n\n');
  }

  tell(news: readonly SeenNews[]): void {
    if (news.length === 0) return;
    if (this.#stalled) this.#missed = true;
    else this.#write(news.map(line).join(''));
  }

  /** Something may have been missed. */
  resync(): void {
    this.tell([RESYNC]);
  }

  /** @returns false when nobody reads there any more */
  beat(): boolean {
    this.beats++;
    if (!this.#stalled) {
      this.#write(':\n\n');
      return true;
    }
    this.#stalledBeats++;
    if (this.#stalledBeats < MOST_STALLED_BEATS) return true;
    this.#raw.destroy();
    return false;
  }

  end(reason: 'token' | 'closing'): void {
    if (this.#stalled) {
      this.#raw.destroy();
      return;
    }
    this.#raw.end(`event: end\ndata: ${JSON.stringify({ reason })}\n\n`);
    const timer = setTimeout(() => this.#raw.destroy(), LAST_WORD_MS);
    this.#raw.once('close', () => clearTimeout(timer));
  }

  #write(text: string): void {
    if (!this.#raw.destroyed) this.#stalled = !this.#raw.write(text);
  }

  #reads(): void {
    this.#stalled = false;
    this.#stalledBeats = 0;
    if (!this.#missed) return;
    this.#missed = false;
    this.resync();
  }
}

function line(news: SeenNews): string {
  return `data: ${JSON.stringify(news)}\n\n`;
}
