import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Database, type Db, openDatabase } from '../../database.ts';

describe('an SQLite database', () => {
  let folder: string;
  const opened: Database[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neutrino-sqlite-'));
  });

  afterEach(async () => {
    for (const database of opened.splice(0)) await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(synchronous: 'normal' | 'full'): Promise<Database> {
    const database = await openDatabase({ connection: `sqlite:///${join(folder, 'n.sqlite')}`, synchronous });
    opened.push(database);
    return database;
  }

  const pragma = async (db: Db, name: string) => {
    const { rows } = await sql<Record<string, unknown>>`${sql.raw(`pragma ${name}`)}`.execute(db);
    return Object.values(rows[0]!)[0];
  };

  it.each([
    ['normal', 1],
    ['full', 2],
  ] as const)('commits with synchronous = %s', async (synchronous, level) => {
    const database = await open(synchronous);
    expect(await database.transaction((tx) => pragma(tx, 'synchronous'))).toBe(level);
  });

  it('is in WAL mode, minds foreign keys, and lets readers only read', async () => {
    const database = await open('normal');
    expect(await pragma(database.db, 'journal_mode')).toBe('wal');
    expect(await database.transaction((tx) => pragma(tx, 'foreign_keys'))).toBe(1);
    expect(await pragma(database.db, 'query_only')).toBe(1);
    expect(await database.snapshot((db) => pragma(db, 'query_only'))).toBe(1);
  });

  it('is not for everybody to read', async () => {
    await open('normal');
    const { mode } = await stat(join(folder, 'n.sqlite'));
    expect(mode & 0o007).toBe(0);
  });

  it('does not hold the loop while another process has the write lock', async () => {
    const [one, other] = [await open('normal'), await open('normal')];
    await one.transaction((tx) => sql`create table t (n integer)`.execute(tx));
    const order: string[] = [];
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const first = one.transaction(async (tx) => {
      await sql`insert into t values (1)`.execute(tx);
      await held;
      order.push('first');
    });
    const second = other.transaction(async (tx) => {
      await sql`insert into t values (2)`.execute(tx);
      order.push('second');
    });
    // Were it held, nothing would let go of the lock, and the second give up.
    for (let turns = 0; turns < 100; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual([]);
    release();
    await Promise.all([first, second]);
    expect(order).toEqual(['first', 'second']);
  });

  it('closes once, after what is under way', async () => {
    const database = await open('normal');
    const work = database.transaction((tx) => sql`create table t (n integer)`.execute(tx));
    await Promise.all([database.close(), database.close()]);
    await expect(work).resolves.toBeDefined();
  });
});
