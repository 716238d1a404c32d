import type { Failure, FileReport, KindReport } from './report.ts';

/** Something to be run once more on its own: a file, or without one a whole kind. */
export interface Repeat {
  kind: string;
  file?: string;
}

/** What failed among others and passed alone. */
export interface SecondPass extends Repeat {
  /** What was wrong the first time. */
  failures: Failure[];
}

/** More than these are no accident of a busy machine but a fault, and none is run again. */
export const MOST_REPEATS = 5;

/** What deserves a second try: each file with failures, and each kind with failures that belong to no file. */
export function repeatsOf(reports: ReadonlyMap<string, KindReport>): Repeat[] {
  const repeats = [...reports].flatMap(([kind, { files, outside }]): Repeat[] =>
    outside.length > 0
      ? [{ kind }]
      : files.filter(({ failures }) => failures.length > 0).map(({ file }) => ({ kind, file })),
  );
  return repeats.length > MOST_REPEATS ? [] : repeats;
}

/**
 * The report of a kind after a second try. What passed whole counts as passed, and what was wrong the first time is told
 * apart; anything less leaves all as it was.
 */
export function afterSecondTry(
  first: KindReport,
  { kind, file }: Repeat,
  second: KindReport,
): { report: KindReport; passed?: SecondPass } {
  const again = file === undefined ? second.files : second.files.filter((one) => one.file === file);
  const whole =
    second.outside.length === 0 && again.length > 0 && second.files.every(({ failures }) => failures.length === 0);
  if (!whole) return { report: first };
  const before = file === undefined ? first.files : first.files.filter((one) => one.file === file);
  const failures = [...before.flatMap((one) => one.failures), ...first.outside];
  const others: FileReport[] = file === undefined ? [] : first.files.filter((one) => one.file !== file);
  return {
    report: { files: [...others, ...again], outside: [] },
    passed: { kind, ...(file !== undefined && { file }), failures },
  };
}
