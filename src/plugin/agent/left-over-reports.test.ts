import { expect, it } from 'vitest';
import { LeftOverReports } from './left-over-reports.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 10, 23, 12);

/** Reports of one agent by when they come (seconds after the start) and when they were written (by its clock, likewise). */
function judged(reports: readonly (readonly [number, number])[]): boolean[] {
  const now = { ms: 0 };
  const reported = new LeftOverReports(START_MS, 75_000, () => now.ms);
  return reports.map(([came, sent]) => {
    now.ms = came * 1000;
    return reported.has('DHCP agent host1', START_MS + sent * 1000);
  });
}

it.each([
  [
    'a right clock',
    [
      [1, 1],
      [31, 31],
    ],
    [false, false],
  ],
  ['what was written shortly before the start', [[1, -60]], [false]],
  [
    'a clock that is an hour ahead',
    [
      [1, 3601],
      [31, 3631],
    ],
    [false, false],
  ],
  [
    'what waited in a queue',
    [
      [0.1, -3600],
      [0.1, -3570],
      [0.2, -3540],
      [0.9, -3510],
      [1.7, -3480],
    ],
    Array(5).fill(true),
  ],
  [
    'a clock that is an hour behind',
    [
      [1, -3599],
      [11, -3589],
      [41, -3559],
    ],
    [true, false, false],
  ],
  ['the same, of an agent that begins later', [[25, -3575]], [false]],
  [
    'the same, after what waited',
    [
      [0.1, -7200],
      [0.2, -7170],
      [5, -3595],
      [15, -3585],
    ],
    [true, true, true, false],
  ],
] as [string, [number, number][], boolean[]][])('%s', (_, reports, expected) => {
  expect(judged(reports)).toEqual(expected);
});

it('tells agents apart', () => {
  const now = { ms: 0 };
  const reported = new LeftOverReports(START_MS, 75_000, () => now.ms);
  expect(reported.has('a', START_MS - HOUR_MS)).toBe(true);
  now.ms = 10_000;
  expect(reported.has('b', START_MS - HOUR_MS + 10_000)).toBe(true);
  expect(reported.has('a', START_MS - HOUR_MS + 10_000)).toBe(false);
});
