import type { Network, Port } from '../../src/resources/shapes.ts';
import type { EmulatedHost } from '../../test/support/hosts.ts';
import { until } from '../../test/support/wait.ts';
import { cpuMs } from '../processes.ts';
import { type AgentWork, readLog, writes } from './agent-log.ts';
import { portsOn, type SharedGroups } from './groups.ts';
import type { HostAgent, Kind, Site } from './site.ts';
import { makeTaps } from './taps.ts';

/** What a site was given before agents come: a network, groups, and members of the remote group. */
export interface Ground {
  readonly site: Site;
  readonly network: Network;
  readonly groups: SharedGroups;
}

export interface StartFigures {
  readonly kind: Kind;
  readonly ports: number;
  /** From the start of its process until the server has all ports ACTIVE. */
  readonly fromExecMs: number;
  /** From the first answer to any call of the agent's to its last report; null where its log does not say. */
  readonly fromFirstAnswerMs: number | null;
  /** CPU time of the agent and all it started. */
  readonly agentCpuMs: number;
  /** By program: how often it ran, and how long that took together. Empty where the log does not say. */
  readonly commands: Readonly<Record<string, { count: number; ms: number }>>;
}

/** A host with an agent whose ports are all served. */
export interface Served {
  readonly ground: Ground;
  readonly host: EmulatedHost;
  readonly agent: HostAgent;
  readonly ports: readonly Port[];
  readonly start: StartFigures;
}

/** Python's agent is slow, and asking its server is dear. */
const START_LIMIT_MS = 1_800_000;

/** Makes a host with ports and their taps, wired to nothing, starts its agent, and waits until the server has all ports ACTIVE. */
export async function startHost(
  ground: Ground,
  { name, kind, ports: count, debug = true }: { name: string; kind: Kind; ports: number; debug?: boolean },
): Promise<Served> {
  const { site, network, groups } = ground;
  const host = await site.addHost(name);
  const agent = await site.makeAgent(kind, host, debug);
  // The server binds ports to hosts whose agent it knows.
  agent.program.start();
  await agent.program.ready('known to the server', () => isKnown(site, host), 120_000);
  await agent.program.stop();
  const ports = await portsOn(site, network.id, { host: name, count, groups });
  await makeTaps(host, ports);
  const began = Date.now();
  const from = performance.now();
  agent.program.start();
  const pid = (await agent.program.pid())!;
  await untilActive(site, ports, kind === 'ours' ? 5 : 250);
  const fromExecMs = performance.now() - from;
  const work = kind === 'ours' && debug ? readLog(agent.log(), began) : null;
  const figures: StartFigures = {
    kind,
    ports: count,
    fromExecMs,
    fromFirstAnswerMs: work && span(work),
    agentCpuMs: cpuMs([pid], { ended: true }),
    commands: work ? countCommands(work) : {},
  };
  return { ground, host, agent, ports, start: figures };
}

async function isKnown({ api }: Site, host: EmulatedHost): Promise<boolean> {
  const agents = await api.list('agent', `binary=neutron-linuxbridge-agent&host=${host.name}`);
  return agents.length > 0;
}

/** Asks for one port that is not: cheap for the server, however many there are. */
export async function untilActive({ api }: Site, ports: readonly Port[], everyMs: number): Promise<void> {
  const { network_id: network, 'binding:host_id': host } = ports[0]!;
  const left = async (status: string) => {
    const query = `network_id=${network}&device_owner=bench:guest&status=${status}&limit=1&fields=id`;
    return (await api.list('port', query)).length;
  };
  const isDone = async () => (await left('DOWN')) === 0 && (await left('BUILD')) === 0;
  await until(`${ports.length} ports of ${host} ACTIVE`, isDone, { timeoutMs: START_LIMIT_MS, everyMs });
}

export function span({ firstAnswerMs, lastReportMs }: AgentWork): number | null {
  return firstAnswerMs === null || lastReportMs === null ? null : lastReportMs - firstAnswerMs;
}

export function countCommands({ commands }: AgentWork, only: 'all' | 'writing' = 'all'): StartFigures['commands'] {
  const counts: Record<string, { count: number; ms: number }> = {};
  for (const command of commands) {
    if (only === 'writing' && !writes(command)) continue;
    const name = nameOf(command.argv);
    const { count, ms } = counts[name] ?? { count: 0, ms: 0 };
    counts[name] = { count: count + 1, ms: ms + command.ms };
  }
  return counts;
}

/** `ip -batch` and `ip -j` are two things. */
function nameOf(argv: readonly string[]): string {
  const [program = '', ...words] = argv;
  return ['ip', 'ipset', 'conntrack', 'bridge', 'tc'].includes(program)
    ? [program, ...words.slice(0, 3)].join(' ')
    : program;
}
