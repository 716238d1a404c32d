import { execFile, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bareName, type Event, type Result, resultsOf } from './results.ts';

const run = promisify(execFile);
const decoder = fileURLToPath(new URL('results.py', import.meta.url));

/** How many of tempest's processes run beside each other. */
const CONCURRENCY = 2;
const PROGRESS_MS = 15_000;

/**
 * Runs `tempest.api.network` as `configureTempest` set it up in a folder; shows how far it is. `only` chooses tests by name.
 *
 * @returns the end of each test by its name
 */
export async function runTempest(folder: string, only: RegExp | null): Promise<Record<string, Result>> {
  const env = {
    ...process.env,
    TEMPEST_CONFIG_DIR: folder,
    TEMPEST_CONFIG: 'tempest.conf',
    OS_TEST_TIMEOUT: '600',
    PYTHON: '/usr/bin/python3',
    PYTHONWARNINGS: 'ignore',
    PYTHONPATH: join(folder, 'site'),
  };
  const options = { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 };
  await run('/usr/bin/python3', ['/usr/bin/stestr', 'init'], options);
  const { stdout } = await run('/usr/bin/python3', ['/usr/bin/stestr', 'list', 'tempest\\.api\\.network\\.'], options);
  const ids = stdout.split('\n').filter((id) => id.startsWith('tempest.api.network.') && (only?.test(id) ?? true));
  if (ids.length === 0) throw new Error('tempest has no such test');
  await writeFile(join(folder, 'ids.txt'), `${ids.join('\n')}\n`);

  const names = ids.map(bareName);
  const events: Event[] = [];
  const started = performance.now();
  const progress = setInterval(() => {
    const failed = events.filter(({ status }) => status === 'fail').length;
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    process.stdout.write(`tempest: ${events.length} of ${ids.length} tests, ${failed} failed, ${seconds} s\n`);
  }, PROGRESS_MS);
  try {
    const argv = ['run', '--subunit', '--load-list', 'ids.txt', '--concurrency', String(CONCURRENCY)];
    const stestr = spawn('/usr/bin/stestr', argv, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const decoding = spawn('/usr/bin/python3', [decoder], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    stestr.stdout.pipe(decoding.stdin);
    for await (const line of createInterface({ input: decoding.stdout })) events.push(JSON.parse(line));
  } finally {
    clearInterval(progress);
  }
  return resultsOf(names, events);
}
