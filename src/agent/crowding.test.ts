import { expect, it } from 'vitest';
import { crowding } from './crowding.ts';

it.each([
  [0, 2, 1],
  [2, 2, 1],
  [5, 2, 2.5],
  [40, 2, 4],
])('load %d on %d cores: %d times rarer', (load, cores, times) => {
  expect(crowding(4, load, cores)).toBe(times);
});

it('is looked up where nothing is given', () => {
  expect(crowding(4)).toBeGreaterThanOrEqual(1);
});
