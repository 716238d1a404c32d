import { openDatabase } from '../../../src/db/database.ts';
import { silentLogger } from '../../../src/lib/log.ts';
import { Duties } from '../../../src/plugin/duty/duties.ts';

/**
 * A process that takes part in a duty, for tests that stop or kill one.
 *
 *     duty-server.ts CONNECTION NAME BEAT-MS LAPSE-MS    prints the host's monotonic time in ms whenever it does a step
 */
const [connection = '', host = '', beatMs, lapseMs] = process.argv.slice(2);
const database = await openDatabase({ connection });
const times = { beatMs: Number(beatMs), lapseMs: Number(lapseMs) };
const duties = new Duties({ database, logger: silentLogger, host, times });
duties.add({
  name: 'test',
  everyMs: 1,
  async work(stillOurs) {
    while (stillOurs()) {
      process.stdout.write(`${process.hrtime.bigint() / 1_000_000n}\n`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  },
});
duties.start();
// Its timers hold nothing; the process ends when it is killed.
setInterval(() => {}, 60_000);
