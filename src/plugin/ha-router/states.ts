import { type HaPort, haPortsOf, setHaState } from '../../db/write/ha-routers.ts';
import { type L3AgentFacts, l3Agents } from '../../db/write/router-agents.ts';
import { adminContext } from '../../lib/context.ts';
import type { HaState } from '../../rpc/contract.ts';
import { isAlive } from '../dhcp/scheduler.ts';
import type { Machine } from '../machine.ts';

/** What the API shows and routers are told: older agents say `primary` and `backup` (upstream: agent/l3/ha.py). */
const SHOWN: Readonly<Record<HaState, string>> = {
  active: 'active',
  primary: 'active',
  standby: 'standby',
  backup: 'standby',
  unknown: 'unknown',
};

/**
 * The ports of HA routers with the states their agents reported. An agent that is dead or switched off and was active last is
 * not any more as far as anybody can tell: `standby` where another one of the router's agents lives, `unknown` where none does
 * and the queue may be at fault (upstream: db/l3_hamode_db.py `_get_bindings_and_update_router_state_for_dead_agents`, which
 * writes that down; here it is only how the reports are read, and is as before when the agent is back).
 */
export async function haStates(machine: Pick<Machine, 'shared'>, routerIds: readonly string[]): Promise<HaPort[]> {
  const { database, now, options } = machine.shared;
  const ports = await haPortsOf(database.db, routerIds);
  if (ports.length === 0) return ports;
  const nowMs = now();
  const lives = ({ admin_state_up, heartbeat_timestamp }: L3AgentFacts) =>
    admin_state_up && isAlive(heartbeat_timestamp, nowMs, options.core);
  const alive = new Set((await l3Agents(database.db)).filter(lives).map(({ id }) => id));
  const isDead = ({ l3_agent_id }: HaPort) => l3_agent_id === null || !alive.has(l3_agent_id);
  const byRouter = Map.groupBy(ports, ({ router_id }) => router_id);
  return ports.map((port) => {
    if (port.state !== 'active' || !isDead(port)) return port;
    const hopeless = byRouter.get(port.router_id)!.every(isDead);
    return { ...port, state: hopeless ? 'unknown' : 'standby' };
  });
}

/** Router id → the host where it is active; left out where it is nowhere. */
export async function activeHosts(
  machine: Pick<Machine, 'shared'>,
  routerIds: readonly string[],
): Promise<Map<string, string>> {
  const active = (await haStates(machine, routerIds)).filter(({ state, host }) => state === 'active' && host !== null);
  return new Map(active.map(({ router_id, host }) => [router_id, host!]));
}

/** What the agent of a host reports. @returns the routers that are active there now */
export async function noteHaStates(
  { changes, shared }: Machine,
  host: string,
  states: Readonly<Record<string, HaState>>,
): Promise<string[]> {
  const known = await haPortsOf(shared.database.db, Object.keys(states));
  const mine = known.filter((port) => port.host === host);
  const shown = ({ router_id }: HaPort) => SHOWN[states[router_id]!] ?? 'unknown';
  const changed = mine.filter((port) => port.state !== shown(port));
  if (changed.length > 0) {
    const write = async ({ tx }: { tx: Parameters<typeof setHaState>[0] }) => {
      for (const port of changed) await setHaState(tx, port.port_id, shown(port));
    };
    await changes.run(adminContext(), write, null);
  }
  return mine.filter((port) => shown(port) === 'active').map(({ router_id }) => router_id);
}
