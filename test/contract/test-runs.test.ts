import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KindReport } from '../support/runs/report.ts';
import { afterSecondTry, repeatsOf } from '../support/runs/second-try.ts';
import { runVitest } from '../support/runs/vitest-run.ts';

/** Vitest itself, on files that fail in every way there is: what `npm test` makes of it. */
const files: Record<string, string> = {
  'passes.test.ts': "it('one', () => {}); it('two', () => {}); it['skip']('three', () => {});",
  'fails.test.ts': "it('good', () => {}); describe('group', () => it('bad', () => { throw new TypeError('no'); }));",
  'hook.test.ts': "describe('group', () => { beforeAll(() => { throw new Error('hook'); }); it('one', () => {}); });",
  'unloaded.test.ts': "import './missing.ts'; it('one', () => {});",
  'late.test.ts':
    "it('one', async () => { void Promise.reject(new Error('late')); await new Promise(setImmediate); });",
  'exits.test.ts': "it('one', () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}); });",
};
const config = `export default { test: { globals: true, projects: [
  { test: { name: 'all', globals: true, pool: 'forks', include: ['*.test.ts'] } },
  { test: { name: 'set-up', globalSetup: ['./set-up.ts'], include: ['passes.test.ts'] } },
  { test: { name: 'none', include: ['*.none.ts'] } },
] } };`;
let folder: string;
let report: KindReport;

const runKind = (kind: string, file?: string) => runVitest(kind, { cwd: folder, file, onOutput: () => {} });
const of = (name: string) => report.files.find(({ file }) => file === name)!;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-runs-'));
  await symlink(join(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'));
  const written = { ...files, 'vitest.config.mjs': config, 'set-up.ts': "throw new Error('no database')" };
  await Promise.all(Object.entries(written).map(([name, text]) => writeFile(join(folder, name), text)));
  report = await runKind('all');
});
afterAll(() => rm(folder, { recursive: true }));

it('counts what passed, and nothing that was skipped', () => {
  expect(of('passes.test.ts')).toEqual({ file: 'passes.test.ts', passed: 2, failures: [] });
});

it('tells a test, a hook and a file that fail, and an error outside of tests', () => {
  expect(of('fails.test.ts')).toEqual({
    file: 'fails.test.ts',
    passed: 1,
    failures: [{ name: 'group > bad', message: 'TypeError: no' }],
  });
  expect(of('hook.test.ts')).toMatchObject({ passed: 0, failures: [{ name: 'group', message: 'hook' }] });
  expect(of('unloaded.test.ts')).toMatchObject({
    passed: 0,
    failures: [{ name: 'the file', message: expect.stringContaining('missing.ts') }],
  });
  expect(of('late.test.ts')).toMatchObject({ passed: 1, failures: [{ name: 'outside of tests', message: 'late' }] });
});

it('tells a file whose process ended', () => {
  expect(of('exits.test.ts').passed).toBe(0);
  expect(of('exits.test.ts').failures).toContainEqual({ name: 'the file', message: 'did not come to its end' });
  expect(report.outside).toEqual([]);
});

it('gives a file its second try alone', async () => {
  const repeat = { kind: 'all', file: 'late.test.ts' };
  expect(repeatsOf(new Map([['all', { files: [of('late.test.ts')], outside: [] }]]))).toEqual([repeat]);
  await writeFile(join(folder, 'late.test.ts'), "it('one', () => {});");
  const second = await runKind('all', 'late.test.ts');
  expect(second).toEqual({ files: [{ file: 'late.test.ts', passed: 1, failures: [] }], outside: [] });
  expect(afterSecondTry(report, repeat, second).passed).toMatchObject({ failures: [{ message: 'late' }] });
});

it('a set-up that fails belongs to no file, and one without tests passes', async () => {
  expect(await runKind('set-up')).toMatchObject({ outside: [expect.anything()] });
  expect(await runKind('none')).toEqual({ files: [], outside: [] });
});

it('a file that is not there does not pass', async () => {
  const { outside } = await runKind('all', 'gone.test.ts');
  expect(outside).toHaveLength(1);
});
