import type { Db, Tx } from '../database.ts';
import { prepared, preparedInsert } from '../prepared.ts';
import type { Schema } from '../schema.ts';

/**
 * The segmentation ids of one network type that are taken. A row is a taken id, nothing stands for a free one; the primary
 * key decides between servers that want the same.
 */
export interface Allocations {
  isTaken(db: Db, id: number, physicalNetwork: string | null): Promise<boolean>;
  /** @throws a unique violation when another was faster */
  take(tx: Tx, id: number, physicalNetwork: string | null): Promise<void>;
  release(tx: Tx, id: number, physicalNetwork: string | null): Promise<void>;
  /**
   * The smallest free id in [low, high], or null. It looks at a few taken ids from `low` on; only when these lie side by
   * side it counts whether all are taken, and only when they are not it walks on to the next gap.
   */
  firstFree(db: Db, low: number, high: number, physicalNetwork: string | null): Promise<number | null>;
  /** All that are taken in [low, high] of these physical networks, by physical network, each in order. */
  takenIn(
    db: Db,
    low: number,
    high: number,
    physicalNetworks: readonly (string | null)[],
  ): Promise<Map<string | null, number[]>>;
}

interface Named {
  id: number;
  physical: string | null;
}

interface Between {
  low: number;
  high: number;
  physical: string | null;
}

// Which table it is is data here, so kysely's types cannot follow.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Any = any;

/** Taken ids that are looked at before counting. */
const FIRST_LOOK = 32;

/**
 * @param column the id's
 * @param physical whether ids are taken per physical network
 */
function allocationsOf(table: keyof Schema & string, column: string, physical = false): Allocations {
  const of = (db: Any, alias: string, p: { physical: string | null }) => {
    const from = db.selectFrom(`${table} as ${alias}`);
    return physical ? from.where(`${alias}.physical_network`, '=', p.physical) : from;
  };
  const one = prepared<Named, Any>((db, p) => of(db, 'a', p).select(`a.${column}`).where(`a.${column}`, '=', p.id));
  const insert = preparedInsert(table, physical ? ['physical_network', column] : [column]);
  const remove = prepared<Named, Any>((db: Any, p) => {
    const from = db.deleteFrom(table).where(column, '=', p.id);
    return physical ? from.where('physical_network', '=', p.physical) : from;
  });
  const gap = prepared<Between, Any>((db, p) =>
    of(db, 'a', p)
      .select((eb: Any) => eb(`a.${column}`, '+', 1).as('free'))
      .where(`a.${column}`, '>=', p.low)
      .where(`a.${column}`, '<', p.high)
      .where(({ not, exists, ...eb }: Any) => {
        const next = of(eb, 'b', p).select(`b.${column}`);
        return not(exists(next.where(`b.${column}`, '=', eb.eb(`a.${column}`, '+', 1))));
      })
      .orderBy(`a.${column}`)
      .limit(1),
  );
  const inRange = (db: Any, p: Between) =>
    of(db, 'a', p).where(`a.${column}`, '>=', p.low).where(`a.${column}`, '<=', p.high);
  const few = prepared<Between, Any>((db, p) =>
    inRange(db, p).select(`a.${column}`).orderBy(`a.${column}`).limit(FIRST_LOOK),
  );
  const count = prepared<Between, Any>((db, p) => inRange(db, p).select((eb: Any) => eb.fn.countAll().as('rows')));
  return {
    isTaken: async (db, id, physicalNetwork) => (await one.first(db, { id, physical: physicalNetwork })) !== null,
    async take(tx, id, physicalNetwork) {
      await insert.later(tx, { [column]: id, physical_network: physicalNetwork } as Any);
    },
    async release(tx, id, physicalNetwork) {
      await remove.later(tx, { id, physical: physicalNetwork });
    },
    async firstFree(db, low, high, physicalNetwork) {
      const span = { low, high, physical: physicalNetwork };
      const seen = await few.arrays<readonly [unknown]>(db, span);
      const gapAt = seen.findIndex(([id], at) => Number(id) !== low + at);
      if (gapAt >= 0) return low + gapAt;
      if (low + seen.length > high) return null;
      if (seen.length < FIRST_LOOK) return low + seen.length;
      if (Number((await count.first(db, span)).rows) > high - low) return null;
      const row = await gap.first(db, span);
      return row === null ? null : Number(row.free);
    },
    async takenIn(db, low, high, physicalNetworks) {
      let select = (db as Any).selectFrom(table).where(column, '>=', low).where(column, '<=', high).orderBy(column);
      if (physical) select = select.where('physical_network', 'in', physicalNetworks);
      const rows: Record<string, unknown>[] = await select
        .select(physical ? [column, 'physical_network'] : [column])
        .execute();
      const ids = new Map<string | null, number[]>(physicalNetworks.map((name) => [name, []]));
      for (const row of rows) ids.get((row.physical_network as string | undefined) ?? null)!.push(Number(row[column]));
      return ids;
    },
  };
}

/** By network type. */
export const allocations = {
  vlan: allocationsOf('ml2_vlan_allocations', 'vlan_id', true),
  vxlan: allocationsOf('ml2_vxlan_allocations', 'vxlan_vni'),
  gre: allocationsOf('ml2_gre_allocations', 'gre_id'),
  geneve: allocationsOf('ml2_geneve_allocations', 'geneve_vni'),
} as const;

export type AllocatedType = keyof typeof allocations;
