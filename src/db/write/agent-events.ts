import type { Db, Tx } from '../database.ts';

/** Kept of each agent: one that is restarted every hour has two days of them. */
const MOST = 50;

/** A report that was more than a sign of life. Times are milliseconds since the epoch. */
export interface AgentEvent {
  agent_id: string;
  at: number;
  /** The agent had just been started. */
  started: boolean;
  /** Its last report before, where it had been dead since; else null. */
  silent_since: number | null;
}

/**
 * Notes it, and forgets the oldest of more than are kept. A second one of the same moment tells nothing new.
 * @throws a unique violation when another server noted one of this moment meanwhile
 */
export async function noteAgentEvent(tx: Tx, event: AgentEvent): Promise<void> {
  const same = await tx
    .selectFrom('neutrino_agent_events')
    .select('at')
    .where('agent_id', '=', event.agent_id)
    .where('at', '=', event.at)
    .executeTakeFirst();
  if (same !== undefined) return;
  await tx
    .insertInto('neutrino_agent_events')
    .values({ ...event })
    .execute();
  const oldest = await tx
    .selectFrom('neutrino_agent_events')
    .select('at')
    .where('agent_id', '=', event.agent_id)
    .orderBy('at', 'desc')
    .offset(MOST)
    .limit(1)
    .executeTakeFirst();
  if (oldest === undefined) return;
  await tx
    .deleteFrom('neutrino_agent_events')
    .where('agent_id', '=', event.agent_id)
    .where('at', '<=', oldest.at)
    .execute();
}

/** Newest first. */
export async function agentEvents(db: Db, agentId: string): Promise<AgentEvent[]> {
  const rows = await db
    .selectFrom('neutrino_agent_events')
    .selectAll()
    .where('agent_id', '=', agentId)
    .orderBy('at', 'desc')
    .execute();
  return rows.map(({ agent_id, at, started, silent_since }) => ({
    agent_id,
    at: Number(at),
    started: Boolean(started),
    silent_since: silent_since === null ? null : Number(silent_since),
  }));
}
