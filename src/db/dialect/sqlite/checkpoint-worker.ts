import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/** From this many pages on (64 MB) the log is begun anew, for which writers have to wait until all of it is copied … */
const PAGES_TO_RESTART = 16_000;
/** … so that first no more than this may be left to copy … */
const PAGES_LEFT = 400;
/** … which is not tried for ever. */
const ROUNDS = 6;

const { path } = workerData as { path: string };
const database = new DatabaseSync(path);
database.exec('pragma busy_timeout = 1000; pragma wal_autocheckpoint = 0');

interface LogState {
  readonly log: number;
  readonly checkpointed: number;
}

const checkpoint = (mode: 'noop' | 'passive' | 'restart') => {
  const statement = database.prepare(`pragma wal_checkpoint(${mode})`);
  return () => statement.get() as unknown as LogState;
};
const look = checkpoint('noop');
const copy = checkpoint('passive');
const restart = checkpoint('restart');

parentPort!.on('message', () => {
  try {
    copy();
    // Under steady writing copying never quite catches up, and without that the log is never begun anew.
    for (let round = 1; look().log > PAGES_TO_RESTART; round++) {
      const { log, checkpointed } = look();
      if (log - checkpointed <= PAGES_LEFT || round === ROUNDS) {
        restart();
        break;
      }
      copy();
    }
  } finally {
    parentPort!.postMessage('done');
  }
});
