import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { upgrade } from '../../src/db/migrate.ts';
import { DUTY_TIMES } from '../../src/plugin/duty/duties.ts';
import { eventually } from '../support/eventually.ts';
import { sharedDatabase } from '../support/shared-database.ts';
import { Starvation } from '../support/starvation.ts';
import { isLong } from '../support/turns.ts';

const PROGRAM = fileURLToPath(new URL('./programs/duty-server.ts', import.meta.url));
/** As long as it takes in a cloud, when there is time. */
const times = isLong ? DUTY_TIMES : { beatMs: 100, lapseMs: 1_000 };
/** Servers with nothing else to do are late by this at most, on a busy machine. */
const LATE_MS = 2_000;

interface Server {
  readonly process: ChildProcess;
  /** Milliseconds of the machine's monotonic clock when it did a step. */
  readonly steps: number[];
}

let folder: string;
let connection: string;
let servers: Server[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-duties-'));
  connection = await sharedDatabase(folder);
  const database = await openDatabase({ connection });
  await upgrade(database);
  await database.close();
  servers = ['one', 'two', 'three'].map(start);
});
afterEach(async () => {
  for (const { process } of servers) process.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function start(name: string): Server {
  const args = [PROGRAM, connection, name, String(times.beatMs), String(times.lapseMs)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const steps: number[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => steps.push(Number(line)));
  return { process: child, steps };
}

/** Who begins to work among these. */
async function worker(among: readonly Server[]): Promise<Server> {
  const before = among.map(({ steps }) => steps.length);
  let found: Server | undefined;
  await eventually(
    () => {
      found = among.find(({ steps }, i) => steps.length > before[i]! + 3);
      expect(found).toBeDefined();
    },
    { interval: 10 },
  );
  return found!;
}

test('a duty of a server that is killed, or hangs, is taken over by one other in time', {
  timeout: 180_000,
}, async () => {
  const first = await worker(servers);
  using starvation = await Starvation.watch();
  first.process.kill('SIGKILL');
  const left = servers.filter((server) => server !== first);
  const second = await worker(left);
  expect(second.steps[0]! - first.steps.at(-1)!).toBeLessThan(
    times.lapseMs + 2 * times.beatMs + LATE_MS + starvation.allowanceMs,
  );

  second.process.kill('SIGSTOP');
  const third = await worker(left.filter((server) => server !== second));
  const began = third.steps[0]!;
  expect(began - second.steps.at(-1)!).toBeLessThan(
    times.lapseMs + 2 * times.beatMs + LATE_MS + starvation.allowanceMs,
  );
  // When it goes on it finds that its time is over, without having asked anybody.
  second.process.kill('SIGCONT');
  await worker([third]);
  const count = third.steps.length;
  await eventually(() => expect(third.steps.length).toBeGreaterThan(count + 50));

  expect(first.steps.every((step) => step < second.steps[0]!)).toBe(true);
  expect(second.steps.every((step) => step < began)).toBe(true);
});
