import type { Db } from '../database.ts';

/** Ports of one look. SQLite is synchronous: so many take a few milliseconds. */
const AT_ONCE = 5_000;

/** How many ports there are by status, counted piece by piece, so that whoever else wants something need not wait. */
export async function portCounts(db: Db, atOnce = AT_ONCE): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  let after = 0;
  for (;;) {
    const rows = await db
      .selectFrom((eb) =>
        eb
          .selectFrom('ports')
          .select(['standard_attr_id', 'status'])
          .where('standard_attr_id', '>', after)
          .orderBy('standard_attr_id')
          .limit(atOnce)
          .as('neutrino_piece'),
      )
      .select((eb) => ['status', eb.fn.countAll().as('count'), eb.fn.max('standard_attr_id').as('last')])
      .groupBy('status')
      .execute();
    let seen = 0;
    for (const { status, count, last } of rows) {
      counts[status] = (counts[status] ?? 0) + Number(count);
      seen += Number(count);
      after = Math.max(after, Number(last));
    }
    if (seen < atOnce) return counts;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
