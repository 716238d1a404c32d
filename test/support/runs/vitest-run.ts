import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countsOf, type KindReport } from './report.ts';

export interface VitestOptions {
  /** Only this one. */
  file?: string | undefined;
  env?: Record<string, string>;
  /** Called with what it prints; without it that goes where ours does. */
  onOutput?: ((text: string) => void) | undefined;
  /** The folder with `vitest.config.ts`; without it ours. */
  cwd?: string;
}

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Runs one vitest project. What went wrong with the run itself is in the report, too. */
export async function runVitest(kind: string, options: VitestOptions = {}): Promise<KindReport> {
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-test-'));
  const report = join(folder, 'report.json');
  const argv = [pathOf('../../../node_modules/vitest/vitest.mjs'), 'run', '--project', kind];
  argv.push('--reporter=default', `--reporter=${pathOf('./reporter.ts')}`, options.file ?? '--passWithNoTests');
  try {
    const env = { ...options.env, NEUTRINO_TEST_REPORT: report };
    const code = await run(process.execPath, argv, { ...options, env });
    const result = JSON.parse(await readFile(report, 'utf8')) as KindReport;
    if (code !== 0 && countsOf(result).failed === 0)
      result.outside.push({ name: 'vitest', message: `exit code ${code}` });
    return result;
  } catch (error) {
    return { files: [], outside: [{ name: 'vitest', message: `no report: ${(error as Error).message}` }] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs a program to its end and returns its exit code. */
export function run(
  program: string,
  argv: readonly string[],
  { env, onOutput, cwd }: VitestOptions = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const output = onOutput ? 'pipe' : 'inherit';
    const child = spawn(program, argv, { cwd, stdio: ['ignore', output, output], env: { ...process.env, ...env } });
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', onOutput!);
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
