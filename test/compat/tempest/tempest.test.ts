import { readFileSync } from 'node:fs';
import { describe, expect, inject, it } from 'vitest';
import { notApplicable } from './not-applicable.ts';

/** What the real server passes, passes here: one test for each of tempest's, run by `set-up.ts`. */
const results = inject('tempest');
const only = inject('tempestOnly');
const baseline = readFileSync(new URL('baseline.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split(' ') as [status: string, name: string])
  .filter(([, name]) => only === '' || new RegExp(only).test(name));

const waitsFor = (name: string) => notApplicable.find(({ tests }) => tests.test(name)) ?? null;

describe('passes on the real server', () => {
  for (const [status, name] of baseline) {
    if (status !== 'PASS') continue;
    const waiting = waitsFor(name);
    if (waiting === null) it(name, () => expect(results[name]).toMatchObject({ status: 'passed' }));
    else
      it(`${name}: ${waiting.because}`, () => {
        expect(results[name]?.status).not.toBe('passed');
        expect(results[name]?.reason).toMatch(waiting.reason);
      });
  }
});

describe('is skipped on the real server', () => {
  for (const [status, name] of baseline)
    if (status === 'SKIP') it(name, () => expect(results[name]?.status).not.toBe('failed'));
});

it('tempest has no test that the real server was not asked', () => {
  const known = new Set(baseline.map(([, name]) => name));
  expect(Object.keys(results).filter((name) => !known.has(name))).toEqual([]);
});

it('figures', () => {
  const ends = Object.values(results).map(({ status }) => status);
  const count = (status: string) => ends.filter((end) => end === status).length;
  const groups = Map.groupBy(
    baseline.filter(([status, name]) => status === 'PASS' && waitsFor(name) !== null),
    ([, name]) => waitsFor(name)!.because,
  );
  const waiting = [...groups].map(([because, tests]) => `  ${String(tests.length).padStart(4)}  ${because}`);
  console.log(
    `tempest.api.network: ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped of ${ends.length}; not applicable:\n${waiting.join('\n')}`,
  );
  expect(ends.length).toBeGreaterThan(0);
});
