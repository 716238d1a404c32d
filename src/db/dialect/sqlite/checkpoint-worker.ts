import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/** From this many pages on (64 MB) the log is begun anew, for which writers have to wait a moment. */
const PAGES_TO_RESTART = 16_000;

const { path } = workerData as { path: string };
const database = new DatabaseSync(path);
database.exec('pragma busy_timeout = 1000; pragma wal_autocheckpoint = 0');
const copy = database.prepare('pragma wal_checkpoint(passive)');
const restart = database.prepare('pragma wal_checkpoint(restart)');

parentPort!.on('message', () => {
  try {
    // Copies without stopping anyone. Under steady writing it never quite catches up, so the log is never begun anew.
    const { log } = copy.get() as { log: number };
    if (log > PAGES_TO_RESTART) restart.get();
  } finally {
    parentPort!.postMessage('done');
  }
});
