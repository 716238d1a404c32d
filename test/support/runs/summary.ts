import type { Counts, Failure, KindReport } from './report.ts';
import { countsOf } from './report.ts';
import type { SecondPass } from './second-try.ts';

/** A row of the table at the end. */
export interface Row {
  name: string;
  counts: Counts;
  seconds: number;
}

/** The table: a line each, and which of them hold what passed only the second time. */
export function tableOf(rows: readonly Row[], secondPasses: readonly SecondPass[]): string {
  const line = ({ name, counts, seconds }: Row): string => {
    const late = secondPasses.filter(({ kind }) => kind === name).length;
    const passed = `${name.padEnd(24)}${String(counts.passed).padStart(5)} passed`;
    const rest = `${String(counts.failed).padStart(4)} failed ${seconds.toFixed(1).padStart(7)} s`;
    return `${passed} ${rest}${late ? `   (${late} only the second time)` : ''}`;
  };
  return rows.map((row) => `${line(row)}\n`).join('');
}

/** What passed only the second time and what failed, by name: the last thing to be read, however long the output before it. */
export function listsOf(reports: ReadonlyMap<string, KindReport>, secondPasses: readonly SecondPass[]): string {
  const late = secondPasses.map(({ kind, file, failures }) => paragraph(kind, file, failures));
  const failed = failedOf(reports);
  return (
    (late.length ? `\npassed only the second time, which is a bug to be mended:\n${late.join('')}` : '') +
    (failed ? `\nfailed:\n${failed}` : '')
  );
}

/** What failed, by kind and file. */
export function failedOf(reports: ReadonlyMap<string, KindReport>): string {
  return [...reports]
    .flatMap(([kind, { files, outside }]) => [
      ...files.map(({ file, failures }) => paragraph(kind, file, failures)),
      paragraph(kind, undefined, outside),
    ])
    .join('');
}

export function totalOf(rows: readonly Row[]): Counts {
  return rows.reduce(
    (total, { counts }) => ({ passed: total.passed + counts.passed, failed: total.failed + counts.failed }),
    { passed: 0, failed: 0 },
  );
}

/** The row of a kind. */
export const rowOf = (name: string, report: KindReport, seconds: number): Row => ({
  name,
  counts: countsOf(report),
  seconds,
});

function paragraph(kind: string, file: string | undefined, failures: readonly Failure[]): string {
  if (failures.length === 0) return '';
  const lines = failures.map(({ name, message }) => `    ${name}: ${shortened(message)}\n`);
  return `  ${kind}${file ? ` ${file}` : ''}\n${lines.join('')}`;
}

/** A few lines of it: the whole stands where it happened. */
function shortened(message: string): string {
  const lines = message.trim().split('\n');
  const shown = lines.slice(0, 4).map((line) => (line.length > 300 ? `${line.slice(0, 300)} …` : line));
  return [...shown, ...(lines.length > 4 ? ['…'] : [])].join('\n      ');
}
