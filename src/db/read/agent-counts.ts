import { sql } from 'kysely';
import type { Db } from '../database.ts';

/** What agents of a type call themselves; others are counted together, since their names are anybody's. */
const TYPES = [
  'Linux bridge agent',
  'DHCP agent',
  'Metadata agent',
  'L3 agent',
  'Open vSwitch agent',
  'Metering agent',
  'NIC Switch agent',
];

/** How many agents of each type there are: those heard of since a moment (ms since the epoch), and the others. */
export async function agentCounts(
  db: Db,
  aliveSinceMs: number,
): Promise<{ type: string; alive: number; dead: number }[]> {
  const rows = await db
    .selectFrom('agents')
    .select((eb) => [
      'agent_type',
      eb.fn.countAll().as('all'),
      eb.fn
        .sum(eb.case().when('heartbeat_timestamp', '>=', aliveSinceMs).then(sql.lit(1)).else(sql.lit(0)).end())
        .as('alive'),
    ])
    .groupBy('agent_type')
    .execute();
  const counts = new Map<string, { type: string; alive: number; dead: number }>();
  for (const row of rows) {
    const type = TYPES.includes(row.agent_type) ? row.agent_type : 'other';
    const count = counts.get(type) ?? { type, alive: 0, dead: 0 };
    count.alive += Number(row.alive);
    count.dead += Number(row.all) - Number(row.alive);
    counts.set(type, count);
  }
  return [...counts.values()];
}
