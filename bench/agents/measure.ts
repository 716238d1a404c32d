import { cpus } from 'node:os';
import { silentLogger } from '../../src/lib/log.ts';
import { reportTime, StateReports } from '../../src/rpc/contract.ts';
import { RpcPeer } from '../../src/rpc/peer.ts';
import { until } from '../../test/support/wait.ts';
import { countMessages } from './created-ports.ts';
import { Crowd, type CrowdMember } from './crowd.ts';
import { pause, portOn, timesOf } from './raised.ts';
import type { AgentsReport } from './report.ts';
import { SharedLink, SharedWire } from './shared-wire.ts';
import { bridgeState } from './simulated-agent.ts';
import { type DatabaseKind, openStand, type Stand } from './stand.ts';
import { watchUpdates } from './updates.ts';
import { AliveWatch, watchCores } from './watch.ts';

export interface AgentsOptions {
  readonly agents: number;
  /** How many of them start at the same moment. */
  readonly atOnce: number;
  readonly database: DatabaseKind;
  /** How long heartbeats alone are watched. */
  readonly seconds: number;
  /** One a second. */
  readonly updates: number;
  /** Made, bound and wired one after the other, for their messages. */
  readonly ports: number;
  readonly portsPerAgent: number;
  readonly reportIntervalMs: number;
  /** Whether the server tells a changed port to its host's agent alone (`[neutrino] port_update_to_host`). */
  readonly toHost: boolean;
  /** For the server's process: NODE_OPTIONS to profile it. */
  readonly env: Readonly<Record<string, string>>;
  readonly say: (text: string) => void;
}

/** Agents of one project: so many ask again when a port comes to its default group. */
const AGENTS_PER_PROJECT = 10;
const BULK = 100;
/** Before anything is measured: what was done last is still being told, and a program that just began compiles itself. */
const SETTLE_MS = 10_000;
const WITHOUT_SECONDS = 30;

/** Raises everything, puts the load on it phase by phase, and says what was seen. */
export async function measureAgents(options: AgentsOptions): Promise<AgentsReport> {
  const { say } = options;
  say(`RabbitMQ, ${options.database} and one neutron-server`);
  await using stand = await openStand(options.database, options);
  await using crowd = new Crowd();
  await crowd.ask('connect', { transportUrl: stand.transportUrl, reportIntervalMs: options.reportIntervalMs });
  await using wire = await SharedWire.open(stand.transportUrl, 'bench-agents');
  const load = new Load(options, stand, crowd, wire);
  return await load.run();
}

class Load {
  readonly #options: AgentsOptions;
  readonly #stand: Stand;
  readonly #crowd: Crowd;
  readonly #wire: SharedWire;
  readonly #watch: AliveWatch;
  #members: CrowdMember[] = [];
  #network = '';

  constructor(options: AgentsOptions, stand: Stand, crowd: Crowd, wire: SharedWire) {
    this.#options = options;
    this.#stand = stand;
    this.#crowd = crowd;
    this.#wire = wire;
    this.#watch = new AliveWatch(stand.deployment.api);
  }

  async run(): Promise<AgentsReport> {
    const { agents, atOnce, database, portsPerAgent, say, seconds } = this.#options;
    await this.#prepare();
    this.#watch.start();
    const withoutSeconds = Math.min(WITHOUT_SECONDS, seconds);
    say(`${withoutSeconds} s without agents`);
    const without = await this.#rest(withoutSeconds);
    const start = await this.#start();
    say(`${seconds} s of heartbeats alone`);
    const withAgents = await this.#rest(seconds);
    const { beats } = withAgents;
    const raised = {
      stand: this.#stand,
      crowd: this.#crowd,
      wire: this.#wire,
      members: this.#members,
      network: this.#network,
    };
    say(`${this.#options.updates} port updates, one a second`);
    const updates = await watchUpdates(raised, this.#options.updates);
    say(`${this.#options.ports} ports made, bound and wired, one after the other`);
    const perPort = await countMessages(raised, this.#options.ports);
    await this.#watch.stop();
    const { timeouts, failures, firstFailure } = await this.#crowd.ask('counts', {});
    await this.#crowd.ask('stop', {});
    const serverShare = withAgents.server - without.server;
    return {
      when: new Date().toISOString(),
      machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`,
      database,
      toHost: this.#options.toHost,
      agents,
      portsPerAgent,
      atOnce,
      start,
      timeouts,
      failures,
      firstFailure,
      polls: this.#watch.polls,
      reportedDown: this.#watch.reportedDown,
      rest: {
        seconds,
        beats,
        without,
        withAgents,
        serverPercent: serverShare * 100,
        msPerBeat: (serverShare * seconds * 1000) / Math.max(1, beats),
      },
      updates,
      perPort,
    };
  }

  /** A cloud that was switched off: agents the server knows, with ports bound to their hosts. */
  async #prepare(): Promise<void> {
    const { agents, portsPerAgent, say } = this.#options;
    const { api } = this.#stand.deployment;
    say(`${agents} agents register, ${agents * portsPerAgent} ports are bound to them`);
    const hosts = Array.from({ length: agents }, (_, number) => `compute-${String(number).padStart(4, '0')}`);
    const openLink = await SharedLink.open(this.#wire, () => false);
    const reports = new StateReports(new RpcPeer(openLink, silentLogger));
    const register = (host: string, number: number) =>
      reports.report({ ...bridgeState(host, number, portsPerAgent), start_flag: true }, reportTime(new Date()));
    // The server answers requests before it listens to agents.
    await until('the server to take reports', () => register(hosts[0]!, 0), { everyMs: 250 });
    await inTurns(hosts, BULK, register);
    const network = await api.create('network');
    this.#network = network.id;
    // The agent that serves the network must be there before its subnet.
    await this.#crowd.ask('startDhcp', { host: hosts[0]! });
    await api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/12' });
    const projects = hosts.map((_, number) => `project-${Math.floor(number / AGENTS_PER_PROJECT)}`);
    const wanted = hosts.flatMap((host, number) =>
      Array(portsPerAgent).fill(portOn(network.id, host, projects[number]!)),
    );
    const ids: string[] = [];
    for (let at = 0; at < wanted.length; at += BULK) {
      for (const port of await api.createMany('port', wanted.slice(at, at + BULK))) ids.push(port.id);
    }
    this.#members = hosts.map((host, number) => ({
      host,
      number,
      ports: ids.slice(number * portsPerAgent, (number + 1) * portsPerAgent),
    }));
  }

  async #rest(seconds: number) {
    await pause(Math.min(SETTLE_MS, seconds * 100));
    const { serverPid: server, brokerPid: broker, databasePid: database } = this.#stand;
    const beats = async () => (await this.#crowd.ask('counts', {})).beats;
    const before = await beats();
    const used = watchCores({ server, broker, database, agents: this.#crowd.pid });
    await pause(seconds * 1000);
    return { ...used(), beats: (await beats()) - before };
  }

  /** The first ones at once, the others over a report interval, as the machines of a cloud come back. */
  async #start(): Promise<AgentsReport['start']> {
    const { atOnce, reportIntervalMs, say } = this.#options;
    const [first, others] = [this.#members.slice(0, atOnce), this.#members.slice(atOnce)];
    say(`${first.length} agents start at once`);
    const began = performance.now();
    await this.#crowd.ask('listen', { members: first });
    const declareMs = performance.now() - began;
    const times = await this.#crowd.ask('start', { hosts: first.map(({ host }) => host), overMs: 0 });
    const allMs = performance.now() - began - declareMs;
    for (const { host } of first) this.#watch.running.add(host);
    say(`  queues ${(declareMs / 1000).toFixed(1)} s, then known after ${(allMs / 1000).toFixed(1)} s`);
    if (others.length > 0) {
      const from = performance.now();
      for (let at = 0; at < others.length; at += BULK) {
        await this.#crowd.ask('listen', { members: others.slice(at, at + BULK) });
      }
      say(`  queues of ${others.length} others ${((performance.now() - from) / 1000).toFixed(1)} s`);
      await this.#crowd.ask('start', { hosts: others.map(({ host }) => host), overMs: reportIntervalMs });
      for (const { host } of others) this.#watch.running.add(host);
    }
    return { declareMs, untilKnown: timesOf(times), allMs };
  }
}

async function inTurns<T>(list: readonly T[], most: number, work: (one: T, at: number) => Promise<unknown>) {
  for (let at = 0; at < list.length; at += most) {
    await Promise.all(list.slice(at, at + most).map((one, offset) => work(one, at + offset)));
  }
}
