import { writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from 'vitest/node';
import type { Failure, FileReport, KindReport } from './report.ts';

/**
 * Writes a `KindReport` to the file that `NEUTRINO_TEST_REPORT` names. Vitest's own JSON report knows no error outside of
 * tests: not that there was one, nor which file it came from.
 */
export default class KindReporter implements Reporter {
  async onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Promise<void> {
    const files = modules.map(fileReport);
    const outside: Failure[] = [];
    // A worker that ends takes the name of its file with it: it is one of those that did not end.
    const unended = files.find((_, index) => !hasEnded(modules[index]!));
    for (const error of unhandled) {
      const file = files.find((one) => one.file === pathOf(String(error.VITEST_TEST_PATH))) ?? unended;
      (file?.failures ?? outside).push({ name: 'outside of tests', message: textOf(error) });
    }
    const report: KindReport = { files, outside };
    await writeFile(process.env.NEUTRINO_TEST_REPORT!, JSON.stringify(report));
  }
}

function fileReport(module: TestModule): FileReport {
  const failures = module.errors().map((error) => ({ name: 'the file', message: textOf(error) }));
  let passed = 0;
  for (const suite of module.children.allSuites()) failures.push(...failuresOf(suite, suite.errors()));
  for (const test of module.children.allTests()) {
    const { state, errors } = test.result();
    if (state === 'passed') passed++;
    if (state === 'failed') failures.push(...failuresOf(test, errors ?? []).slice(0, 1));
  }
  if (!hasEnded(module)) failures.push({ name: 'the file', message: 'did not come to its end' });
  return { file: pathOf(module.moduleId), passed, failures };
}

function failuresOf({ fullName }: TestCase | TestSuite, errors: readonly SerializedError[]): Failure[] {
  return errors.map((error) => ({ name: fullName, message: textOf(error) }));
}

const hasEnded = (module: TestModule) => ['passed', 'failed', 'skipped'].includes(module.state());
const pathOf = (path: string) => relative(process.cwd(), path);
const textOf = ({ name, message }: SerializedError) => (name && name !== 'Error' ? `${name}: ${message}` : message);
