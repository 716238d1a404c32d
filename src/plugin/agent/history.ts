import { type AgentEvent, agentEvents, noteAgentEvent } from '../../db/write/agent-events.ts';
import { type AgentRow, agentById } from '../../db/write/agents.ts';
import type { Change } from '../changes.ts';
import type { RouteCall } from '../contract.ts';
import type { Domain } from '../domain.ts';
import { apiTime, type Shared } from '../parts.ts';
import { agentErrors } from './errors.ts';

/**
 * What an agent's report ends: a silence of more than `agent_down_time`, or the time before its start. Told by the report and
 * the row before it, so nobody need watch, and nothing is missed while no server is there: a silence may be the servers' own.
 */
export async function noteHistory(
  { tx, nowMs }: Change,
  known: Pick<AgentRow, 'id' | 'heartbeat_timestamp'>,
  { started, wasDead }: { started: boolean; wasDead: boolean },
): Promise<void> {
  if (!started && !wasDead) return;
  const silent_since = wasDead ? known.heartbeat_timestamp : null;
  await noteAgentEvent(tx, { agent_id: known.id, at: nowMs, started, silent_since });
}

/** `GET /v2.0/agents/{id}/history` */
export const agentHistory: Domain = {
  name: 'history of agents',
  aliases: () => ['neutrino-agent-history'],
  make: ({ shared }) => ({ routes: { 'GET agents/{id}/history': (call) => historyOf(shared, call) } }),
};

/** @throws AgentNotFound */
async function historyOf({ database, options }: Shared, { params }: RouteCall): Promise<unknown> {
  const id = params.id!;
  if ((await agentById(database.db, id)) === null) throw agentErrors.AgentNotFound({ id });
  return {
    agent_down_time: options.core.agent_down_time,
    events: (await agentEvents(database.db, id)).map(shown),
  };
}

function shown({ at, started, silent_since }: AgentEvent) {
  return { at: apiTime(at), started, silent_since: silent_since === null ? null : apiTime(silent_since) };
}
