import { expect, it } from 'vitest';
import { paced, type Timers } from './paced.ts';

/** Timers that end when the test says so. */
function byHand(): Timers & { end(): void } {
  let waiting: (() => void) | null = null;
  return {
    set: (run) => {
      waiting = run;
      return run;
    },
    clear: () => {
      waiting = null;
    },
    end: () => {
      const run = waiting;
      waiting = null;
      run?.();
    },
  };
}

it('runs at once, then once for all that was asked in the pause, then at once again', () => {
  let runs = 0;
  const timers = byHand();
  const { ask } = paced(() => runs++, 300, timers);
  ask();
  expect(runs).toBe(1);
  ask();
  ask();
  expect(runs).toBe(1);
  timers.end();
  expect(runs).toBe(2);
  timers.end();
  expect(runs).toBe(2);
  ask();
  expect(runs).toBe(3);
});

it('does nothing more once it is stopped', () => {
  let runs = 0;
  const timers = byHand();
  const { ask, stop } = paced(() => runs++, 300, timers);
  ask();
  ask();
  stop();
  timers.end();
  expect(runs).toBe(1);
});
