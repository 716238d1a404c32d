import { describe, expect, it } from 'vitest';
import type { RecentUsage } from '../../../src/lib/recent-usage.ts';
import { counts, latencies, linePath, rates, rowsOf, statusesOf, told, topOf } from './series.ts';

const recent: RecentUsage = {
  ...{ step: 10, from: 95, until: 155 },
  load: [
    { at: 100, requests: 20, errors: 1, p50: 2, p95: 9 },
    { at: 120, requests: 5, errors: 0, p50: 1, p95: null },
  ],
  ports: [
    { at: 100, counts: { ACTIVE: 1 } },
    { at: 130, counts: { ACTIVE: 3, DOWN: 2 } },
  ],
};

describe('what is drawn of the last hour', () => {
  it('is a rate of each whole step, nothing where nobody asked', () => {
    expect(rates(recent, 'requests')).toEqual([
      { at: 100, value: 2 },
      { at: 110, value: 0 },
      { at: 120, value: 0.5 },
      { at: 130, value: 0 },
    ]);
  });

  it('is a duration where somebody asked', () => {
    expect(latencies(recent, 'p50').map(({ value }) => value)).toEqual([2, null, 1, null]);
    expect(latencies(recent, 'p95').map(({ value }) => value)).toEqual([9, null, null, null]);
  });

  it('is a count that holds until the next', () => {
    expect(statusesOf(recent)).toEqual(['ACTIVE', 'DOWN']);
    expect(counts(recent, 'DOWN').map(({ at, value }) => [at, value])).toEqual([
      [100, 0],
      [130, 0],
      [130, 2],
      [155, 2],
    ]);
    expect(counts({ ...recent, ports: [] }, 'DOWN')).toEqual([]);
  });
});

describe('a line', () => {
  const picture = { from: 0, until: 10, top: 4, width: 100, height: 40 };

  it('is broken where nothing is known, and a dash where it stands alone', () => {
    const points = [0, 2, null, 1, null, 8].map((value, i) => ({ at: 2 * i, value }));
    expect(linePath(points, picture)).toBe('M0 40h0.5L20 20M60 30h0.5M100 0h0.5');
    expect(linePath([], picture)).toBe('');
  });

  it.each([
    [0, 1],
    [0.03, 0.05],
    [1, 1],
    [1.1, 2],
    [4, 5],
    [51, 100],
    [1000, 1000],
  ])('up to %d has its top at %d', (most, top) => {
    expect(topOf(most)).toBeCloseTo(top, 10);
  });

  it('can be told in words, and in a table of its greatest values', () => {
    const points = [3, null, 1, 2].map((value, i) => ({ at: i * 30, value }));
    expect(told(points)).toEqual({ least: 1, most: 3, last: 2 });
    expect(told([{ at: 0, value: null }])).toBeNull();
    expect(rowsOf([{ name: 'a', points }], { from: 0, until: 180, seconds: 60 })).toEqual([
      { at: 0, values: [3] },
      { at: 60, values: [2] },
      { at: 120, values: [null] },
    ]);
  });
});
