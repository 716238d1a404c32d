import { Worker } from 'node:worker_threads';
import type { Logger } from '../../../lib/log.ts';
import type { SqliteConnection } from './connection.ts';

/** Looked at this often: asking costs 2 µs. */
const COMMITS_BETWEEN_LOOKS = 4;
/** Pages in the log that are worth copying: 4 MB. */
const PAGES_TO_COPY = 1_000;

/**
 * Copies the write-ahead log back into the database file in a thread of its own. SQLite would do it inside a commit
 * whenever 1,000 pages have gathered: every 30th port creation would then hold the loop for 10 to 40 ms, and all of them
 * together take twice as long. The thread starts when there is something to copy for the first time.
 */
export class Checkpointer {
  readonly #path: string;
  readonly #logger: Logger;
  #worker: Worker | null = null;
  #commits = 0;
  #copying = false;

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /** To be called after each commit, with the connection that did it. */
  committed(connection: SqliteConnection): void {
    if (++this.#commits % COMMITS_BETWEEN_LOOKS !== 0 || this.#copying) return;
    const [, log = 0, copied = 0] = connection.querySync('pragma wal_checkpoint(noop)', []).rows[0] as number[];
    if (log - copied < PAGES_TO_COPY) return;
    this.#copying = true;
    this.#worker ??= this.#start();
    this.#worker.postMessage('checkpoint');
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const file = import.meta.url.endsWith('.ts') ? './checkpoint-worker.ts' : './checkpoint-worker.js';
    const worker = new Worker(new URL(file, import.meta.url), { workerData: { path: this.#path } });
    worker.unref();
    worker.on('message', () => {
      this.#copying = false;
    });
    worker.on('error', (error) =>
      this.#logger.warn({ error }, 'the SQLite checkpoint thread failed; it is started again'),
    );
    worker.on('exit', () => {
      this.#worker = null;
      this.#copying = false;
    });
    return worker;
  }
}
