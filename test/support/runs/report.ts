/** Something that went wrong: a test that failed, or an error outside of tests. */
export interface Failure {
  /** Names of the groups and of the test, or where it happened. */
  name: string;
  message: string;
}

export interface FileReport {
  /** Path within the project. */
  file: string;
  passed: number;
  failures: Failure[];
}

/** What became of one kind of tests. */
export interface KindReport {
  files: FileReport[];
  /** What went wrong and belongs to no file: a set-up of the whole kind, a run without an end. */
  outside: Failure[];
}

export interface Counts {
  passed: number;
  failed: number;
}

export function countsOf({ files, outside }: KindReport): Counts {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
  return {
    passed: sum(files.map(({ passed }) => passed)),
    failed: sum(files.map(({ failures }) => failures.length)) + outside.length,
  };
}
