import { Worker } from 'node:worker_threads';
import type { ListQuery, Page } from '../../../lib/query.ts';
import type { Database } from '../../database.ts';
import { UnknownMarkerError, type View } from '../view.ts';
import type { ListAnswer, ListRequest, ListSource, ThreadData } from './messages.ts';

/** A thread that nobody needed for this long is ended: it holds 15 MB and more. The next long list starts one in 50 ms. */
const IDLE_MS = 60_000;

/** The reader thread of each database, once it has been needed. */
const threads = new WeakMap<Database, ReaderThread>();

/**
 * Reads a list in the reader thread. SQLite is synchronous: what may take longer than a few milliseconds must not happen
 * on the API's loop.
 */
export async function listInThread<R>(
  database: Database,
  source: ListSource,
  query: ListQuery,
  view: View,
): Promise<Page<R>> {
  return threadOf(database).list(source, query, view);
}

function threadOf(database: Database): ReaderThread {
  let thread = threads.get(database);
  if (thread === undefined) {
    thread = new ReaderThread(database);
    threads.set(database, thread);
    database.beforeClose(() => thread!.close());
  }
  return thread;
}

type ThreadPage = Extract<Page<never>, { json: Uint8Array }>;

class ReaderThread {
  readonly #data: ThreadData;
  readonly #waiting = new Map<number, { resolve: (page: ThreadPage) => void; reject: (error: Error) => void }>();
  #worker: Worker | null = null;
  #lastId = 0;
  #idle: NodeJS.Timeout | null = null;

  constructor(database: Database) {
    const { logger: _, ...options } = database.options;
    this.#data = options;
    this.#worker = this.#start();
  }

  list(source: ListSource, query: ListQuery, view: View): Promise<ThreadPage> {
    this.#worker ??= this.#start();
    if (this.#idle) clearTimeout(this.#idle);
    const request: ListRequest = { id: ++this.#lastId, source, query, view };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject });
      this.#worker!.postMessage(request);
    });
  }

  async close(): Promise<void> {
    if (this.#idle) clearTimeout(this.#idle);
    await this.#worker?.terminate();
  }

  /** A thread that dies fails what it was asked, and is started again by the next list. */
  #start(): Worker {
    const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
    const worker = new Worker(new URL(file, import.meta.url), { workerData: this.#data });
    worker.unref();
    worker.on('message', (answer: ListAnswer) => this.#settle(answer));
    worker.on('error', (error) => this.#fail(worker, error));
    worker.on('exit', () => this.#fail(worker, new Error('the reader thread ended')));
    return worker;
  }

  #settle(answer: ListAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.ok) {
      const { json, count, firstId, lastId } = answer;
      waiting?.resolve({ json, count, firstId, lastId });
    } else if (answer.unknownMarker !== null) {
      waiting?.reject(new UnknownMarkerError(answer.unknownMarker));
    } else {
      waiting?.reject(new Error(`reader thread: ${answer.message}`));
    }
    if (this.#waiting.size === 0) this.#endWhenIdle();
  }

  #endWhenIdle(): void {
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      const worker = this.#worker;
      this.#worker = null;
      void worker?.terminate();
    }, IDLE_MS).unref();
  }

  #fail(worker: Worker, cause: Error): void {
    // One that was ended on purpose, or has failed already: what waits now waits for another.
    if (this.#worker !== worker) return;
    this.#worker = null;
    for (const { reject } of this.#waiting.values()) reject(new Error('reader thread failed', { cause }));
    this.#waiting.clear();
  }
}
