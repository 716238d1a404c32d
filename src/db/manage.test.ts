import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from './database.ts';
import { manage } from './manage.ts';
import { headRevision } from './migrate.ts';
import { migrations } from './migrations/list.ts';

describe('neutron-db-manage', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neutrino-manage-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function run(...argv: string[]) {
    const out: string[] = [];
    const err: string[] = [];
    const code = await manage(argv, {
      open: () => openDatabase({ connection: `sqlite:///${join(folder, 'neutrino.sqlite')}` }),
      print: (line) => out.push(line),
      log: (line) => err.push(line),
    });
    return { code, out, err };
  }

  const head = headRevision();
  const INFO = 'INFO  [alembic.runtime.migration]';

  it('upgrades in the shape of the old tool', async () => {
    expect(await run('upgrade', 'head')).toEqual({
      code: 0,
      out: ['  Running upgrade for neutron ...', '  OK'],
      err: [
        `${INFO} Context impl SQLiteImpl.`,
        `${INFO} Will assume transactional DDL.`,
        ...migrations.map(({ revision, title }, i) => {
          const before = i === 0 ? '' : migrations[i - 1]!.revision;
          return `${INFO} Running upgrade ${before} -> ${revision}, ${title}`;
        }),
      ],
    });
    expect((await run('upgrade', 'heads')).err).toHaveLength(2);
  });

  it('shows the current revision only when there is one', async () => {
    expect((await run('current')).out).toEqual(['  Running current for neutron ...', '  OK']);
    await run('--subproject', 'neutron', 'upgrade', 'head');
    expect((await run('current')).out).toContain(`${head} (head)`);
    expect((await run('current', '--verbose')).out).toEqual(
      expect.arrayContaining([expect.stringMatching(/^Current revision\(s\) for sqlite:/), `Rev: ${head} (head)`]),
    );
  });

  it('lists history and heads without a database', async () => {
    expect((await run('history')).out[1]).toMatch(/ -> [0-9a-f]{12}.*\(head\), \w/);
    expect((await run('heads')).out).toContain(`${head} (expand) (head)`);
    expect(await run('branches')).toMatchObject({ code: 0 });
    expect(await run('check_migration')).toMatchObject({ code: 0 });
  });

  it('prints SQL that makes the same tables', async () => {
    const { out, code } = await run('upgrade', 'head', '--sql');
    expect(code).toBe(0);
    const byHand = new DatabaseSync(':memory:');
    byHand.exec(out.join('\n'));
    await run('upgrade', 'head');
    const byTool = new DatabaseSync(join(folder, 'neutrino.sqlite'));
    const tables = (database: DatabaseSync) =>
      database.prepare("select name, sql from sqlite_master where name not like 'sqlite_%' order by name").all();
    expect(tables(byHand)).toEqual(tables(byTool));
    expect(byHand.prepare('select version_num from neutrino_version').all()).toEqual([{ version_num: head }]);
    byHand.close();
    byTool.close();
  });

  it("leaves a database of Python's Neutron alone", async () => {
    const theirs = new DatabaseSync(join(folder, 'neutrino.sqlite'));
    theirs.exec('create table alembic_version (version_num varchar(32)); create table networks (id varchar(36))');
    const { code, err, out } = await run('upgrade', 'head');
    expect([code, out.includes('  OK')]).toEqual([1, false]);
    expect(err.at(-1)).toContain(
      "holds the tables of Python's Neutron (alembic_version), which this one can neither read nor change: name an empty one in [database] connection.",
    );
    const tables = theirs.prepare("select name from sqlite_master where type = 'table' order by name").all();
    expect(tables.map(({ name }) => name)).toEqual(['alembic_version', 'networks']);
    theirs.close();
  });

  it('says whether servers must be stopped', async () => {
    expect(await run('has_offline_migrations')).toEqual({ code: 0, out: [], err: [] });
  });

  it.each([
    [['downgrade', 'x'], 1, 'Downgrade no longer supported'],
    [['upgrade'], 1, 'You must provide a revision or relative delta'],
    [['upgrade', '--expand', head], 1, 'Phase upgrade options do not accept revision specification'],
    [['upgrade', '--delta', '-1'], 2, 'error'],
    [['upgrade', 'nope'], 1, "Can't locate revision identified by 'nope'"],
    [['--subproject', 'neutron-fwaas', 'current'], 1, 'not installed'],
    [['frobnicate'], 2, "invalid choice: 'frobnicate'"],
    [[], 2, 'a command is required'],
    [['upgrade', '--frob'], 2, '--frob'],
  ])('refuses %j with code %i', async (argv, code, text) => {
    const result = await run(...argv);
    expect(result.code).toBe(code);
    expect(result.err.at(-1)).toContain(text);
    expect(result.out).not.toContain('  OK');
  });
});
