import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordingDatabase } from '../../../test/support/recorded-statements.ts';
import type { Database, Db } from '../database.ts';
import { handleOf, query } from '../handle.ts';
import { temporaryDatabase } from '../temporary.ts';
import { allocations } from './allocations.ts';

let database: Database;
beforeEach(async () => {
  database = await temporaryDatabase();
});
afterEach(() => database.close());

const take = (ids: readonly number[], physical = 'a') =>
  database.transaction(async (tx) => {
    for (const id of ids) await allocations.vlan.take(tx, id, physical);
  });
const free = (low: number, high: number, physical = 'a') =>
  allocations.vlan.firstFree(database.db, low, high, physical);

describe('the first free id', () => {
  it.each<[number[], number, number, number | null]>([
    [[], 1, 10, 1],
    [[1, 2, 4], 1, 10, 3],
    [[1, 2, 3], 1, 3, null],
    [[1, 2, 3, 4], 1, 3, null],
    [[5], 5, 5, null],
    [[1, 2, 3], 2, 9, 4],
    [[9], 2, 9, 2],
  ])('of %j in [%i, %i] is %j', async (taken, low, high, found) => {
    await take(taken);
    expect(await free(low, high)).toBe(found);
  });

  it.each([
    [31, 32],
    [32, 33],
    [33, 34],
    [100, 101],
  ])('behind %i taken ones side by side is found, and none when that was all', async (count, next) => {
    await take(Array.from({ length: count }, (_, i) => 1 + i));
    expect(await free(1, 4094)).toBe(next);
    expect(await free(1, count)).toBeNull();
    expect(await free(1, next)).toBe(next);
  });

  it('counts for each physical network', async () => {
    await take([1, 2], 'a');
    await take([1], 'b');
    expect([await free(1, 5, 'a'), await free(1, 5, 'b'), await free(1, 5, 'c')]).toEqual([3, 2, 1]);
  });

  it('is found by a few rows, however many are taken', async () => {
    const { vxlan } = allocations;
    const every2nd = (from: number, to: number) =>
      database.transaction(async (tx) => {
        for (let i = from; i < to; i++) await vxlan.take(tx, 1 + i * 2, null);
      });
    const looks = async (db: Db) => {
      for (let i = 0; i < 100; i++) await vxlan.firstFree(db, 1 + i * 2, 2 ** 24 - 1, null);
    };
    const cost = () =>
      database.snapshot(async (db) => {
        const before = await rowsRead(db);
        await looks(db);
        return (await rowsRead(db)) - before;
      });
    await every2nd(0, 10_000);
    // PostgreSQL does it by itself before long; until then it may think that few rows are there.
    if (database.dialect === 'postgres')
      await database.transaction((tx) => sql`analyze ml2_vxlan_allocations`.execute(tx));
    await expectWalks(looks);
    // A look is at 32 rows at most; MariaDB counts how it finds the first, and what it takes to tell.
    expect(await cost()).toBeLessThan(100 * 34 + 200);
  });
});

/** Rows and entries of indexes that the server has read for this connection; SQLite does not count them. */
async function rowsRead(db: Db): Promise<number> {
  if (database.dialect === 'sqlite') return 0;
  if (database.dialect === 'postgres') {
    const { rows } = await sql<{ read: number }>`
      select sum(pg_stat_get_xact_tuples_returned(oid))::bigint as read from pg_class
      where oid = 'ml2_vxlan_allocations'::regclass
        or oid in (select indexrelid from pg_index where indrelid = 'ml2_vxlan_allocations'::regclass)`.execute(db);
    return Number(rows[0]!.read);
  }
  const { rows } = await sql<{ Value: string }>`show session status like 'Handler_read%'`.execute(db);
  return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
}

/** With SQLite: statements enter the table by its key, in order, and end after a few rows, however many there are. */
async function expectWalks(work: (db: Db) => Promise<void>): Promise<void> {
  if (database.dialect !== 'sqlite') return;
  const { recorded, statements } = await recordingDatabase(database);
  await work(recorded.db);
  await recorded.close();
  expect(statements.length).toBeGreaterThan(0);
  for (const { sql: text, values } of statements) {
    expect(text).toMatch(/ order by "a"\."vxlan_vni" limit \S+$/);
    const { rows } = await query(handleOf(database.db), `explain query plan ${text}`, values);
    expect(rows.map((row) => row[3])).toEqual([expect.stringMatching(/^SEARCH a USING .*\(\w+>\? AND \w+<\?\)$/)]);
  }
}
