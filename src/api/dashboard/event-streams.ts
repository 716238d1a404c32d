import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../lib/context.ts';
import { defineErrors } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { gather, type News, type NewsItem } from '../../plugin/news/news.ts';
import { credentialsOf } from '../../policy/credentials.ts';
import type { Authenticate } from '../identity.ts';
import type { Service } from '../pipeline.ts';
import { commonHeaders } from './headers.ts';
import { EventStream } from './stream.ts';
import { visibleNews } from './visible-news.ts';

/** Pages fetch anew what they show: faster than this they would do nothing else. What comes after a silence waits for the rest of its request only. */
const GATHER_MS = 250;
const FIRST_MS = 20;
const BEAT_MS = 15_000;
/** Every minute it is asked again who is there: a token that was revoked, or is over, ends its stream. */
const BEATS_OF_A_TOKEN = 4;
const MOST_STREAMS = 1_000;
/** Of one caller: a page has one. */
const MOST_OF_A_CALLER = 250;
/** More at a time are told of as "look anew". */
const MOST_GATHERED = 2_000;

const errors = defineErrors({
  TooManyStreams: ['unavailable', 'Too many event streams are open; close other pages of the dashboard.'],
});

export interface StreamParts {
  readonly news: News;
  readonly service: Service;
  readonly authenticate: Authenticate;
  readonly logger: Logger;
  /** Tests are short of time. */
  readonly beatMs?: number;
}

/**
 * The dashboard's event streams. Callers whom no rule tells apart share one look at what they see, however many pages they
 * have open. Looks are made one after another, so that many callers make news later and not requests slower.
 */
export class EventStreams {
  readonly #parts: StreamParts;
  readonly #streams = new Set<EventStream>();
  #gathered = new Map<string, NewsItem>();
  #lost = false;
  #telling = false;
  #toldMs = -GATHER_MS;
  #timer: NodeJS.Timeout | null = null;
  #beating: NodeJS.Timeout | null = null;
  #stop: (() => void) | null = null;

  constructor(parts: StreamParts) {
    this.#parts = parts;
  }

  /** Opens the stream of a caller who is known. @throws NeutronError when there are too many */
  open(request: FastifyRequest, reply: FastifyReply, context: Context): void {
    const { key } = credentialsOf(context);
    const theirs = [...this.#streams].filter((stream) => credentialsOf(stream.context).key === key).length;
    if (this.#streams.size >= MOST_STREAMS || theirs >= MOST_OF_A_CALLER) throw errors.TooManyStreams();
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      ...commonHeaders,
      'X-Openstack-Request-Id': request.id,
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      // Nothing comes after it, so that the end of the server need not wait for the connection.
      Connection: 'close',
      // nginx would gather it.
      'X-Accel-Buffering': 'no',
    });
    request.server.tellAnswered(request, 200, 0);
    const stream = new EventStream(raw, { headers: request.headers, context });
    raw.on('error', () => {});
    raw.once('close', () => this.#left(stream));
    this.#streams.add(stream);
    this.#stop ??= this.#parts.news.listen((items) => this.#gather(items));
    this.#beating ??= setInterval(() => this.#beat(), this.#parts.beatMs ?? BEAT_MS).unref();
  }

  /** Ends them all, before the server does. */
  close(): void {
    for (const stream of [...this.#streams]) stream.end('closing');
    this.#streams.clear();
    this.#rest();
  }

  #left(stream: EventStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size === 0) this.#rest();
  }

  #rest(): void {
    this.#stop?.();
    this.#stop = null;
    if (this.#beating !== null) clearInterval(this.#beating);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#beating = null;
    this.#timer = null;
    this.#gathered = new Map();
  }

  #gather(items: readonly NewsItem[] | null): void {
    if (items === null) this.#lost = true;
    for (const item of items ?? []) gather(this.#gathered, item);
    if (this.#gathered.size > MOST_GATHERED) {
      this.#gathered.clear();
      this.#lost = true;
    }
    this.#tellSoon();
  }

  #tellSoon(): void {
    if (this.#telling) return;
    const waitMs = Math.max(FIRST_MS, this.#toldMs + GATHER_MS - performance.now());
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#toldMs = performance.now();
      this.#telling = true;
      void this.#tell().finally(() => {
        this.#telling = false;
        if ((this.#gathered.size > 0 || this.#lost) && this.#streams.size > 0) this.#tellSoon();
      });
    }, waitMs).unref();
  }

  async #tell(): Promise<void> {
    const news = [...this.#gathered.values()];
    const lost = this.#lost;
    this.#gathered = new Map();
    this.#lost = false;
    const callers = Map.groupBy(this.#streams, ({ context }) => credentialsOf(context).key);
    for (const streams of callers.values()) {
      if (lost) {
        for (const stream of streams) stream.resync();
        continue;
      }
      const { service, logger } = this.#parts;
      const seen = await visibleNews(service, streams[0]!.context, news).catch((error) => {
        logger.debug({ error }, 'what a page may see of the news could not be read');
        return null;
      });
      for (const stream of streams) {
        if (seen === null) stream.resync();
        else stream.tell(seen);
      }
    }
  }

  #beat(): void {
    for (const stream of [...this.#streams]) {
      if (!stream.beat()) this.#left(stream);
      else if (stream.beats % BEATS_OF_A_TOKEN === 0) void this.#askAgain(stream);
    }
  }

  async #askAgain(stream: EventStream): Promise<void> {
    let known: Context | null;
    try {
      known = await this.#parts.authenticate(stream.headers, stream.context.requestId);
    } catch {
      // Keystone is away: whoever was known stays so until it is asked again.
      return;
    }
    if (known !== null) stream.context = known;
    else {
      stream.end('token');
      this.#left(stream);
    }
  }
}
