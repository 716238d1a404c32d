import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../database.ts';
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

  it('costs as much with 10,000 taken as with 100', async () => {
    const { vxlan } = allocations;
    const every2nd = (from: number, to: number) =>
      database.transaction(async (tx) => {
        for (let i = from; i < to; i++) await vxlan.take(tx, 1 + i * 2, null);
      });
    const cost = async () => {
      const began = performance.now();
      for (let i = 0; i < 200; i++) await vxlan.firstFree(database.db, 1 + (i % 100) * 2, 2 ** 24 - 1, null);
      return performance.now() - began;
    };
    await every2nd(0, 100);
    await cost();
    const few = await cost();
    await every2nd(100, 10_000);
    // A walk over all of them would be a hundred times as long.
    expect(await cost()).toBeLessThan(few * 20 + 20);
  });
});
