import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Resync } from './resync.ts';
import { Turns } from './turns.ts';

describe('resync', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  function make(intervalMs = 5_000, throttleMs = 1_000) {
    const runs: { what: readonly string[] | 'all'; reasons: readonly string[] }[] = [];
    const resync = new Resync({
      intervalMs,
      throttleMs,
      run: (networks, reasons) => void runs.push({ what: networks === 'all' ? 'all' : [...networks.keys()], reasons }),
    });
    return { resync, runs };
  }

  test('gathers networks and tries them together', () => {
    const { resync, runs } = make();
    resync.need('first', 'a');
    vi.advanceTimersByTime(3_000);
    resync.need('second', 'b');
    resync.need('third', 'a');
    vi.advanceTimersByTime(1_999);
    expect(runs).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(runs).toEqual([{ what: ['a', 'b'], reasons: ['first', 'third', 'second'] }]);
  });

  test('a reason for everything includes the networks', () => {
    const { resync, runs } = make();
    resync.need('one', 'a');
    resync.need('all', null);
    vi.advanceTimersByTime(5_000);
    expect(runs).toEqual([{ what: 'all', reasons: ['all', 'one'] }]);
  });

  test('what failed again and again waits longer, and holds up no other', () => {
    const { resync, runs } = make();
    resync.need('again', 'a', 20_000);
    resync.need('first', 'b');
    vi.advanceTimersByTime(5_000);
    expect(runs).toEqual([{ what: ['b'], reasons: ['first'] }]);
    vi.advanceTimersByTime(10_000);
    resync.need('first', 'c');
    vi.advanceTimersByTime(5_000);
    expect(runs.slice(1)).toEqual([{ what: ['a', 'c'], reasons: ['again', 'first'] }]);
    vi.advanceTimersByTime(60_000);
    expect(runs).toHaveLength(2);
  });

  test('not more often than the throttle allows, not at all when closed', () => {
    const { resync, runs } = make(100, 1_000);
    resync.need('one', 'a');
    vi.advanceTimersByTime(100);
    resync.need('two', 'a');
    vi.advanceTimersByTime(999);
    expect(runs).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(runs).toHaveLength(2);
    resync.need('three', 'a');
    resync.close();
    vi.advanceTimersByTime(10_000);
    expect(runs).toHaveLength(2);
  });
});

describe('turns', () => {
  test('at most so many at once, in order, also after failures', async () => {
    const turns = new Turns(2);
    const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
    const started: number[] = [];
    const work = gates.map((gate, i) =>
      turns.take(async () => {
        started.push(i);
        await gate.promise;
        if (i === 0) throw new Error('failed');
      }),
    );
    const failed = expect(work[0]).rejects.toThrow('failed');
    expect(started).toEqual([0, 1]);
    gates[0]!.resolve();
    await failed;
    await expect.poll(() => started).toEqual([0, 1, 2]);
    for (const gate of gates) gate.resolve();
    await Promise.all(work.slice(1));
    expect(started).toEqual([0, 1, 2, 3]);
  });
});
