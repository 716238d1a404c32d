import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { Child } from './child.ts';

let child: Child;
afterEach(() => child.kill());

const sh = (script: string) => ['sh', '-c', script];
const ignoredSignals = (pid: number) =>
  BigInt(`0x${/^SigIgn:\t(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]}`);
type End = { how: string; lastWords: string; pauseMs: number };

test('starts a program again that ended, with growing pauses, and tells its last words', async () => {
  const ends: End[] = [];
  child = new Child({ name: 'p', argv: sh('echo first >&2; echo why >&2; exit 3'), onEnd: (end) => ends.push(end) });
  child.start();
  expect(await child.firstEnd).toBe('why');
  await eventually(() => expect(ends.length).toBeGreaterThanOrEqual(3));
  expect(ends.slice(0, 3).map(({ pauseMs }) => pauseMs)).toEqual([100, 200, 400]);
  expect(ends[0]).toMatchObject({ how: 'ended with exit code 3', lastWords: 'why' });
  expect(child.refusals.slice(0, 3)).toEqual(['why', 'why', 'why']);
});

test('a program that was killed has not given up, even if a daemon of it holds its stderr', async () => {
  const ends: End[] = [];
  child = new Child({ name: 'p', argv: sh('sleep 5 & wait'), onEnd: (end) => ends.push(end) });
  child.start();
  const first = child.pid!;
  process.kill(first, 'SIGKILL');
  await eventually(() => expect(ends).toHaveLength(1));
  expect(ends[0]!.how).toBe('was ended by SIGKILL');
  await eventually(() => expect(child.pid).not.toBeNull());
  expect(child.pid).not.toBe(first);
  expect(await Promise.race([child.firstEnd, Promise.resolve('still going')])).toBe('still going');
  expect(child.refusals).toEqual([]);
});

test('stop waits for its end, and it is not started again', async () => {
  const starts: number[] = [];
  child = new Child({
    name: 'p',
    argv: sh('trap "exit 0" TERM; while :; do sleep 0.02; done'),
    onStart: (pid) => starts.push(pid),
  });
  child.start();
  await child.stop();
  expect(child.pid).toBeNull();
  expect(starts).toHaveLength(1);
});

test('what does not listen is killed after the limit', async () => {
  child = new Child({ name: 'p', argv: sh('trap "" TERM; echo ready >&2; while :; do sleep 0.02; done') });
  child.start();
  // Bit 14 of the ignored signals: the shell has read its first words.
  await eventually(() => expect(ignoredSignals(child.pid!) & (1n << 14n)).not.toBe(0n));
  const from = performance.now();
  await child.stop(50);
  expect(performance.now() - from).toBeGreaterThanOrEqual(49);
  expect(child.pid).toBeNull();
});

test('what is not there is told like any other end', async () => {
  const ends: End[] = [];
  child = new Child({ name: 'p', argv: ['/nowhere/program'], onEnd: (end) => ends.push(end) });
  child.start();
  expect(await child.firstEnd).toContain('ENOENT');
  expect(ends[0]!.how).toBe('could not be started');
});

test('it ends when we do: its stdin is a connection to us', async () => {
  child = new Child({ name: 'p', argv: sh('[ "$NEUTRINO_END_WITH_STDIN" = 1 ] && [ -S /dev/stdin ] && echo yes >&2') });
  child.start();
  expect(await child.firstEnd).toBe('yes');
});
