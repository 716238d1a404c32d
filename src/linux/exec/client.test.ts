import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { silentLogger } from '../../lib/log.ts';
import { runBatch } from '../batch.ts';
import { CommandFailed } from '../contract.ts';
import { isNetnsGone } from '../netns.ts';
import { HelperExec } from './client.ts';

let exec: HelperExec;
beforeEach(() => {
  exec = new HelperExec({ logger: silentLogger, alsoAllow: ['cat', 'sleep', 'sh', 'env', 'nosuchprogram'] });
});
afterEach(() => exec.close());

/** What was killed may stay a zombie for a while, where process 1 is slow to collect it. */
const isAlive = (pid: number) => {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

describe('run', () => {
  it('gives back what the program printed, byte for byte', async () => {
    const text = `${'räksmörgås\n"$(id)"\n'.repeat(20_000)}end`;
    expect(await exec.run(['cat'], { stdin: text })).toEqual({ code: 0, stdout: text, stderr: '' });
  });

  it('hands over arguments as they are, whatever is in them', async () => {
    const argument = '; rm -rf / $(id) `id` "x" \n\t*';
    expect((await exec.run(['sh', '-c', 'printf %s "$1"', 'sh', argument])).stdout).toBe(argument);
  });

  it('gives programs a clean environment', async () => {
    const lines = (await exec.run(['env'])).stdout.trim().split('\n');
    expect(lines.map((line) => line.split('=')[0]).sort()).toEqual(['HOME', 'LC_ALL', 'PATH']);
    expect(lines).toContain('LC_ALL=C');
  });

  it('runs side by side', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'neutrino-exec-'));
    const sign = join(folder, 'sign');
    const waits = exec.run(['sh', '-c', `until [ -e ${sign} ]; do sleep 0.02; done`]);
    await exec.run(['sh', '-c', `touch ${sign}`]);
    expect((await waits).code).toBe(0);
    await rm(folder, { recursive: true });
  });

  it('fails with argv, exit code and stderr', async () => {
    const failure = await exec.run(['sh', '-c', 'echo broken >&2; exit 3']).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CommandFailed);
    expect(failure).toMatchObject({ code: 3, stderr: 'broken\n', argv: ['sh', '-c', 'echo broken >&2; exit 3'] });
    expect((failure as Error).message).toContain('exit code 3: broken');
  });

  it('takes other exit codes where they are allowed', async () => {
    expect((await exec.run(['sh', '-c', 'exit 3'], { okCodes: [0, 3] })).code).toBe(3);
  });

  it('kills what takes too long, with what it said', async () => {
    const failure = await exec
      .run(['sh', '-c', 'echo slow >&2; exec sleep 60'], { timeoutMs: 100 })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: null, stderr: 'slow\n' });
    expect((failure as Error).message).toContain('no end after 100 ms');
  });

  it('comes back at the time-out even when a grandchild holds the output open', async () => {
    await expect(exec.run(['sh', '-c', 'sleep 1000 & wait'], { timeoutMs: 100 })).rejects.toThrow(/no end after/);
  });

  it.each([
    [['rm', '-rf', '/nosuch'], /rm is not on the list/],
    [['/bin/sh', '-c', 'id'], /\/bin\/sh is not on the list/],
    [['nosuchprogram'], /nosuchprogram is not installed \(Debian package nosuchprogram\)/],
  ])('refuses %j', async (argv, message) => {
    await expect(exec.run(argv)).rejects.toThrow(message);
  });

  it.each(['../x', '-n', 'a b', 'a/b', ''])('refuses %j as a namespace', async (netns) => {
    await expect(exec.run(['cat'], { netns })).rejects.toThrow(/not a name of a network namespace/);
  });
});

describe('a namespace that is not there', () => {
  const netns = 'neutrino-test-nowhere';

  it.each([
    [['ip', 'link', 'show'], { netns }],
    [['ip', '-n', netns, 'link', 'show'], {}],
    [['tc', '-n', netns, 'qdisc', 'show'], {}],
  ])('is told as such by %j %j', async (argv, options) => {
    const failure = await exec.run(argv, options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CommandFailed);
    expect(isNetnsGone((failure as CommandFailed).stderr)).toBe(true);
  });

  it.each(['../x', '', '-j'])('is not %j, which is no name of one', async (name) => {
    await expect(exec.run(['ip', '-n', name, 'link'])).rejects.toThrow(/not a name of a network namespace/);
  });

  it('is no place where all lines of a batch were done', async () => {
    await expect(runBatch(exec, 'ip', ['link set dev lo up'], netns)).rejects.toThrow(CommandFailed);
  });
});

describe('the helper', () => {
  it('is started anew when it died, and what was under way has failed', async () => {
    const running = exec.run(['sleep', '60']);
    running.catch(() => {});
    await eventually(() => expect(exec.helperPid).not.toBeNull());
    const first = exec.helperPid as number;
    process.kill(first, 'SIGKILL');
    await expect(running).rejects.toThrow(/the helper process ended/);
    expect((await exec.run(['cat'], { stdin: 'again' })).stdout).toBe('again');
    expect(exec.helperPid).not.toBe(first);
  });

  it('is there again by itself, without a call', async () => {
    await exec.run(['cat'], { stdin: '' });
    const first = exec.helperPid as number;
    process.kill(first, 'SIGKILL');
    await eventually(() => expect([null, first]).not.toContain(exec.helperPid));
  });

  it('ends with its agent', async () => {
    await exec.run(['cat'], { stdin: '' });
    const pid = exec.helperPid as number;
    await exec.close();
    expect(isAlive(pid)).toBe(false);
    await expect(exec.run(['cat'])).rejects.toThrow(/this program is stopping/);
  });

  it('takes running commands with it', async () => {
    const { stdout } = await exec.run(['sh', '-c', 'echo $$']);
    expect(Number(stdout)).toBeGreaterThan(0);
    const pids: number[] = [];
    exec.open(['sh', '-c', 'echo $$; exec sleep 60'], {
      onOutput: (text) => pids.push(Number(text)),
      onExit: () => {},
    });
    await eventually(() => expect(pids).toHaveLength(1));
    await exec.close();
    await eventually(() => expect(isAlive(pids[0] as number)).toBe(false));
  });

  it('does not heed signals to the group: its agent ends it', async () => {
    await exec.run(['cat'], { stdin: '' });
    process.kill(exec.helperPid as number, 'SIGTERM');
    process.kill(exec.helperPid as number, 'SIGINT');
    expect((await exec.run(['cat'], { stdin: 'still here' })).stdout).toBe('still here');
  });
});

describe('open', () => {
  it('passes on output as it comes and tells the end once', async () => {
    const output: string[] = [];
    const ends: string[] = [];
    exec.open(['sh', '-c', 'echo one; echo why >&2; exit 1'], {
      onOutput: (text) => output.push(text),
      onExit: (stderr) => ends.push(stderr),
    });
    await eventually(() => expect(ends).toEqual(['why\n']));
    expect(output.join('')).toBe('one\n');
  });

  it('is ended by the kernel when the helper is killed', async () => {
    const pids: number[] = [];
    const ends: string[] = [];
    exec.open(['sh', '-c', 'echo $$; exec sleep 60'], {
      onOutput: (text) => pids.push(Number(text)),
      onExit: (why) => ends.push(why),
    });
    await eventually(() => expect(pids).toHaveLength(1));
    process.kill(exec.helperPid as number, 'SIGKILL');
    await eventually(() => expect(ends).toEqual(['the helper process ended']));
    await eventually(() => expect(isAlive(pids[0] as number)).toBe(false));
  });

  it('is silent after close', async () => {
    const ends: string[] = [];
    const command = exec.open(['sleep', '60'], { onOutput: () => {}, onExit: () => ends.push('end') });
    command.close();
    await exec.run(['cat'], { stdin: '' });
    expect(ends).toEqual([]);
  });
});

describe('daemon', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neutrino-exec-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('outlives helper and agent in a session of its own', async () => {
    const logFile = join(folder, 'log');
    await exec.daemon(['sh', '-c', 'echo $$; exec sleep 60'], { logFile });
    const pid = await eventually(async () => {
      const text = await readFile(logFile, 'utf8');
      expect(text).toMatch(/^\d+\n$/);
      return Number(text);
    });
    try {
      await exec.close();
      expect(isAlive(pid)).toBe(true);
      const stat = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') as string[];
      expect(stat[3]).toBe(String(pid));
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  });

  it('refuses what is not on the list or not installed', async () => {
    await expect(exec.daemon(['rm'])).rejects.toThrow(/not on the list/);
    await expect(exec.daemon(['nosuchprogram'])).rejects.toThrow(/not installed/);
  });
});
