import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { claimOutbox, deleteOutbox, holdOutbox, insertOutbox, outboxCounts } from '../../src/db/outbox.ts';
import { claimLane, laneWaits, releaseLane, trimLane } from '../../src/db/outbox-lane.ts';
import { dialects, openAgain } from './db-dialects.ts';

describe.each(dialects)('outbox on $name', ({ open }) => {
  let database: Database;

  beforeEach(async () => {
    database = await open();
  });

  afterEach(async () => {
    await database.close();
  });

  const write = async (resource_type: string, resource_id: string, created_at: number): Promise<number> => {
    let written = 0;
    const row = { resource_type, resource_id, action: 'tell', payload: '{}', created_at };
    await database.transaction((tx) =>
      insertOutbox(tx, row, (id) => {
        written = id;
      }),
    );
    return written;
  };
  const add = (resource_id: string, created_at: number) => write('port', resource_id, created_at);
  const claim = (before: number, now: number, limit = 10, on = database) =>
    on.transaction(async (tx) => (await claimOutbox(tx, { before, now, limit })).map((row) => row.id));

  it('gives what is old enough, oldest first, once', async () => {
    const a = await add('p1', 1000);
    const b = await add('p2', 1001);
    await add('p3', 5000);
    expect(await claim(3000, 5000)).toEqual([a, b]);
    expect(await claim(3000, 5000)).toEqual([]);
    expect(await outboxCounts(database.db)).toEqual({ total: 3, oldest: 1000 });
  });

  describe('a lane', () => {
    const note = (resource_id: string, created_at: number, resource_type = 'server') =>
      write(resource_type, resource_id, created_at);
    const claimed = (before: number, now: number, limit = 10, on = database) =>
      on.transaction(async (tx) => (await claimLane(tx, 'server', { before, now, limit })).map(({ id }) => id));

    it('is taken from its front, by one at a time, whatever waits elsewhere', async () => {
      await add('p1', 1000);
      const [a, b, c] = [await note('s1', 1000), await note('s2', 1000), await note('s1', 1000)];
      expect(await claimed(3000, 5000, 2)).toEqual([a, b]);
      expect(await claimed(3000, 5000)).toEqual([]);
      await database.transaction((tx) => releaseLane(tx, [a, b]));
      expect(await claimed(3000, 5000)).toEqual([a, b, c]);
      // Its sender died.
      expect(await claimed(6000, 8000)).toEqual([a, b, c]);
      await database.transaction((tx) => deleteOutbox(tx, [a, b, c]));
      expect(await laneWaits(database.db, 'server')).toBe(false);
      expect((await outboxCounts(database.db)).total).toBe(1);
    });

    it('is given to one of two that ask at the same moment', async () => {
      const other = await openAgain(database);
      for (let i = 0; i < 20; i++) await note('s1', 1000);
      const both = await Promise.all([claimed(3000, 5000, 5), claimed(3000, 5000, 5, other)]);
      expect(both.map((ids) => ids.length).sort()).toEqual([0, 5]);
      await other.close();
    });

    it('is left out by who looks after the rest', async () => {
      await note('s1', 1000);
      const port = await add('p1', 1000);
      const rest = await database.transaction((tx) =>
        claimOutbox(tx, { before: 3000, now: 5000, limit: 10, except: ['server'] }),
      );
      expect(rest.map(({ id }) => id)).toEqual([port]);
      expect(await outboxCounts(database.db, ['server'])).toEqual({ total: 1, oldest: 1000 });
    });

    it('loses what is too old, and the oldest of what is too much', async () => {
      await add('p1', 1);
      for (let i = 0; i < 8; i++) await note('s1', 1000 + i);
      const trim = (newerThan: number, rows: number) =>
        database.transaction((tx) => trimLane(tx, 'server', { newerThan, rows }));
      expect(await trim(1002, 100)).toBe(2);
      expect(await trim(0, 6)).toBe(0);
      expect(await trim(0, 4)).toBe(2);
      expect((await claimed(3000, 5000)).length).toBe(4);
      expect((await outboxCounts(database.db)).total).toBe(5);
    });
  });

  it('gives a row again when the one who took it did not finish', async () => {
    const a = await add('p1', 1000);
    expect(await claim(3000, 5000)).toEqual([a]);
    expect(await claim(6000, 8000)).toEqual([a]);
    await database.transaction((tx) => deleteOutbox(tx, [a]));
    expect(await claim(9000, 9000)).toEqual([]);
    expect(await outboxCounts(database.db)).toEqual({ total: 0, oldest: null });
  });

  it('leaves alone what somebody says to be still at, and what comes after it', async () => {
    const first = await add('p1', 1000);
    const second = await add('p1', 1001);
    await database.transaction((tx) => holdOutbox(tx, [first], 4000));
    expect(await claim(3000, 5000)).toEqual([]);
    await database.transaction((tx) => deleteOutbox(tx, [first]));
    expect(await claim(3000, 5000)).toEqual([second]);
  });

  it('keeps the order of one resource: nothing later while something earlier is being worked on', async () => {
    const first = await add('p1', 1000);
    const second = await add('p1', 1001);
    const other = await add('p2', 1002);
    expect(await claim(3000, 5000, 1)).toEqual([first]);
    expect(await claim(3000, 5000)).toEqual([other]);
    await database.transaction((tx) => deleteOutbox(tx, [first]));
    expect(await claim(3000, 5000)).toEqual([second]);
  });

  it('gives rows, of a lane as well, while an upgrade gives the table another column', async () => {
    const lane = (now: number) =>
      database.transaction((tx) => claimLane(tx, 'port', { before: now - 1, now, limit: 10 }));
    await add('p1', 1000);
    // More than once, so that the statements are prepared where a database does that.
    for (const now of [2000, 3000, 4000])
      expect([...(await claim(now - 1, now)), ...(await lane(now + 500))]).toHaveLength(2);
    const upgraded = await openAgain(database);
    const change = (how: 'add' | 'drop') =>
      upgraded.transaction(async (tx) => {
        const table = upgraded.forTables(tx).schema.alterTable('outbox');
        await (how === 'add' ? table.addColumn('weight', 'integer') : table.dropColumn('weight')).execute();
      });
    await change('add');
    try {
      expect([...(await claim(4999, 5000)), ...(await lane(5500))]).toHaveLength(2);
    } finally {
      await change('drop');
      await upgraded.close();
    }
  });

  it('gives each row to one of two servers', async () => {
    for (let i = 0; i < 40; i++) await add(`p${i}`, 1000 + i);
    const server = await openAgain(database);
    const batches = await Promise.all(
      Array.from({ length: 12 }, (_, i) => claim(3000, 5000, 5, i % 2 === 0 ? database : server)),
    );
    const all = batches.flat();
    expect(all).toHaveLength(40);
    expect(new Set(all).size).toBe(40);
    await server.close();
  });
});
