import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { currentRevision, headRevision, upgrade } from '../../src/db/migrate.ts';
import { migrations } from '../../src/db/migrations/list.ts';
import { insertNetwork } from '../support/rows.ts';
import { sharedDatabase } from '../support/shared-database.ts';

const PROGRAM = fileURLToPath(new URL('./programs/db-writer.ts', import.meta.url));

/** Several processes on one database. */
describe('processes', () => {
  let folder: string;
  let connection: string;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neutrino-db-test-'));
    connection = await sharedDatabase(folder);
  });

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  function start(...args: string[]): ChildProcess {
    const child = spawn(process.execPath, [PROGRAM, connection, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  }

  async function outcome(child: ChildProcess): Promise<{ code: number | null; lines: string[] }> {
    const lines: string[] = [];
    createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, lines };
  }

  it('that start together migrate once', async () => {
    const results = await Promise.all([1, 2, 3].map(() => outcome(start('migrate'))));
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    // Each step once, whoever of them makes it: with SQLite they may take turns.
    const made = results.flatMap(({ lines }) => lines);
    expect(made.toSorted()).toEqual(migrations.map(({ revision }) => revision).toSorted());
    const database = await openDatabase({ connection });
    expect(await currentRevision(database)).toBe(headRevision());
    await database.close();
  });

  it('that read and write one row lose no update', async () => {
    const database = await openDatabase({ connection });
    await upgrade(database);
    await database.transaction((tx) => insertNetwork(tx, { mtu: 0 }));
    const results = await Promise.all([outcome(start('count', '150')), outcome(start('count', '150'))]);
    expect(results.map(({ code }) => code)).toEqual([0, 0]);
    const { mtu } = await database.db.selectFrom('networks').select('mtu').executeTakeFirstOrThrow();
    expect(mtu).toBe(300);
    await database.close();
  });

  it('killed in the middle of writing keep what they committed, whole', async () => {
    const database = await openDatabase({ connection });
    await upgrade(database);
    await database.close();
    const promised: string[] = [];
    for (const round of ['a', 'b', 'c']) {
      const child = start('insert', round);
      let count = 0;
      for await (const line of createInterface({ input: child.stdout! })) {
        promised.push(line);
        if (++count === 40) child.kill('SIGKILL');
      }
    }
    const after = await openDatabase({ connection });
    const names = (await after.db.selectFrom('networks').select('name').execute()).map((row) => row.name);
    expect(promised.length).toBeGreaterThanOrEqual(120);
    expect(names).toEqual(expect.arrayContaining(promised));
    const tags = (await after.db.selectFrom('tags').select('tag').execute()).map((row) => row.tag);
    expect(tags.toSorted()).toEqual(names.toSorted());
    if (after.dialect === 'sqlite') {
      const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(after.db);
      expect(rows).toEqual([{ integrity_check: 'ok' }]);
    }
    await after.close();
  });
});
