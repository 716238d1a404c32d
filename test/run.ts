import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compareRootNamespace, readRootNamespace } from './support/root-namespace.ts';
import { ensureTestTools } from './support/tools.ts';

/**
 * What `npm test` runs: tools, types, lint, then the tests of every kind, and at the end a look at the machine's own network,
 * which must be as it was. The last line printed is `N passed, N failed`.
 */
const kinds = ['unit', 'contract', 'mariadb', 'postgresql', 'compat', 'functional', 'systemd', 'vm'] as const;
/**
 * What runs beside the rest, one kind of a row after the other, from the start and to be shown in its turn: virtual machines that
 * keep one core busy for minutes, and programs that wait for each other most of the time.
 */
const besides: readonly (readonly Kind[])[] = [['systemd', 'vm'], ['functional']];
/** Only where asked for: it installs the real OpenStack. */
const extraKinds = ['keystone', 'messaging', 'clients', 'mixes', 'tempest', 'differential'] as const;
type Kind = (typeof kinds | typeof extraKinds)[number];

interface Counts {
  passed: number;
  failed: number;
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', short: 'o' },
    long: { type: 'boolean', default: false },
    'no-install': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const usage = `usage: npm test [-- --only unit,contract,mariadb,postgresql,compat,functional,systemd,vm] [--long] [--no-install]

  --only KINDS   only these kinds of tests (no types, lint, dead code); also: keystone, messaging, clients, mixes, tempest, differential, which set up parts of the real OpenStack
  --long         also the tests that take minutes (the same as npm run test:long)
  --no-install   name the Debian packages that are missing instead of installing them
`;

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const chosen = values.only?.split(',') ?? kinds;
  const all: readonly Kind[] = [...kinds, ...extraKinds];
  const unknown = chosen.filter((kind) => !(all as readonly string[]).includes(kind));
  if (unknown.length > 0) {
    process.stderr.write(`unknown kind of test: ${unknown.join(', ')}\n${usage}`);
    return 2;
  }

  const total: Counts = { passed: 0, failed: 0 };
  const summary: string[] = [];
  const add = (name: string, counts: Counts, seconds: number): void => {
    total.passed += counts.passed;
    total.failed += counts.failed;
    summary.push(
      `${name.padEnd(24)}${String(counts.passed).padStart(5)} passed ${String(counts.failed).padStart(4)} failed ${seconds.toFixed(1).padStart(7)} s`,
    );
  };
  const one = async (name: string, check: () => Promise<boolean>): Promise<void> => {
    heading(name);
    const start = performance.now();
    const good = await check().catch((error: Error) => {
      process.stdout.write(`${error.message}\n`);
      return false;
    });
    add(name, { passed: good ? 1 : 0, failed: good ? 0 : 1 }, (performance.now() - start) / 1000);
  };

  await one('tools', () => ensureTestTools({ install: !values['no-install'] }));
  const before = await readRootNamespace();
  const ofKind = all.filter((kind) => (chosen as readonly string[]).includes(kind));
  const begun = begin(besides.map((row) => row.filter((kind) => ofKind.includes(kind))));
  if (!values.only) {
    await one('types', () => succeeds('node_modules/.bin/tsc', ['-p', '.']));
    await one('types of the dashboard', () => succeeds('node_modules/.bin/tsc', ['-p', 'dashboard']));
    await one('lint', () => succeeds('node_modules/.bin/biome', ['check', '--diagnostic-level=error']));
    await one('dead code', () => succeeds('node_modules/.bin/knip', ['--no-progress', '--no-config-hints']));
  }
  for (const kind of ofKind) {
    heading(kind);
    const { counts, seconds, output } = await (begun.get(kind) ?? timed(kind, 'shown'));
    process.stdout.write(output);
    add(kind, counts, seconds);
  }
  await one('the host is as before', async () => {
    const differences = compareRootNamespace(before, await readRootNamespace());
    for (const line of differences) process.stdout.write(`${line}\n`);
    return differences.length === 0;
  });

  process.stdout.write(`\n${summary.join('\n')}\n\n${total.passed} passed, ${total.failed} failed\n`);
  return total.failed === 0 ? 0 : 1;
}

/** Begins the rows, each kind when the one before it has ended. */
function begin(rows: readonly (readonly Kind[])[]): Map<Kind, ReturnType<typeof timed>> {
  const begun = new Map<Kind, ReturnType<typeof timed>>();
  for (const row of rows) {
    let last: Promise<unknown> = Promise.resolve();
    for (const kind of row) {
      const result = last.then(() => timed(kind, 'kept'));
      begun.set(kind, result);
      last = result;
    }
  }
  return begun;
}

function heading(text: string): void {
  process.stdout.write(`\n== ${text}\n`);
}

async function succeeds(program: string, argv: readonly string[]): Promise<boolean> {
  return (await run(program, argv)) === 0;
}

interface RunOptions {
  env?: Record<string, string>;
  /** Called with what it prints; without it that goes where ours does. */
  onOutput?: ((text: string) => void) | undefined;
}

function run(program: string, argv: readonly string[], { env, onOutput }: RunOptions = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const output = onOutput ? 'pipe' : 'inherit';
    const child = spawn(program, argv, { stdio: ['ignore', output, output], env: { ...process.env, ...env } });
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', onOutput!);
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** Runs a kind; its output is shown as it comes, or kept until all of it is there. */
async function timed(kind: Kind, how: 'shown' | 'kept'): Promise<{ counts: Counts; seconds: number; output: string }> {
  const start = performance.now();
  let output = '';
  const keep = (text: string) => {
    output += text;
  };
  const counts = await runVitest(kind, how === 'kept' ? keep : undefined);
  return { counts, seconds: (performance.now() - start) / 1000, output };
}

/** One vitest project; a file that could not be loaded counts as one failed test. */
async function runVitest(kind: Kind, onOutput?: (text: string) => void): Promise<Counts> {
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-test-'));
  const report = join(folder, 'report.json');
  const argv = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    kind,
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ];
  try {
    const env = { ...(values.long && { NEUTRINO_TEST_LONG: '1' }) };
    const code = await run(process.execPath, argv, { env, onOutput });
    const counts = countResults(JSON.parse(await readFile(report, 'utf8')));
    // Errors outside of any test (an unhandled rejection) show in the exit code alone.
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    return counts;
  } catch (error) {
    process.stdout.write(`${kind}: no report: ${(error as Error).message}\n`);
    return { passed: 0, failed: 1 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function countResults(report: {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { status: string; assertionResults: unknown[] }[];
}): Counts {
  const unloaded = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  return { passed: report.numPassedTests, failed: report.numFailedTests + unloaded };
}

process.exitCode = await main();
