import { expect, it } from 'vitest';
import type { FileReport, KindReport } from './report.ts';
import { listsOf, rowOf, tableOf, totalOf } from './summary.ts';

const failed: FileReport = {
  file: 'src/a.test.ts',
  passed: 1,
  failures: [{ name: 'group > test', message: `expected 1 to be 2\n${'another line\n'.repeat(9)}` }],
};
const reports = new Map<string, KindReport>([
  ['unit', { files: [{ file: 'src/b.test.ts', passed: 5497, failures: [] }, failed], outside: [] }],
  ['vm', { files: [], outside: [{ name: 'vitest', message: 'exit code 1' }] }],
]);
const late = [
  {
    kind: 'unit',
    file: 'src/b.test.ts',
    failures: [{ name: 'slow', message: `TimeoutError: in vain\n${'x'.repeat(400)}` }],
  },
];
const rows = [
  rowOf('unit', reports.get('unit')!, 107.04),
  rowOf('vm', reports.get('vm')!, 3),
  { name: 'the host is as before', counts: { passed: 1, failed: 0 }, seconds: 0.6 },
];

it('the table has the counts of each kind, and says where something passed only the second time', () => {
  expect(tableOf(rows, late)).toBe(
    [
      'unit                     5498 passed    1 failed   107.0 s   (1 only the second time)',
      'vm                          0 passed    1 failed     3.0 s',
      'the host is as before       1 passed    0 failed     0.6 s',
      '',
    ].join('\n'),
  );
  expect(totalOf(rows)).toEqual({ passed: 5499, failed: 2 });
});

it('the lists name what passed only the second time and what failed, with the first lines of the reason', () => {
  expect(listsOf(reports, late)).toBe(`
passed only the second time, which is a bug to be mended:
  unit src/b.test.ts
    slow: TimeoutError: in vain
      ${'x'.repeat(300)} …

failed:
  unit src/a.test.ts
    group > test: expected 1 to be 2
      another line
      another line
      another line
      …
  vm
    vitest: exit code 1
`);
});

it('there are no lists when all passed at once', () => {
  expect(listsOf(new Map([['unit', { files: [], outside: [] }]]), [])).toBe('');
});
