import { execFile, spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
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
  /** What it took in there; 0 where that is not known. */
  seconds: number;
}

export interface InsideRun {
  readonly results: readonly InsideResult[];
  /** What took how long, one a line: cases, and groups with their set-up. */
  readonly times: string;
}

const run = promisify(execFile);
const cases = 'test/inside-vm';
/** Where Node's compiled code is, too, which goes by the names of files. */
const bundled = join(project, 'node_modules/.cache/inside-vm');
const TIME_LIMIT_S = process.env.NEUTRINO_TEST_LONG ? 3000 : 1500;

/**
 * Boots the virtual machine, runs the cases of `test/inside-vm` in it with Node's own test runner (vitest would take half of the
 * time there), and tells what became of each. With `NEUTRINO_TEST_INSIDE` set only the files whose name has it run; with
 * `NEUTRINO_TEST_VERBOSE` what they print is shown as it comes.
 */
export async function runInsideVm(): Promise<InsideRun> {
  const [shell, ...kernel] = vmKernelCommand();
  await run(shell!, kernel, { cwd: project, timeout: 300_000 });
  const only = process.env.NEUTRINO_TEST_INSIDE ?? '';
  const files = (await readdir(join(project, cases))).filter(
    (file) => file.endsWith('.case.ts') && file.includes(only),
  );
  await bundle(files);
  const argv = ['--mem', '2560', '--timeout', String(TIME_LIMIT_S), '--', 'env', 'NEUTRINO_TEST_PATIENCE=16'];
  argv.push(`NEUTRINO_TEST_DRIVER=${join(bundled, 'driver.mjs')}`);
  if (process.env.NEUTRINO_TEST_LONG) argv.push('NEUTRINO_TEST_LONG=1');
  const reporter = `--test-reporter=${join(bundled, 'reporter.mjs')}`;
  // What a failed set-up left open keeps nobody waiting.
  const node = ['setup/node', reporter, '--test-timeout=600000', '--test-force-exit'];
  const inside = [...node, join(bundled, 'cases.mjs')];
  const { output, code } = await outputOf(join(project, 'test/vm/vm-run'), [...argv, ...inside]);
  const results = [...output.matchAll(/^\+ (\{.*\})$/gm)].map(([, line]) => JSON.parse(line!) as InsideResult);
  const isWhole = (code === 0 && results.length > 0) || results.some(({ failure }) => failure !== '');
  if (!isWhole) {
    const failure = `exit code ${code}:\n${output.slice(-8000)}`;
    results.push({ name: 'runs to its end', failure, seconds: 0 });
  }
  return { results, times: timesOf(output) };
}

function timesOf(output: string): string {
  const timed = [...output.matchAll(/^[+=] (\{.*\})$/gm)].map(([, line]) => JSON.parse(line!) as InsideResult);
  return timed.map(({ name, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${name}`).join('\n');
}

/** What is put together and compiled here need not be in the machine, where that takes a minute. */
async function bundle(files: readonly string[]): Promise<void> {
  const modules = files.map((file) => join(project, cases, file));
  await run(join(project, 'setup/node'), ['test/support/bundle-cases.mjs', bundled, ...modules], { cwd: project });
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
