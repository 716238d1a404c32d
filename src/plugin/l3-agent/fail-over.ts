import { agentById } from '../../db/write/agents.ts';
import {
  agentsOfRouters,
  bindRouter,
  type L3AgentFacts,
  l3Agents,
  routerFacts,
  routersOfAgent,
  unbindRouter,
} from '../../db/write/router-agents.ts';
import { adminContext } from '../../lib/context.ts';
import { Silence } from '../agent/silence.ts';
import type { Duty } from '../duty/duties.ts';
import type { Machine } from '../machine.ts';
import { scheduleRouter, works } from './scheduler.ts';

/**
 * Moves routers from L3 agents that are dead to ones that live, where the operator wants that (upstream:
 * db/l3_agentschedulers_db.py `reschedule_routers_from_down_agents`). HA routers move by themselves.
 */
export class RouterFailOver {
  readonly #machine: Machine;
  readonly #silence: Silence;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#silence = new Silence(machine.shared);
  }

  /** What one of the servers does; nothing where the configuration says so. */
  get duties(): Duty[] {
    if (!this.#machine.shared.options.l3Agent.allow_automatic_l3agent_failover) return [];
    const everyMs = this.#silence.everyMs;
    return [{ name: 'router fail-over', everyMs, work: (stillOurs) => this.#look(stillOurs) }];
  }

  async #look(stillOurs: () => boolean): Promise<void> {
    const { shared } = this.#machine;
    const { db } = shared.database;
    const nowMs = shared.now();
    if (!(await this.#silence.isTrusted(nowMs))) return;
    const agents = await l3Agents(db);
    const dead = agents.filter((agent) => agent.routers > 0 && this.#isDead(agent, nowMs));
    if (dead.length === 0) return;
    if (!agents.some((agent) => works({ nowMs }, this.#machine, agent))) {
      shared.logger.warn({ dead: dead.length }, 'no L3 agent lives that routers of dead ones could move to');
      return;
    }
    for (const agent of dead) {
      for (const { id, ha } of await routerFacts(db, await routersOfAgent(db, agent.id))) {
        if (ha) continue;
        if (!stillOurs()) return;
        if ((await this.#move(id, agent)) === 'lives') break;
      }
    }
  }

  #isDead(
    { admin_state_up, heartbeat_timestamp }: Pick<L3AgentFacts, 'admin_state_up' | 'heartbeat_timestamp'>,
    nowMs: number,
  ) {
    return admin_state_up && nowMs - heartbeat_timestamp > this.#silence.limitMs;
  }

  /**
   * To another agent if there is one; else the router keeps the dead one, which may come back. That one is not told: it asks
   * for all its routers when it is back, and gives up the others.
   */
  async #move(id: string, { id: agentId, host }: L3AgentFacts): Promise<'moved' | 'stays' | 'lives'> {
    const { changes, outbox, shared } = this.#machine;
    const { result, tasks } = await changes.run(adminContext(), async (change) => {
      const { tx, nowMs } = change;
      const agent = await agentById(tx, agentId);
      if (!agent) return 'stays';
      if (!this.#isDead(agent, nowMs)) return 'lives';
      const [router] = await routerFacts(tx, [id]);
      const present = await agentsOfRouters(tx, [id]);
      if (!router || !present.some((other) => other.id === agentId)) return 'stays';
      await unbindRouter(tx, id, agentId);
      const left = present.filter((other) => other.id !== agentId);
      const [added] = await scheduleRouter(change, this.#machine, router, { present: left });
      if (!added) {
        await bindRouter(tx, id, agentId, left);
        return 'stays';
      }
      await change.todo('router', id, 'scheduled', { hosts: [added.host] });
      return 'moved';
    });
    if (result !== 'moved') return result;
    shared.logger.warn({ resource: 'router', id, host }, 'moved from a dead L3 agent');
    outbox.tellSoon(tasks);
    return result;
  }
}
