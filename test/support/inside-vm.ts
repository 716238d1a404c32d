import { execFile, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { project } from './programs.ts';
import { vmKernelCommand } from './vm-guest.ts';

/** One test that ran in the virtual machine. */
export interface InsideResult {
  /** Names of the groups it is in before its own. */
  name: string;
  /** What was wrong; empty when it passed. */
  failure: string;
}

const run = promisify(execFile);
const cases = 'test/inside-vm';
const TIME_LIMIT_S = 1500;

/**
 * Boots the virtual machine, runs the cases of `test/inside-vm` in it with Node's own test runner (vitest would take half of the
 * time there), and tells what became of each. With `NEUTRINO_TEST_INSIDE` set only the files whose name has it run; with
 * `NEUTRINO_TEST_VERBOSE` what they print is shown as it comes.
 */
export async function runInsideVm(): Promise<InsideResult[]> {
  const [shell, ...kernel] = vmKernelCommand();
  await run(shell!, kernel, { cwd: project, timeout: 300_000 });
  const only = process.env.NEUTRINO_TEST_INSIDE ?? '';
  const files = (await readdir(join(project, cases))).filter(
    (file) => file.endsWith('.case.ts') && file.includes(only),
  );
  await compile(files);
  const argv = ['--mem', '2560', '--timeout', String(TIME_LIMIT_S), '--', 'env', 'NEUTRINO_TEST_PATIENCE=16'];
  const node = ['setup/node', '--test', '--test-isolation=none', '--test-timeout=600000'];
  const reporter = ['--test-reporter=./test/support/inside-vm-reporter.ts'];
  const inside = [...node, ...reporter, ...files.map((file) => join(cases, file))];
  const { output, code } = await outputOf(join(project, 'test/vm/vm-run'), [...argv, ...inside]);
  const results = [...output.matchAll(/^\+ (\{.*\})$/gm)].map(([, line]) => JSON.parse(line!) as InsideResult);
  if (code === 0 && results.length > 0) return results;
  const failed = results.some(({ failure }) => failure !== '');
  return failed
    ? results
    : [...results, { name: 'runs to its end', failure: `exit code ${code}:\n${output.slice(-8000)}` }];
}

/** What Node compiles here it need not compile in the machine, where that takes minutes: the programs, and what the cases import. */
async function compile(files: readonly string[]): Promise<void> {
  const node = join(project, 'setup/node');
  await run(node, ['setup/warm.mjs'], { cwd: project });
  const texts = await Promise.all(files.map((file) => readFile(join(project, cases, file), 'utf8')));
  const imported = texts.flatMap((text) => [...text.matchAll(/from '(\.[^']+\.ts)'/g)].map(([, path]) => path!));
  const modules = [...new Set(imported)].map((path) => join(project, cases, path));
  const script = 'await Promise.all(process.argv.slice(1).map((module) => import(module)))';
  await run(node, ['--input-type=module', '-e', script, 'vitest', 'node:test', ...modules], { cwd: project });
}

function outputOf(program: string, argv: readonly string[]): Promise<{ output: string; code: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (process.env.NEUTRINO_TEST_VERBOSE) process.stderr.write(text);
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ output, code }));
  });
}
