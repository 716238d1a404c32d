import { randomUUID } from 'node:crypto';
import {
  type AgentRow,
  agentByTypeAndHost,
  agentsHosting,
  allHostingAgents,
  bindDhcpAgent,
  type HostingAgent,
  insertAgent,
  unbindDhcpAgent,
  underservedNetworks,
  updateAgentRow,
} from '../../db/write/agents.ts';
import { networkFacts } from '../../db/write/networks.ts';
import { neighbours, routedNetworksOf } from '../../db/write/segment-hosts.ts';
import { adminContext } from '../../lib/context.ts';
import type { AgentState, ReportAnswer } from '../../rpc/contract.ts';
import type { Change } from '../changes.ts';
import type { DhcpPorts } from '../dhcp/dhcp-ports.ts';
import { addAgents, isAlive } from '../dhcp/scheduler.ts';
import type { Machine } from '../machine.ts';
import { rebindPorts } from '../ml2/rebind.ts';
import { scheduleSegments } from '../segment/dhcp-scheduling.ts';
import { mapHost, sameReach } from '../segment/host-mapping.ts';

const DHCP_AGENT = 'DHCP agent';
/** A dead agent's networks move after this many times `agent_down_time`. */
const DEAD_AFTER = 2;
/** An agent that has just started gets this long for each network it serves before it counts as dead. */
const GRACE_PER_NETWORK_MS = 2_000;

/** Who lives where: heartbeats, the networks of DHCP agents, and what happens when one dies (upstream: db/agents_db.py). */
export class AgentDirectory {
  readonly #machine: Machine;
  readonly #dhcpPorts: DhcpPorts;
  readonly #startedAtMs: number;
  #timer: NodeJS.Timeout | null = null;
  /** Hosts whose segments this server has looked at. */
  readonly #mapped = new Set<string>();
  /** Ports being bound because an agent appeared. */
  #rebinding: Promise<void> = Promise.resolve();
  #moving: Promise<void> | null = null;

  constructor(machine: Machine, dhcpPorts: DhcpPorts) {
    this.#machine = machine;
    this.#dhcpPorts = dhcpPorts;
    this.#startedAtMs = machine.shared.now();
  }

  /** Begins to look for dead agents. */
  start(): void {
    const { core } = this.#machine.shared.options;
    if (!core.allow_automatic_dhcp_failover) return;
    const everyMs = Math.max((core.agent_down_time * 1000) / 2, 1000);
    this.#timer = setInterval(() => void this.moveFromDead(), everyMs);
    this.#timer.unref();
  }

  async close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#moving;
    await this.#rebinding;
  }

  /** Settles when ports of agents that appeared have been tried. */
  idle(): Promise<void> {
    return this.#rebinding;
  }

  /**
   * Notes a heartbeat. `time` is the agent's own clock: reports older than this server are left-overs of a queue and
   * answered as nothing; a clock that is far off is worth an error line, no more.
   */
  async report(state: AgentState, time: string): Promise<ReportAnswer | null> {
    const { shared, changes, objects, outbox } = this.#machine;
    const { agent_type, host } = state;
    const sentAtMs = Date.parse(`${time.slice(0, 23)}Z`);
    if (sentAtMs < this.#startedAtMs && shared.now() - sentAtMs > shared.options.core.agent_down_time * 1000) {
      shared.logger.debug({ agent_type, host, time }, 'an old heartbeat was ignored');
      return null;
    }
    if (state.start_flag) this.#checkClock(state, sentAtMs);
    const binds = this.#machine.mechanisms.drivers.some((driver) => driver.agentType === agent_type);
    // What its host reaches decides which segments it serves; a heartbeat decides nothing.
    const maps = binds && shared.extensions.has('segment') && (state.start_flag || !this.#mapped.has(host));
    const turn = maps ? 'alone' : 'together';
    const { result, tasks } = await changes.run(
      adminContext(),
      async (change) => {
        const known = await agentByTypeAndHost(change.tx, agent_type, host);
        const answer = await this.#reportIn(change, state, known);
        if (binds) await this.#mapSegments(change, state, known);
        return answer;
      },
      turn,
    );
    outbox.tellSoon(tasks);
    await objects.reported(state);
    if (binds && (result !== 'alive' || state.start_flag)) this.#rebind(host);
    return result;
  }

  /** Nobody waits for it: the agent wants its answer. */
  #rebind(host: string): void {
    this.#rebinding = this.#rebinding
      .then(() => rebindPorts(this.#machine, host))
      .catch((error) => this.#machine.shared.logger.error({ host, error }, 'binding ports of a new agent failed'));
  }

  /** What the agent's host reaches, when that may have changed. */
  async #mapSegments(change: Change, state: AgentState, known: AgentRow | null): Promise<void> {
    const { mechanisms, shared } = this.#machine;
    if (!shared.extensions.has('segment')) return;
    const same = known !== null && sameReach(known.configurations, state.configurations ?? {});
    if (same && !state.start_flag && this.#mapped.has(state.host)) return;
    const added = await mapHost(change.tx, mechanisms, state.host);
    await scheduleSegments(change, added, shared.options.core);
    this.#mapped.add(state.host);
  }

  async #reportIn({ tx, nowMs }: Change, state: AgentState, known: AgentRow | null): Promise<ReportAnswer> {
    const { options } = this.#machine.shared;
    const reported: Pick<AgentRow, 'configurations' | 'binary' | 'topic' | 'availability_zone' | 'load'> = {
      configurations: state.configurations ?? {},
      binary: state.binary,
      topic: state.topic,
      availability_zone: state.availability_zone ?? null,
      load: loadOf(state, options.core.dhcp_load_type),
    };
    const versions = state.resource_versions ? { resource_versions: JSON.stringify(state.resource_versions) } : {};
    if (known) {
      const started = state.start_flag ? { started_at: nowMs } : {};
      await updateAgentRow(tx, known.id, { ...reported, ...versions, ...started, heartbeat_timestamp: nowMs });
      return isAlive(known.heartbeat_timestamp, nowMs, options.core) ? 'alive' : 'revived';
    }
    await insertAgent(tx, {
      id: randomUUID(),
      agent_type: state.agent_type,
      host: state.host,
      admin_state_up: options.core.enable_new_agents,
      created_at: nowMs,
      started_at: nowMs,
      heartbeat_timestamp: nowMs,
      description: null,
      resource_versions: null,
      resources_synced: null,
      ...reported,
      ...versions,
    });
    return 'new';
  }

  #checkClock({ agent_type, host }: AgentState, sentAtMs: number): void {
    const { shared } = this.#machine;
    const differenceMs = Math.abs(shared.now() - sentAtMs);
    if (differenceMs <= shared.options.core.agent_down_time * 1000) return;
    const seconds = Math.round(differenceMs / 1000);
    shared.logger.error({ agent_type, host, seconds }, 'the clock of this agent and the server are far apart');
  }

  /** Gives the DHCP agent of a host, which is asking for its networks, those that have too few agents. */
  async autoSchedule(host: string): Promise<void> {
    const { shared, changes } = this.#machine;
    const { core } = shared.options;
    if (!core.network_auto_schedule || !core.enable_traditional_dhcp) return;
    await changes.run(adminContext(), async ({ tx, nowMs }) => {
      const agent = await agentByTypeAndHost(tx, DHCP_AGENT, host);
      if (!agent?.admin_state_up || !isAlive(agent.heartbeat_timestamp, nowMs, core)) return;
      // Of a routed network every host serves what it reaches, however many agents there are.
      const underserved = await underservedNetworks(tx, core.dhcp_agents_per_network);
      const networks = [...new Set([...underserved, ...(await routedNetworksOf(tx, host))])];
      const present = await agentsHosting(tx, networks);
      for (const id of networks) {
        if (present.some((binding) => binding.network_id === id && binding.id === agent.id)) continue;
        const zones = (await networkFacts(tx, id))?.availability_zone_hints ?? [];
        if (zones.length === 0 || zones.includes(agent.availability_zone ?? '')) await bindDhcpAgent(tx, id, agent.id);
      }
    });
  }

  /** Moves networks from agents that are dead to ones that live. */
  moveFromDead(): Promise<void> {
    this.#moving ??= this.#moveFromDead()
      .catch((error) => this.#machine.shared.logger.error({ error }, 'moving networks from dead DHCP agents failed'))
      .finally(() => {
        this.#moving = null;
      });
    return this.#moving;
  }

  async #moveFromDead(): Promise<void> {
    const { shared } = this.#machine;
    const bindings = await allHostingAgents(shared.database.db);
    const networksOf = Map.groupBy(bindings, ({ id }) => id);
    for (const binding of bindings) {
      const served = networksOf.get(binding.id)!.length;
      if (this.#isDead(binding, served)) await this.#move(binding);
    }
  }

  #isDead(agent: HostingAgent, networks: number): boolean {
    const { now, options } = this.#machine.shared;
    const downMs = options.core.agent_down_time * 1000;
    const nowMs = now();
    if (nowMs - agent.heartbeat_timestamp <= DEAD_AFTER * downMs) return false;
    return nowMs - agent.started_at > GRACE_PER_NETWORK_MS * networks;
  }

  /** To another agent if there is one; else the network keeps the dead one, which may come back. */
  async #move(dead: HostingAgent): Promise<void> {
    const { changes, outbox, shared } = this.#machine;
    const context = adminContext();
    const { result: moved, tasks } = await changes.run(context, async (change) => {
      const { tx, nowMs } = change;
      const id = dead.network_id;
      const present = await agentsHosting(tx, [id]);
      if (!present.some((agent) => agent.id === dead.id)) return false;
      const zoneHints = (await networkFacts(tx, id))?.availability_zone_hints ?? [];
      const hosts = await neighbours(tx, id, dead.host);
      const added = await addAgents(tx, { id, zoneHints, hosts }, 1, present, { options: shared.options.core, nowMs });
      if (added.length === 0) return false;
      await unbindDhcpAgent(tx, id, dead.id);
      await change.todo('network', id, 'unscheduled', { hosts: [dead.host] });
      await change.todo('network', id, 'scheduled', { hosts: added.map(({ host }) => host) });
      return true;
    });
    if (!moved) return;
    shared.logger.warn({ resource: 'network', id: dead.network_id, host: dead.host }, 'moved from a dead DHCP agent');
    await this.#dhcpPorts.reserve(context, dead.network_id, dead.host);
    outbox.tellSoon(tasks);
  }
}

/** The number of its configurations that says how much an agent does; 0 where it does not say. */
function loadOf({ agent_type, configurations }: AgentState, loadType: string): number {
  const value = agent_type === DHCP_AGENT ? configurations?.[loadType] : 0;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : 0;
}
