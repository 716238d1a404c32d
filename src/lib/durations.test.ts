import { expect, it } from 'vitest';
import { classOf, type Durations, shareOf, sumOf } from './durations.ts';

const counted = (all: readonly number[]): Durations =>
  all.map((ms) => ({ [classOf(ms)]: 1 })).reduce<Durations>(sumOf, {});

it('tells a share of many durations within a tenth', () => {
  const all = Array.from({ length: 1_000 }, (_, i) => 1.007 ** i);
  for (const share of [0.01, 0.5, 0.95, 1]) {
    const exact = all[Math.ceil(share * all.length) - 1]!;
    expect(Math.abs(shareOf(counted(all), share)! / exact - 1)).toBeLessThan(0.1);
  }
});

it.each([
  [[], null],
  [[0, -1, Number.NaN, 0.1], 0.229],
  [[1e9], 1.92e6],
])('of %j the middle is %s', (all, expected) => {
  expect(shareOf(counted(all), 0.5)).toBe(expected);
});

it('adds up', () => {
  expect(sumOf({ 1: 2, 3: 1 }, { 3: 4, 7: 1 })).toEqual({ 1: 2, 3: 5, 7: 1 });
});
