import type { Db } from '../database.ts';
import { preparedIn } from '../prepared.ts';

/** `standard_attr_id` by id: the tables' own counters, which messages carry and the API does not show. */
export async function attributeIds(
  db: Db,
  table: 'networks' | 'subnets' | 'ports',
  ids: readonly string[],
): Promise<Map<string, number>> {
  const rows = await queries[table].all(db, ids);
  return new Map(rows.map(({ id, standard_attr_id }) => [id, Number(standard_attr_id)]));
}

const queries = {
  networks: preparedIn((db, ids: string[]) =>
    db.selectFrom('networks').select(['id', 'standard_attr_id']).where('id', 'in', ids),
  ),
  subnets: preparedIn((db, ids: string[]) =>
    db.selectFrom('subnets').select(['id', 'standard_attr_id']).where('id', 'in', ids),
  ),
  ports: preparedIn((db, ids: string[]) =>
    db.selectFrom('ports').select(['id', 'standard_attr_id']).where('id', 'in', ids),
  ),
} as const;
