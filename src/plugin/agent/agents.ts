import { getAgent, listAgents } from '../../db/read/agents.ts';
import { UnknownMarkerError } from '../../db/read/view.ts';
import { agentById, deleteAgentRow, updateAgentRow } from '../../db/write/agents.ts';
import { networksOfDhcpAgent } from '../../db/write/network-agents.ts';
import type { Context } from '../../lib/context.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import type { Agent } from '../../resources/shapes.ts';
import type { Collection, Input } from '../contract.ts';
import { takeAllRouters } from '../l3-agent/take-router.ts';
import type { Machine } from '../machine.ts';
import { wholeView } from '../parts.ts';
import { agentErrors } from './errors.ts';

/** Agents as administrators see them; they register themselves (upstream: db/agents_db.py). */
export class Agents implements Collection<Agent> {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  async list(_context: Context, query: ListQuery): Promise<Page<Agent>> {
    const { shared } = this.#machine;
    try {
      return await listAgents(shared.database, query, wholeView(shared));
    } catch (error) {
      if (error instanceof UnknownMarkerError) throw agentErrors.AgentNotFound({ id: error.marker });
      throw error;
    }
  }

  async get(_context: Context, id: string, fields: readonly string[] | null = null): Promise<Agent> {
    const { shared } = this.#machine;
    const agent = await getAgent(shared.database.db, id, wholeView(shared), fields);
    if (!agent) throw agentErrors.AgentNotFound({ id });
    return agent;
  }

  /** `admin_state_up` and `description`; a DHCP or L3 agent is told when it is switched. */
  async update(context: Context, id: string, changes: Input): Promise<Agent> {
    const { tasks } = await this.#machine.changes.run(context, async (change) => {
      const agent = await agentById(change.tx, id);
      if (!agent) throw agentErrors.AgentNotFound({ id });
      const columns: { admin_state_up?: boolean; description?: string | null } = {};
      if (typeof changes.admin_state_up === 'boolean') columns.admin_state_up = changes.admin_state_up;
      if (changes.description !== undefined) columns.description = changes.description as string | null;
      if (Object.keys(columns).length === 0) return;
      await updateAgentRow(change.tx, id, columns);
      const switched = columns.admin_state_up !== undefined && columns.admin_state_up !== agent.admin_state_up;
      if (switched && ['DHCP agent', 'L3 agent'].includes(agent.agent_type)) {
        const { agent_type, host } = agent;
        const payload = { agent_type, host, admin_state_up: columns.admin_state_up };
        await change.todo('agent', id, 'updated', payload);
      }
    });
    this.#machine.outbox.tellSoon(tasks);
    return this.get(context, id);
  }

  /** Its networks and routers lose it; should it still live, it is told to give them up, and registers anew with its next report. */
  async delete(context: Context, id: string): Promise<void> {
    const { tasks } = await this.#machine.changes.run(context, async (change) => {
      const agent = await agentById(change.tx, id);
      if (!agent) throw agentErrors.AgentNotFound({ id });
      for (const networkId of await networksOfDhcpAgent(change.tx, id)) {
        await change.todo('network', networkId, 'unscheduled', { hosts: [agent.host] });
      }
      await takeAllRouters(change, this.#machine, agent);
      await this.#machine.forwarding.endMoved(change, agent);
      await deleteAgentRow(change.tx, id);
    });
    this.#machine.outbox.tellSoon(tasks);
  }
}
