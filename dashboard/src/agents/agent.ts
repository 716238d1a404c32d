import type { Agent } from '../../../src/resources/shapes.ts';

/** How an agent is, worst first. */
export const agentStates = ['dead', 'offDead', 'off', 'alive'] as const;
export type AgentState = (typeof agentStates)[number];

/** By the server's word; switched off is what an administrator wants, dead is not. */
export function stateOf({ alive, admin_state_up }: Pick<Agent, 'alive' | 'admin_state_up'>): AgentState {
  if (admin_state_up) return alive ? 'alive' : 'dead';
  return alive ? 'off' : 'offDead';
}

/** What its kind serves, and where that can be changed. */
export type Hosted = 'networks' | 'routers' | 'ports';

const hostedBy: Readonly<Record<string, Hosted>> = {
  'DHCP agent': 'networks',
  'L3 agent': 'routers',
  'Linux bridge agent': 'ports',
  'Open vSwitch agent': 'ports',
};

/** Null: nothing that could be listed, as for metadata. */
export function hostedOf({ agent_type }: Pick<Agent, 'agent_type'>): Hosted | null {
  return Object.hasOwn(hostedBy, agent_type) ? hostedBy[agent_type]! : null;
}

/** Numbers that agents report of how much they do, in this order. */
const loads = ['networks', 'routers', 'devices', 'subnets', 'ports', 'floating_ips'] as const;
export type Load = (typeof loads)[number];

export function loadOf({ configurations }: Pick<Agent, 'configurations'>): [load: Load, count: number][] {
  return loads.flatMap((name): [Load, number][] => {
    const count = configurations[name];
    return typeof count === 'number' ? [[name, count]] : [];
  });
}

/** What went wrong last on its host, as our own agents report it. */
export interface LastError {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly what: string;
  /** Since its start. */
  readonly count: number;
}

/** Null: nothing went wrong since its start, or it is another's agent. Whoever can report can write anything there. */
export function lastErrorOf({ configurations }: Pick<Agent, 'configurations'>): LastError | null {
  const { at, what, count } = (configurations.last_error ?? {}) as Record<string, unknown>;
  if (typeof at !== 'string' || typeof what !== 'string') return null;
  const atMs = Date.parse(at);
  return Number.isNaN(atMs) ? null : { atMs, what, count: typeof count === 'number' ? count : 1 };
}

/** A time as agents show it: UTC, `YYYY-MM-DD HH:MM:SS`. @returns milliseconds since the epoch; null when it is none */
export function timeOf(text: string): number | null {
  const ms = Date.parse(`${text.replace(' ', 'T')}Z`);
  return Number.isNaN(ms) ? null : ms;
}

export interface AgentFilter {
  /** Part of the host or the type. */
  readonly text: string;
  readonly state: AgentState | null;
}

/** Those that need somebody first: the dead, then by type and host. */
export function agentsShown(agents: readonly Agent[], { text, state }: AgentFilter): Agent[] {
  const wanted = text.trim().toLowerCase();
  return agents
    .filter((agent) => state === null || stateOf(agent) === state)
    .filter(({ host, agent_type }) => `${host} ${agent_type}`.toLowerCase().includes(wanted))
    .toSorted(
      (a, b) =>
        agentStates.indexOf(stateOf(a)) - agentStates.indexOf(stateOf(b)) ||
        a.agent_type.localeCompare(b.agent_type) ||
        a.host.localeCompare(b.host, undefined, { numeric: true }),
    );
}

/**
 * Which agents could take over from one: the same kind, living, switched on. Whether one is able to serve a given router
 * the server decides.
 */
export function othersFor(agent: Agent, agents: readonly Agent[]): Agent[] {
  return agentsShown(agents, { text: '', state: 'alive' }).filter(
    ({ id, agent_type, configurations }) =>
      id !== agent.id &&
      agent_type === agent.agent_type &&
      !['dvr', 'dvr_no_external'].includes(String(configurations.agent_mode)),
  );
}
