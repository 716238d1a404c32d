import { randomUUID } from 'node:crypto';
import type { Logger } from '../../lib/log.ts';
import { endpoint, NEWS_VERSION, NewsApi, type NewsItem, type NewsMethods, topics } from '../../rpc/contract.ts';
import type { Listener, Transport } from '../../rpc/transport.ts';

export type { NewsItem };

/** Told of what changed, here or at another process of the server; null: something may have been missed. */
export type NewsListener = (items: readonly NewsItem[] | null) => void;

/** What happens within this time goes out in one message; after a silence it goes out as soon as its request is done. */
const GATHER_MS = 100;
const FIRST_MS = 5;
/** More of one kind at a time than anybody follows one by one. */
const MOST_OF_A_KIND = 500;
/** Kept while there is no connection to the queue, and how often it is looked whether there is one. */
const MOST_WAITING = 2_000;
const AWAY_MS = 1_000;
/** How often a process says that somebody looks on there, and for how long it is believed. */
const SAY_EVERY_MS = 15_000;
const BELIEVED_MS = 50_000;

/**
 * What changes, for people who look on (the dashboard's event stream). It is no part of the work: it may be lost, and then
 * whoever looked on is told that. While nobody looks on at any process of any server, nothing is noted and nothing sent.
 *
 * What clients do is noted by the API, which knows every resource; what follows of it, and what agents report, by the
 * transactions of the plugin.
 */
export class News {
  readonly #transport: Transport;
  readonly #api: NewsApi;
  readonly #logger: Logger;
  readonly #elapsed: () => number;
  readonly #listeners = new Set<NewsListener>();
  /** Not yet told to the others: `<resource> <id>`. */
  #gathered = new Map<string, NewsItem>();
  #timer: NodeJS.Timeout | null = null;
  #sentMs = -GATHER_MS;
  #saying: NodeJS.Timeout | null = null;
  #joined: { readonly listening: Promise<Listener>; readonly unsubscribe: () => void } | null = null;
  /** Until when others are taken to look on. */
  #othersUntilMs = 0;
  /** Messages of our own come back. */
  readonly #self = randomUUID();

  constructor(parts: { transport: Transport; logger: Logger; elapsed: () => number }) {
    this.#transport = parts.transport;
    this.#api = new NewsApi(parts.transport, this.#self);
    this.#logger = parts.logger;
    this.#elapsed = parts.elapsed;
  }

  /** Whether anybody looks on, here or at another process. */
  get wanted(): boolean {
    return this.#listeners.size > 0 || this.#othersLookOn;
  }

  /**
   * Begins to tell the other processes of the server, and to hear of them. Who has just come does not know yet whether
   * somebody looks on anywhere, and takes it to be so.
   */
  join(server: string): void {
    if (this.#joined !== null) return;
    this.#othersUntilMs = this.#elapsed() + BELIEVED_MS;
    const handlers = endpoint<NewsMethods>(NEWS_VERSION, {
      news: async ({ from, items }) => {
        if (from !== this.#self) this.#tellListeners(items);
        return null;
      },
      looking_on: async ({ from }) => {
        if (from !== this.#self) this.#othersUntilMs = this.#elapsed() + BELIEVED_MS;
        return null;
      },
    });
    // A broker that is away is waited for in the background.
    const listening = this.#transport.listen(topics.news, server, [handlers]);
    const unsubscribe = this.#transport.onReconnect(() => {
      this.#othersUntilMs = this.#elapsed() + BELIEVED_MS;
      this.#tellListeners(null);
      this.#sayLookingOn();
    });
    this.#joined = { listening, unsubscribe };
  }

  /** Looks on from now on. @returns how to stop */
  listen(listener: NewsListener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) {
      this.#sayLookingOn();
      this.#saying = setInterval(() => this.#sayLookingOn(), SAY_EVERY_MS);
      this.#saying.unref();
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0 || this.#saying === null) return;
      clearInterval(this.#saying);
      this.#saying = null;
    };
  }

  /** Notes what has been committed. */
  note(items: readonly NewsItem[]): void {
    if (items.length === 0 || !this.wanted) return;
    this.#tellListeners(items);
    if (!this.#othersLookOn) return;
    for (const item of items) gather(this.#gathered, item);
    const waitMs = Math.max(FIRST_MS, this.#sentMs + GATHER_MS - this.#elapsed());
    this.#timer ??= setTimeout(() => this.#send(), waitMs).unref();
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    if (this.#saying !== null) clearInterval(this.#saying);
    if (this.#timer !== null) clearTimeout(this.#timer);
    const joined = this.#joined;
    this.#joined = null;
    if (joined === null) return;
    joined.unsubscribe();
    // Where the broker never came there is nothing to end, and nobody waits for it.
    void joined.listening.then((listener) => listener.close()).catch(() => {});
  }

  get #othersLookOn(): boolean {
    return this.#joined !== null && this.#elapsed() < this.#othersUntilMs;
  }

  #tellListeners(items: readonly NewsItem[] | null): void {
    for (const listener of this.#listeners) listener(items);
  }

  #send(): void {
    this.#timer = null;
    if (this.#transport.awayMs > 0) {
      // Each message would wait for the connection by itself: what there is waits here, and in short where it is much.
      if (this.#gathered.size > MOST_WAITING) this.#gathered = inShortAll(this.#gathered);
      this.#timer = setTimeout(() => this.#send(), AWAY_MS).unref();
      return;
    }
    this.#sentMs = this.#elapsed();
    const kinds = Map.groupBy(this.#gathered.values(), ({ resource }) => resource);
    this.#gathered = new Map();
    const items = [...kinds].flatMap(([resource, of]) => (of.length > MOST_OF_A_KIND ? [inShort(resource)] : of));
    this.#try(this.#api.tell(items));
  }

  #sayLookingOn(): void {
    if (this.#joined !== null && this.#listeners.size > 0) this.#try(this.#api.lookingOn());
  }

  /** What cannot be said now is made up for when the connection is back: everybody is told to look anew. */
  #try(sending: Promise<void>): void {
    sending.catch((error) => this.#logger.debug({ error }, 'news could not be sent'));
  }
}

function inShortAll(items: ReadonlyMap<string, NewsItem>): Map<string, NewsItem> {
  const resources = new Set([...items.values()].map(({ resource }) => resource));
  return new Map([...resources].map((resource) => [`${resource} null`, inShort(resource)]));
}

/** Of so many that nobody can follow: that they changed. */
function inShort(resource: string): NewsItem {
  return { resource, id: null, action: 'updated', project_id: null };
}

/**
 * Puts news together: of each resource the last word. What is gone stays gone, though an older word of another process
 * comes late; of something new that changed at once, nobody knows yet.
 */
export function gather(into: Map<string, NewsItem>, item: NewsItem): void {
  const key = `${item.resource} ${item.id}`;
  const before = into.get(key);
  const project_id = item.project_id ?? before?.project_id ?? null;
  const goes = before?.action === 'deleted' || item.action === 'deleted';
  const action = goes ? 'deleted' : before?.action === 'created' ? 'created' : item.action;
  into.set(key, { ...item, project_id, action });
}
