import {
  agentsHosting,
  type DhcpAgentFacts,
  dhcpAgents,
  networksOfDhcpAgent,
  newestHeartbeat,
  unbindDhcpAgent,
} from '../../db/write/agents.ts';
import { networkFacts } from '../../db/write/networks.ts';
import { neighbours } from '../../db/write/segment-hosts.ts';
import { adminContext } from '../../lib/context.ts';
import type { Duty } from '../duty/duties.ts';
import type { Machine } from '../machine.ts';
import type { DhcpPorts } from './dhcp-ports.ts';
import { addAgents, isAlive } from './scheduler.ts';

/** A dead agent's networks move after this many times `agent_down_time`. */
const DEAD_AFTER = 2;
/** An agent that has just started gets this much longer for each network it serves. */
const GRACE_PER_NETWORK_MS = 2_000;

/** Moves networks from DHCP agents that are dead to ones that live (upstream: db/agentschedulers_db.py). */
export class FailOver {
  readonly #machine: Machine;
  readonly #dhcpPorts: DhcpPorts;
  readonly #everyMs: number;
  /** Both clocks at the last look, and until when nothing is moved, by the one that nobody sets. */
  #lastLook: { wallMs: number; elapsedMs: number };
  #quietUntilMs: number;

  constructor(machine: Machine, dhcpPorts: DhcpPorts) {
    this.#machine = machine;
    this.#dhcpPorts = dhcpPorts;
    this.#everyMs = Math.max(Math.floor(this.#options.agent_down_time / 2), 1) * 1000;
    this.#lastLook = { wallMs: machine.shared.now(), elapsedMs: machine.shared.elapsed() };
    // Where every server was away, agents need the time to report to the first that is there.
    this.#quietUntilMs = machine.shared.elapsed() + this.#downMs;
  }

  get #options() {
    return this.#machine.shared.options.core;
  }

  get #downMs(): number {
    return this.#options.agent_down_time * 1000;
  }

  /** What one of the servers does; nothing where the configuration says so. */
  get duties(): Duty[] {
    const { allow_automatic_dhcp_failover, enable_traditional_dhcp, network_auto_schedule } = this.#options;
    if (!allow_automatic_dhcp_failover || !enable_traditional_dhcp || !network_auto_schedule) return [];
    return [{ name: 'dhcp fail-over', everyMs: this.#everyMs, work: (stillOurs) => this.#look(stillOurs) }];
  }

  async #look(stillOurs: () => boolean): Promise<void> {
    const { shared } = this.#machine;
    const { db } = shared.database;
    // The moment that is trusted is the one to judge by: the clock may be set at any time.
    const nowMs = shared.now();
    if (!(await this.#isTrusted(nowMs))) return;
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

  /**
   * Whether silence means death. It does not when this server, its clock, the queue or the database was held up: then agents
   * get the time to report that makes the difference.
   */
  async #isTrusted(wallMs: number): Promise<boolean> {
    const { database, elapsed, logger } = this.#machine.shared;
    const elapsedMs = elapsed();
    const since = { wallMs: wallMs - this.#lastLook.wallMs, elapsedMs: elapsedMs - this.#lastLook.elapsedMs };
    this.#lastLook = { wallMs, elapsedMs };
    const late = since.elapsedMs > this.#everyMs + this.#downMs;
    // Backwards makes nobody dead.
    const jumped = since.wallMs - since.elapsedMs > this.#downMs;
    const newest = await newestHeartbeat(database.db);
    const allSilent = newest !== null && !isAlive(newest, wallMs, this.#options);
    if (late || jumped || allSilent) {
      const why = jumped ? 'the clock was set' : late ? 'this server did not look for long' : 'no agent reports at all';
      const quietUntilMs = elapsedMs + DEAD_AFTER * this.#downMs;
      if (this.#quietUntilMs < elapsedMs)
        logger.warn({ why }, 'waiting for agents to report before any counts as dead');
      this.#quietUntilMs = Math.max(this.#quietUntilMs, quietUntilMs);
    }
    return elapsedMs >= this.#quietUntilMs;
  }

  #isDead(agent: DhcpAgentFacts, nowMs: number): boolean {
    const limitMs = DEAD_AFTER * this.#downMs;
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
