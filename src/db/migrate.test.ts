import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from './database.ts';
import { currentRevision, headRevision, history, pendingSteps, stamp, upgrade } from './migrate.ts';
import type { Migration } from './migrations/contract.ts';

const step = (revision: string, branch: Migration['branch'], table: string): Migration => ({
  revision,
  branch,
  title: `add ${table}`,
  up: async (db) => {
    await db.schema.createTable(table).addColumn('id', 'integer').execute();
  },
});

const steps = [
  step('aaa000000001', 'expand', 'one'),
  step('bbb000000002', 'expand', 'two'),
  step('ccc000000003', 'contract', 'three'),
];

describe('migrations', () => {
  let folder: string;
  let database: Database;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neutrino-migrate-'));
    database = await openDatabase({ connection: `sqlite:///${join(folder, 'test.sqlite')}` });
  });

  afterEach(async () => {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    ['head', 'ccc000000003'],
    ['heads', 'ccc000000003'],
    ['+1', 'aaa000000001'],
    ['+2', 'bbb000000002'],
    ['bbb', 'bbb000000002'],
  ])('upgrade %s reaches %s', async (target, revision) => {
    expect(await upgrade(database, { target, steps })).toBe(revision);
    expect(await currentRevision(database, steps)).toBe(revision);
  });

  it('tells each step once and does nothing the second time', async () => {
    const told: string[] = [];
    const onStep = (from: string | null, { revision }: Migration) => told.push(`${from} -> ${revision}`);
    await upgrade(database, { target: '+1', steps, onStep });
    await upgrade(database, { steps, onStep });
    await upgrade(database, { steps, onStep });
    expect(told).toEqual(['null -> aaa000000001', 'aaa000000001 -> bbb000000002', 'bbb000000002 -> ccc000000003']);
  });

  it('stops a phase before the first step of the other', async () => {
    expect(await upgrade(database, { steps, branch: 'contract' })).toBeNull();
    expect(await upgrade(database, { steps, branch: 'expand' })).toBe('bbb000000002');
    expect(await pendingSteps(database, steps)).toEqual([steps[2]]);
    expect(await upgrade(database, { steps, branch: 'contract' })).toBe('ccc000000003');
  });

  it('leaves nothing of a step that fails, and can go on later', async () => {
    const broken: Migration = {
      ...steps[1]!,
      up: async (db) => {
        await db.schema.createTable('half').addColumn('id', 'integer').execute();
        throw new Error('power cut');
      },
    };
    await expect(upgrade(database, { steps: [steps[0]!, broken] })).rejects.toThrow('power cut');
    expect(await currentRevision(database, steps)).toBe('aaa000000001');
    await expect(upgrade(database, { steps })).resolves.toBe('ccc000000003');
  });

  it('refuses unknown targets and databases of a later release', async () => {
    await expect(upgrade(database, { target: 'zzz', steps })).rejects.toThrow("Can't locate revision");
    await expect(upgrade(database, { target: '+4', steps })).rejects.toThrow('beyond the head');
    await upgrade(database, { steps });
    await expect(currentRevision(database, steps.slice(0, 2))).rejects.toThrow('does not know');
  });

  it('writes down what an operator knows', async () => {
    expect(await stamp(database, 'head')).toBe(headRevision());
  });

  it('has one line of steps with revisions like the old tool has', () => {
    const entries = history();
    expect(entries[0]!.head).toBe(true);
    expect(entries.at(-1)!.down_revision).toBeNull();
    for (const { revision } of entries) expect(revision).toMatch(/^[0-9a-f]{12}$/);
    expect(new Set(entries.map(({ revision }) => revision)).size).toBe(entries.length);
  });
});
