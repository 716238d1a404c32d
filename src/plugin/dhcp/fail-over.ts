import {
  agentsHosting,
  type DhcpAgentFacts,
  dhcpAgents,
  networksOfDhcpAgent,
  unbindDhcpAgent,
} from '../../db/write/network-agents.ts';
import { networkFacts } from '../../db/write/networks.ts';
import { neighbours } from '../../db/write/segment-hosts.ts';
import { adminContext } from '../../lib/context.ts';
import { Silence } from '../agent/silence.ts';
import type { Duty } from '../duty/duties.ts';
import type { Machine } from '../machine.ts';
import type { DhcpPorts } from './dhcp-ports.ts';
import { addAgents, isAlive } from './scheduler.ts';

/** An agent that has just started gets this much longer for each network it serves. */
const GRACE_PER_NETWORK_MS = 2_000;

/** Moves networks from DHCP agents that are dead to ones that live (upstream: db/agentschedulers_db.py). */
export class FailOver {
  readonly #machine: Machine;
  readonly #dhcpPorts: DhcpPorts;
  readonly #silence: Silence;

  constructor(machine: Machine, dhcpPorts: DhcpPorts) {
    this.#machine = machine;
    this.#dhcpPorts = dhcpPorts;
    this.#silence = new Silence(machine.shared);
  }

  get #options() {
    return this.#machine.shared.options.core;
  }

  /** What one of the servers does; nothing where the configuration says so. */
  get duties(): Duty[] {
    const { allow_automatic_dhcp_failover, enable_traditional_dhcp, network_auto_schedule } = this.#options;
    if (!allow_automatic_dhcp_failover || !enable_traditional_dhcp || !network_auto_schedule) return [];
    return [{ name: 'dhcp fail-over', everyMs: this.#silence.everyMs, work: (stillOurs) => this.#look(stillOurs) }];
  }

  async #look(stillOurs: () => boolean): Promise<void> {
    const { shared } = this.#machine;
    const { db } = shared.database;
    // The moment that is trusted is the one to judge by: the clock may be set at any time.
    const nowMs = shared.now();
    if (!(await this.#silence.isTrusted(nowMs))) return;
    const agents = await dhcpAgents(db);
    const dead = agents.filter((agent) => this.#isDead(agent, nowMs));
    if (dead.length === 0) return;
    const lives = (agent: DhcpAgentFacts) => isAlive(agent.heartbeat_timestamp, nowMs, this.#options);
    if (!agents.some((agent) => agent.admin_state_up && lives(agent))) {
      shared.logger.warn({ dead: dead.length }, 'no DHCP agent lives that networks of dead ones could move to');
      return;
    }
    for (const agent of dead) {
      for (const networkId of await networksOfDhcpAgent(db, agent.id)) {
        if (!stillOurs()) return;
        if ((await this.#move(networkId, agent)) === 'lives') break;
      }
    }
  }

  #isDead(agent: DhcpAgentFacts, nowMs: number): boolean {
    const { limitMs } = this.#silence;
    if (!agent.admin_state_up || agent.networks === 0 || nowMs - agent.heartbeat_timestamp <= limitMs) return false;
    return nowMs - agent.started_at > limitMs + GRACE_PER_NETWORK_MS * agent.networks;
  }

  /**
   * To another agent if there is one; else the network keeps the dead one, which may come back. That one is not told: what
   * waited in its queue would be the first it hears when it is back, and then it asks for its networks anyway.
   */
  async #move(id: string, { id: agentId, host }: DhcpAgentFacts): Promise<'moved' | 'stays' | 'lives'> {
    const { changes, outbox, shared, mechanisms } = this.#machine;
    const context = adminContext();
    const { result, tasks } = await changes.run(context, async (change) => {
      const { tx, nowMs } = change;
      const present = await agentsHosting(tx, [id]);
      const dead = present.find((agent) => agent.id === agentId);
      if (!dead) return 'stays';
      if (isAlive(dead.heartbeat_timestamp, nowMs, this.#options)) return 'lives';
      const zoneHints = (await networkFacts(tx, id))?.availability_zone_hints ?? [];
      const network = { id, zoneHints, hosts: await neighbours(tx, id, host) };
      const ways = { options: this.#options, nowMs, mechanisms, random: shared.random };
      const [added] = await addAgents(tx, network, 1, present, ways);
      if (!added) return 'stays';
      await unbindDhcpAgent(tx, id, agentId);
      await change.todo('network', id, 'scheduled', { hosts: [added.host] });
      return 'moved';
    });
    if (result !== 'moved') return result;
    shared.logger.warn({ resource: 'network', id, host }, 'moved from a dead DHCP agent');
    await this.#dhcpPorts.reserve(context, id, host);
    outbox.tellSoon(tasks);
    return result;
  }
}
