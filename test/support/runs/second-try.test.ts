import { describe, expect, it } from 'vitest';
import type { FileReport, KindReport } from './report.ts';
import { afterSecondTry, MOST_REPEATS, repeatsOf } from './second-try.ts';

const failure = { name: 'a test', message: 'expected 1 to be 2' };
const good = (file: string, passed = 2): FileReport => ({ file, passed, failures: [] });
const bad = (file: string, passed = 1): FileReport => ({ file, passed, failures: [failure] });
const report = (...files: FileReport[]): KindReport => ({ files, outside: [] });
const outside = { name: 'vitest', message: 'exit code 1' };

describe('what is run again', () => {
  it('is nothing when nothing failed', () => {
    expect(repeatsOf(new Map([['unit', report(good('a'))]]))).toEqual([]);
  });

  it('is each file with failures', () => {
    const reports = new Map([
      ['unit', report(bad('a'), good('b'))],
      ['functional', report(good('c'), bad('d'))],
    ]);
    expect(repeatsOf(reports)).toEqual([
      { kind: 'unit', file: 'a' },
      { kind: 'functional', file: 'd' },
    ]);
  });

  it('is the whole kind when something belongs to no file', () => {
    expect(repeatsOf(new Map([['mariadb', { files: [bad('a')], outside: [outside] }]]))).toEqual([{ kind: 'mariadb' }]);
  });

  it('is nothing when there is more of it than an accident makes', () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => bad(`file${index}`));
    const reports = (count: number) =>
      new Map([
        ['unit', report(bad('a'))],
        ['contract', report(...names(count))],
      ]);
    expect(repeatsOf(reports(MOST_REPEATS - 1))).toHaveLength(MOST_REPEATS);
    expect(repeatsOf(reports(MOST_REPEATS))).toEqual([]);
  });
});

describe('after the second try', () => {
  const first = report(bad('a'), good('b'));

  it('a file that passed whole counts as passed, and what was wrong is kept apart', () => {
    expect(afterSecondTry(first, { kind: 'unit', file: 'a' }, report(good('a')))).toEqual({
      report: report(good('b'), good('a')),
      passed: { kind: 'unit', file: 'a', failures: [failure] },
    });
  });

  it.each([
    ['fails again', report(bad('a'))],
    ['fails elsewhere', report({ file: 'a', passed: 1, failures: [{ name: 'another', message: '' }] })],
    ['is not run', report()],
    ['is not what was run', report(good('b'))],
    ['passes, but its run does not', { ...report(good('a')), outside: [outside] }],
  ])('all is as it was when the file %s', (_, second) => {
    expect(afterSecondTry(first, { kind: 'unit', file: 'a' }, second)).toEqual({ report: first });
  });

  it('a whole kind takes the place of the first try', () => {
    const broken = { files: [bad('a')], outside: [outside] };
    expect(afterSecondTry(broken, { kind: 'mariadb' }, report(good('a'), good('b')))).toEqual({
      report: report(good('a'), good('b')),
      passed: { kind: 'mariadb', failures: [failure, outside] },
    });
    expect(afterSecondTry(broken, { kind: 'mariadb' }, report())).toEqual({ report: broken });
    expect(afterSecondTry(broken, { kind: 'mariadb' }, report(good('a'), bad('b')))).toEqual({ report: broken });
  });
});
