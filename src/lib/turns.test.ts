import { expect, it } from 'vitest';
import { inTurns } from './turns.ts';

it('does everything in order', async () => {
  const seen: number[] = [];
  const results = await inTurns([1, 2, 3], async (n) => {
    seen.push(n);
    return n * 2;
  });
  expect([seen, results]).toEqual([
    [1, 2, 3],
    [2, 4, 6],
  ]);
});

it('lets others run in between when it takes long', async () => {
  let others = 0;
  const timer = setInterval(() => others++, 1);
  const busy = () => {
    const until = performance.now() + 9;
    while (performance.now() < until);
  };
  await inTurns([1, 2, 3, 4], busy);
  clearInterval(timer);
  expect(others).toBeGreaterThanOrEqual(2);
});

it('stops at the first failure', async () => {
  const seen: number[] = [];
  const work = inTurns([1, 2, 3], (n) => {
    seen.push(n);
    if (n === 2) throw new Error('two');
  });
  await expect(work).rejects.toThrow('two');
  expect(seen).toEqual([1, 2]);
});
