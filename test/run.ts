import { parseArgs } from 'node:util';
import { compareRootNamespace, readRootNamespace } from './support/root-namespace.ts';
import type { KindReport } from './support/runs/report.ts';
import { afterSecondTry, MOST_REPEATS, repeatsOf, type SecondPass } from './support/runs/second-try.ts';
import { failedOf, listsOf, type Row, rowOf, tableOf, totalOf } from './support/runs/summary.ts';
import { run, runVitest } from './support/runs/vitest-run.ts';
import { ensureTestTools } from './support/tools.ts';

/**
 * What `npm test` runs: tools, types, lint, then the tests of every kind, what failed of them once more on a machine that is
 * quiet by then, and at the end a look at the machine's own network, which must be as it was. The last line printed is
 * `N passed, N failed`.
 */
const kinds = [
  'unit',
  'contract',
  'mariadb',
  'postgresql',
  'compat',
  'functional',
  'browser',
  'systemd',
  'vm',
] as const;
/**
 * What runs beside the rest, two kinds at once, from the start and to be shown in its turn: a virtual machine that keeps one
 * core busy for minutes, and programs that wait for each other most of the time. The longest begin.
 */
const besides: readonly Kind[] = ['functional', 'vm', 'browser', 'systemd'];
const LANES = 2;
/** Only where asked for: it installs the real OpenStack. */
const extraKinds = ['keystone', 'messaging', 'clients', 'mixes', 'tempest', 'differential'] as const;
type Kind = (typeof kinds | typeof extraKinds)[number];

const { values } = parseArgs({
  options: {
    only: { type: 'string', short: 'o' },
    long: { type: 'boolean', default: false },
    'no-install': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const usage = `usage: npm test [-- --only unit,contract,mariadb,postgresql,compat,functional,browser,systemd,vm] [--long] [--no-install]

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

  const rows: Row[] = [];
  const one = async (name: string, check: () => Promise<boolean>): Promise<void> => {
    heading(name);
    const start = performance.now();
    const good = await check().catch((error: Error) => {
      process.stdout.write(`${error.message}\n`);
      return false;
    });
    rows.push({ name, counts: { passed: good ? 1 : 0, failed: good ? 0 : 1 }, seconds: secondsSince(start) });
  };

  await one('tools', () => ensureTestTools({ install: !values['no-install'] }));
  const before = await readRootNamespace();
  const ofKind = all.filter((kind) => (chosen as readonly string[]).includes(kind));
  const begun = begin(besides.filter((kind) => ofKind.includes(kind)));
  if (!values.only) {
    await one('types', () => succeeds('node_modules/.bin/tsc', ['-p', '.']));
    await one('types of the dashboard', () => succeeds('node_modules/.bin/tsc', ['-p', 'dashboard']));
    await one('lint', () => succeeds('node_modules/.bin/biome', ['check', '--diagnostic-level=error']));
    await one('dead code', () => succeeds('node_modules/.bin/knip', ['--no-progress', '--no-config-hints']));
  }
  const reports = new Map<string, KindReport>();
  const seconds = new Map<string, number>();
  for (const kind of ofKind) {
    heading(kind);
    const ended = await (begun.get(kind) ?? timed(kind, 'shown'));
    process.stdout.write(ended.output);
    reports.set(kind, ended.report);
    seconds.set(kind, ended.seconds);
  }
  // When the rest has failed for good there is nothing to be won.
  const late = totalOf(rows).failed === 0 ? await tryAgain(reports, seconds) : [];
  rows.push(...ofKind.map((kind) => rowOf(kind, reports.get(kind)!, seconds.get(kind)!)));
  await one('the host is as before', async () => {
    const differences = compareRootNamespace(before, await readRootNamespace());
    for (const line of differences) process.stdout.write(`${line}\n`);
    return differences.length === 0;
  });

  const total = totalOf(rows);
  process.stdout.write(`\n${tableOf(rows, late)}${listsOf(reports, late)}`);
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`);
  return total.failed === 0 ? 0 : 1;
}

/** Begins the kinds in their order, each when a lane is free. */
function begin(kinds: readonly Kind[]): Map<Kind, ReturnType<typeof timed>> {
  const waiting = kinds.map((kind) => ({ kind, ended: Promise.withResolvers<Awaited<ReturnType<typeof timed>>>() }));
  const begun = new Map(waiting.map(({ kind, ended }) => [kind, ended.promise]));
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      await timed(next.kind, 'kept').then(next.ended.resolve, next.ended.reject);
  };
  for (let i = 0; i < LANES; i++) void lane();
  return begun;
}

/** Runs what failed once more, one after the other, and brings the reports up to date; returns what passed this time. */
async function tryAgain(reports: Map<string, KindReport>, seconds: Map<string, number>): Promise<SecondPass[]> {
  const failed = failedOf(reports);
  if (!failed) return [];
  heading('what failed');
  process.stdout.write(failed);
  const repeats = repeatsOf(reports);
  if (repeats.length === 0) process.stdout.write(`more than ${MOST_REPEATS} files: no second try\n`);
  const late: SecondPass[] = [];
  for (const repeat of repeats) {
    const { kind, file } = repeat;
    heading(`once more: ${kind}${file ? ` ${file}` : ''}`);
    const second = await timed(kind, 'shown', file);
    const { report, passed } = afterSecondTry(reports.get(kind)!, repeat, second.report);
    reports.set(kind, report);
    seconds.set(kind, seconds.get(kind)! + second.seconds);
    if (passed) late.push(passed);
  }
  return late;
}

function heading(text: string): void {
  process.stdout.write(`\n== ${text}\n`);
}

const secondsSince = (start: number) => (performance.now() - start) / 1000;

async function succeeds(program: string, argv: readonly string[]): Promise<boolean> {
  return (await run(program, argv)) === 0;
}

/** Runs a kind, or one file of it; the output is shown as it comes, or kept until all of it is there. */
async function timed(
  kind: string,
  how: 'shown' | 'kept',
  file?: string,
): Promise<{ report: KindReport; seconds: number; output: string }> {
  const start = performance.now();
  let output = '';
  const keep = (text: string) => {
    output += text;
  };
  const env = { ...(values.long && { NEUTRINO_TEST_LONG: '1' }) };
  const report = await runVitest(kind, { file, env, onOutput: how === 'kept' ? keep : undefined });
  return { report, seconds: secondsSince(start), output };
}

process.exitCode = await main();
