import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Exec } from './contract.ts';
import {
  type DaemonSpec,
  DaemonWatch,
  findDaemon,
  sameArguments,
  signalDaemon,
  startDaemon,
  stopDaemon,
} from './daemon.ts';

/** A shell as the daemon: it writes its pid file, counts HUPs in another, and can be told not to end on TERM. */
const body = `
trap 'echo hup >> "$2"' HUP
[ "$3" = stubborn ] && trap '' TERM || trap 'exit 0' TERM
echo $$ > "$1"
while :; do sleep 0.02; done
`;

let folder: string;
let pids: number[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daemon-test-'));
  pids = [];
});

afterEach(async () => {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {}
  }
  await rm(folder, { recursive: true });
});

function specOf(kind = 'plain', script = body): DaemonSpec {
  const pidFile = join(folder, 'pid');
  const mark = join(folder, 'hups');
  return { argv: ['sh', '-c', script, 'daemon', pidFile, mark, kind], pidFile, mark, logFile: join(folder, 'log') };
}

/** Launches as the helper does: in a session of its own, output to the log. */
const exec: Exec = {
  async run() {
    throw new Error('nothing is run here');
  },
  async daemon(argv, { logFile } = {}) {
    const child = spawn('sh', ['-c', `exec "$@" > '${logFile}' 2>&1`, 'sh', ...argv], {
      detached: true,
      stdio: 'ignore',
    });
    if (child.pid) pids.push(child.pid);
    child.unref();
  },
  async close() {},
};

describe('startDaemon', () => {
  test('waits until the daemon runs, and finds it again', async () => {
    const spec = specOf();
    const started = await startDaemon(exec, spec);
    expect(started.pid).toBe(pids[0]);
    expect(await findDaemon(spec)).toEqual(started);
    expect(sameArguments(started, spec)).toBe(true);
    expect(sameArguments(started, { argv: [...spec.argv, '--more'] })).toBe(false);
    expect(sameArguments({ ...started, argv: ['/bin/sh', ...spec.argv.slice(1)] }, spec)).toBe(true);
  });

  test('says what a daemon printed that did not start', async () => {
    const spec = specOf('plain', 'echo "bad option at line 3" >&2; exit 2');
    await expect(startDaemon(exec, spec)).rejects.toThrow(/did not start: bad option at line 3/);
  });

  test('does not wait for one that ended without a word', async () => {
    await expect(startDaemon(exec, specOf('plain', 'exit 3'))).rejects.toThrow(/did not start: it ended/);
  });

  test('waits for one that lives, whatever it prints meanwhile', async () => {
    const slow = `echo "a warning" >&2; sleep 2; ${body}`;
    expect((await startDaemon(exec, specOf('plain', slow))).pid).toBe(pids[0]);
  });

  test('waits for one that goes on in another process and writes its file late', async () => {
    const spec = specOf('plain', `(sleep 0.5; exec sh -c '${body.replaceAll("'", `'\\''`)}' daemon "$@") & exit 0`);
    const { pid } = await startDaemon(exec, spec);
    pids.push(pid);
    expect(pid).not.toBe(pids[0]);
  });

  test('does not take one that ran before for the one it starts', async () => {
    const before = await startDaemon(exec, specOf());
    // The kernel tells starts apart by hundredths of a second.
    const uptime = async () => Number.parseFloat(await readFile('/proc/uptime', 'utf8'));
    const then = await uptime();
    await expect.poll(uptime).toBeGreaterThan(then);
    await expect(startDaemon(exec, specOf('plain', 'sleep 0.2; exit 3'))).rejects.toThrow(/did not start: it ended/);
    expect(await findDaemon(specOf())).toEqual({ ...before, byFile: false });
  });
});

describe('findDaemon', () => {
  test('is not fooled by a pid file that names another process', async () => {
    const spec = specOf();
    await writeFile(spec.pidFile, `${process.pid}\n`);
    expect(await findDaemon(spec)).toBeNull();
    expect(await new DaemonWatch().isAlive(spec)).toBe(false);
  });

  test('finds a daemon whose pid file was deleted', async () => {
    const spec = specOf();
    const started = await startDaemon(exec, spec);
    await rm(spec.pidFile);
    expect(await new DaemonWatch().isAlive(spec)).toBe(false);
    expect(await findDaemon(spec)).toEqual({ ...started, byFile: false });
  });

  test.each(['', 'abc', '0', '1', '-5', '99999999', '7 8'])('takes pid file %j for none', async (text) => {
    const spec = specOf();
    await writeFile(spec.pidFile, text);
    expect(await findDaemon(spec)).toBeNull();
  });

  test('counts a zombie as dead', async () => {
    const spec = specOf();
    // Its parent never waits for it, so it stays a zombie; its command line is empty then, its state Z.
    const parent = spawn('sh', ['-c', `sh -c 'sleep 0.2' & echo $! > '${spec.pidFile}'; exec sleep 5`], {
      stdio: 'ignore',
    });
    pids.push(parent.pid!);
    await expect.poll(() => readFile(spec.pidFile, 'utf8').catch(() => '')).not.toBe('');
    const pid = Number(await readFile(spec.pidFile, 'utf8'));
    await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) Z /);
    expect(await new DaemonWatch().isAlive({ ...spec, argv: ['sh'], mark: '' })).toBe(false);
  });
});

describe('stopDaemon', () => {
  test('ends it and removes the pid file', async () => {
    const spec = specOf();
    await startDaemon(exec, spec);
    expect(await stopDaemon(spec)).toBe(true);
    await ended(spec);
    await expect(readFile(spec.pidFile)).rejects.toThrow(/ENOENT/);
    expect(await stopDaemon(spec)).toBe(false);
  });

  test('kills what does not listen', async () => {
    const spec = specOf('stubborn');
    await startDaemon(exec, spec);
    expect(await stopDaemon(spec, 100)).toBe(true);
    await ended(spec);
  });

  /** A child of the shell has its command line, too, until it is `sleep`: it may be left for a moment. */
  async function ended(spec: DaemonSpec): Promise<void> {
    await expect.poll(() => findDaemon(spec)).toBeNull();
  }
});

test('signalDaemon reaches the daemon, and says when there is none', async () => {
  const spec = specOf();
  expect(await signalDaemon(spec, 'SIGHUP')).toBe(false);
  await startDaemon(exec, spec);
  expect(await signalDaemon(spec, 'SIGHUP')).toBe(true);
  await expect.poll(() => readFile(spec.mark, 'utf8').catch(() => '')).toBe('hup\n');
});

describe('DaemonWatch', () => {
  test.each([true, false])('takes one that became a zombie for dead (closely: %s)', async (closely) => {
    const spec = { ...specOf(), argv: ['sh'], mark: 'kill -STOP $$' };
    // Its parent never waits for it.
    const script = `sh -c '${spec.mark}' & echo $! > '${spec.pidFile}'; exec sleep 60`;
    const parent = spawn('sh', ['-c', script], { stdio: 'ignore' });
    pids.push(parent.pid!);
    await expect.poll(() => readFile(spec.pidFile, 'utf8').catch(() => '')).not.toBe('');
    const pid = Number(await readFile(spec.pidFile, 'utf8'));
    const watch = new DaemonWatch();
    await expect.poll(() => watch.isAlive(spec, closely)).toBe(true);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) Z /);
    expect(await watch.isAlive(spec, closely)).toBe(false);
  });

  test('knows a daemon again without its pid file, and notices its end and its successor', async () => {
    const spec = specOf();
    const watch = new DaemonWatch();
    expect(await watch.isAlive(spec)).toBe(false);
    const { pid } = await startDaemon(exec, spec);
    expect(await watch.isAlive(spec)).toBe(true);
    await rm(spec.pidFile);
    expect(await watch.isAlive(spec)).toBe(true);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => watch.isAlive(spec)).toBe(false);
    await startDaemon(exec, spec);
    expect(await watch.isAlive(spec)).toBe(true);
    watch.keepOnly([]);
    await rm(spec.pidFile);
    expect(await watch.isAlive(spec)).toBe(false);
  });
});
