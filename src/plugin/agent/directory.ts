import { randomUUID } from 'node:crypto';
import {
  type AgentRow,
  agentByTypeAndHost,
  insertAgent,
  noteHeartbeat,
  updateAgentRow,
} from '../../db/write/agents.ts';
import { agentsHosting, bindDhcpAgent, underservedNetworks } from '../../db/write/network-agents.ts';
import { networkFacts } from '../../db/write/networks.ts';
import { routedNetworksOf } from '../../db/write/segment-hosts.ts';
import { adminContext } from '../../lib/context.ts';
import type { AgentState, ReportAnswer } from '../../rpc/contract.ts';
import type { Change } from '../changes.ts';
import { networksOutOfReach } from '../dhcp/network-access.ts';
import { isAlive } from '../dhcp/scheduler.ts';
import { populates } from '../l2-population/notes.ts';
import type { Machine } from '../machine.ts';
import { rebindPorts } from '../ml2/rebind.ts';
import { scheduleSegments } from '../segment/dhcp-scheduling.ts';
import { mapHost, sameReach } from '../segment/host-mapping.ts';
import { noteHistory } from './history.ts';
import { LeftOverReports } from './left-over-reports.ts';

const DHCP_AGENT = 'DHCP agent';
/** Who lives where: heartbeats, and the networks of DHCP agents (upstream: db/agents_db.py). */
export class AgentDirectory {
  readonly #machine: Machine;
  readonly #leftOver: LeftOverReports;
  /** Agents whose clock was complained of. */
  readonly #farApart = new Set<string>();
  /** Agents that wait for what this server does not tell. */
  readonly #untold = new Set<string>();
  /** Hosts whose segments this server has looked at. */
  readonly #mapped = new Set<string>();
  /** Ports being bound because an agent appeared. */
  #rebinding: Promise<void> = Promise.resolve();

  constructor(machine: Machine) {
    this.#machine = machine;
    const { elapsed, now, options } = machine.shared;
    this.#leftOver = new LeftOverReports(now(), options.core.agent_down_time * 1000, elapsed);
  }

  async close(): Promise<void> {
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
    const { shared, changes, forwarding, objects, outbox } = this.#machine;
    const { agent_type, host } = state;
    const sentAtMs = Date.parse(`${time.slice(0, 23)}Z`);
    if (this.#leftOver.has(`${agent_type} ${host}`, sentAtMs)) {
      shared.logger.debug({ agent_type, host, time }, 'an old heartbeat was ignored');
      return null;
    }
    this.#checkClock(state, sentAtMs);
    this.#checkPopulation(state);
    const binds = this.#machine.mechanisms.drivers.some((driver) => driver.agentType === agent_type);
    // What its host reaches decides which segments it serves; a heartbeat decides nothing.
    const maps = binds && shared.extensions.has('segment') && (state.start_flag || !this.#mapped.has(host));
    const turn = maps ? 'alone' : 'together';
    if (!state.start_flag && !maps) {
      const answer = await this.#beat(state, binds);
      if (answer !== null) return answer;
    }
    const { result, tasks } = await changes.run(
      adminContext(),
      async (change) => {
        const known = await agentByTypeAndHost(change.tx, agent_type, host);
        const answer = await this.#reportIn(change, state, known);
        if (known) await forwarding.endMoved(change, known, state.configurations);
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

  /**
   * What nearly every report is: the same agent lives on. One statement, beside whatever else is under way.
   * @returns null when it is more than that
   */
  async #beat(state: AgentState, binds: boolean): Promise<'alive' | null> {
    const { database, extensions, now, options } = this.#machine.shared;
    const known = await agentByTypeAndHost(database.db, state.agent_type, state.host);
    const nowMs = now();
    if (!known || state.resource_versions || !isAlive(known.heartbeat_timestamp, nowMs, options.core)) return null;
    const same = sameReach(known.configurations, state.configurations ?? {});
    if (binds && extensions.has('segment') && !same) return null;
    if (binds && known.configurations.tunneling_ip !== state.configurations?.tunneling_ip) return null;
    const beat = { ...this.#reported(state), id: known.id, heartbeat_timestamp: nowMs };
    return (await database.transaction((tx) => noteHeartbeat(tx, beat))) ? 'alive' : null;
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
    await scheduleSegments(change, added, this.#machine);
    this.#mapped.add(state.host);
  }

  async #reportIn(change: Change, state: AgentState, known: AgentRow | null): Promise<ReportAnswer> {
    const { tx, nowMs } = change;
    const { options } = this.#machine.shared;
    const reported = this.#reported(state);
    const versions = state.resource_versions ? { resource_versions: JSON.stringify(state.resource_versions) } : {};
    if (known) {
      const started = state.start_flag ? { started_at: nowMs } : {};
      await updateAgentRow(tx, known.id, { ...reported, ...versions, ...started, heartbeat_timestamp: nowMs });
      const wasDead = !isAlive(known.heartbeat_timestamp, nowMs, options.core);
      await noteHistory(change, known, { started: state.start_flag === true, wasDead });
      return wasDead ? 'revived' : 'alive';
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

  #reported(state: AgentState): Pick<AgentRow, 'configurations' | 'binary' | 'topic' | 'availability_zone' | 'load'> {
    return {
      configurations: state.configurations ?? {},
      binary: state.binary,
      topic: state.topic,
      availability_zone: state.availability_zone ?? null,
      load: loadOf(state, this.#machine.shared.options.core.dhcp_load_type),
    };
  }

  /** Once per agent, and at each of its starts. A report that is late for another reason is not worth a line. */
  #checkClock({ agent_type, host, start_flag }: AgentState, sentAtMs: number): void {
    const { shared } = this.#machine;
    const differenceMs = Math.abs(shared.now() - sentAtMs);
    const agent = `${agent_type} ${host}`;
    if (differenceMs <= shared.options.core.agent_down_time * 1000) {
      this.#farApart.delete(agent);
      return;
    }
    if (this.#farApart.has(agent) && !start_flag) return;
    this.#farApart.add(agent);
    const seconds = Math.round(differenceMs / 1000);
    shared.logger.error({ agent_type, host, seconds }, 'the clock of this agent and the server are far apart');
  }

  /** Once per agent, and at each of its starts. */
  #checkPopulation({ agent_type, host, start_flag, configurations }: AgentState): void {
    const { mechanisms, shared } = this.#machine;
    const agent = `${agent_type} ${host}`;
    if (configurations?.l2_population !== true || populates(mechanisms.drivers)) {
      this.#untold.delete(agent);
      return;
    }
    if (this.#untold.has(agent) && !start_flag) return;
    this.#untold.add(agent);
    shared.logger.warn(
      { agent_type, host },
      'this agent waits to be told what is where ([vxlan] l2_population): add l2population to [ml2] mechanism_drivers',
    );
  }

  /** Gives the DHCP agent of a host, which is asking for its networks, those that have too few agents. */
  async autoSchedule(host: string): Promise<void> {
    const { shared, changes, mechanisms } = this.#machine;
    const { core } = shared.options;
    if (!core.network_auto_schedule || !core.enable_traditional_dhcp) return;
    await changes.run(adminContext(), async ({ tx, nowMs }) => {
      const agent = await agentByTypeAndHost(tx, DHCP_AGENT, host);
      if (!agent?.admin_state_up || !isAlive(agent.heartbeat_timestamp, nowMs, core)) return;
      // Of a routed network every host serves what it reaches, however many agents there are.
      const underserved = await underservedNetworks(tx, core.dhcp_agents_per_network);
      const networks = [...new Set([...underserved, ...(await routedNetworksOf(tx, host))])];
      const present = Map.groupBy(await agentsHosting(tx, networks), ({ network_id }) => network_id);
      const cut = await networksOutOfReach(tx, mechanisms, host, networks);
      for (const id of networks) {
        const serving = present.get(id) ?? [];
        if (serving.some((binding) => binding.id === agent.id)) continue;
        const hints = (await networkFacts(tx, id))?.availability_zone_hints ?? [];
        const zones = hints.length > 0 ? hints : core.default_availability_zones;
        if (zones.length > 0 && !zones.includes(agent.availability_zone ?? '')) continue;
        if (cut.has(id)) continue;
        await bindDhcpAgent(tx, id, agent.id, serving);
      }
    });
  }
}

/** The number of its configurations that says how much an agent does; 0 where it does not say. */
function loadOf({ agent_type, configurations }: AgentState, loadType: string): number {
  const value = agent_type === DHCP_AGENT ? configurations?.[loadType] : 0;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : 0;
}
