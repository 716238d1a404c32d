import type { Db, Tx } from '../database.ts';
import { prepared, preparedIn, preparedInsert } from '../prepared.ts';

/** The port of an HA router on one of its agents, and the state reported from there. */
export interface HaPort {
  port_id: string;
  router_id: string;
  l3_agent_id: string | null;
  state: string;
  /** Of the agent; null: none has it. */
  host: string | null;
}

const ofRouters = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('ha_router_agent_port_bindings as ha')
    .leftJoin('agents', 'agents.id', 'ha.l3_agent_id')
    .select(['ha.port_id', 'ha.router_id', 'ha.l3_agent_id', 'ha.state', 'agents.host'])
    .where('ha.router_id', 'in', ids),
);

export function haPortsOf(db: Db, routerIds: readonly string[]): Promise<HaPort[]> {
  return ofRouters.all(db, routerIds);
}

const insertHaPort = preparedInsert('ha_router_agent_port_bindings', ['port_id', 'router_id', 'l3_agent_id', 'state']);
const insertRouterPort = preparedInsert('routerports', ['port_id', 'router_id', 'port_type']);

/** @throws a unique violation when the agent has a port of the router already */
export async function addHaPort(
  tx: Tx,
  { port_type, ...port }: Omit<HaPort, 'host'> & { port_type: string },
): Promise<void> {
  const { port_id, router_id } = port;
  await insertRouterPort.later(tx, { port_id, router_id, port_type });
  await insertHaPort.later(tx, port);
}

const networkOf = prepared((db, p: { project_id: string }) =>
  db.selectFrom('ha_router_networks').select('network_id').where('project_id', '=', p.project_id),
);

/** The hidden network of a project's HA routers; null: it has none yet. */
export async function haNetworkOf(db: Db, projectId: string): Promise<string | null> {
  return (await networkOf.first(db, { project_id: projectId }))?.network_id ?? null;
}

const setState = prepared((db, p: { port_id: string; state: string }) =>
  db.updateTable('ha_router_agent_port_bindings').set({ state: p.state }).where('port_id', '=', p.port_id),
);

export async function setHaState(tx: Tx, portId: string, state: string): Promise<void> {
  await setState.later(tx, { port_id: portId, state });
}

/** Ports on HA networks that are wired on a host. */
export function activeHaPorts(db: Db, host: string): Promise<{ id: string }[]> {
  return db
    .selectFrom('ha_router_agent_port_bindings as ha')
    .innerJoin('ports', 'ports.id', 'ha.port_id')
    .innerJoin('ml2_port_bindings as binding', 'binding.port_id', 'ports.id')
    .select('ports.id')
    .where('binding.host', '=', host)
    .where('binding.status', '=', 'ACTIVE')
    .where('ports.status', '=', 'ACTIVE')
    .execute();
}

const insertNetwork = preparedInsert('ha_router_networks', ['project_id', 'network_id']);

/** @throws a unique violation when the project has one */
export async function setHaNetwork(tx: Tx, projectId: string, networkId: string): Promise<void> {
  await insertNetwork.later(tx, { project_id: projectId, network_id: networkId });
}

const vrIds = prepared((db, p: { network_id: string }) =>
  db.selectFrom('ha_router_vrid_allocations').select('vr_id').where('network_id', '=', p.network_id),
);

export async function takenVrIds(db: Db, networkId: string): Promise<number[]> {
  return (await vrIds.all(db, { network_id: networkId })).map(({ vr_id }) => Number(vr_id));
}

/** Whether HA routers are on a network. */
export async function hasVrIds(db: Db, networkId: string): Promise<boolean> {
  return (await vrIds.first(db, { network_id: networkId })) !== null;
}

const insertVrId = preparedInsert('ha_router_vrid_allocations', ['network_id', 'vr_id']);

/** @throws a unique violation when another router has it */
export async function takeVrId(tx: Tx, networkId: string, vrId: number): Promise<void> {
  await insertVrId.later(tx, { network_id: networkId, vr_id: vrId });
}

const removeVrId = prepared((db, p: { network_id: string; vr_id: number }) =>
  db.deleteFrom('ha_router_vrid_allocations').where('network_id', '=', p.network_id).where('vr_id', '=', p.vr_id),
);

export async function freeVrId(tx: Tx, networkId: string, vrId: number): Promise<void> {
  await removeVrId.later(tx, { network_id: networkId, vr_id: vrId });
}

/** Interfaces of a router get another owner, as its being highly available comes or goes. */
export async function changeInterfaceOwner(
  tx: Tx,
  routerId: string,
  { from, to, updated_at }: { from: string; to: string; updated_at: string },
): Promise<void> {
  await tx
    .updateTable('ports')
    .set((eb) => ({ device_owner: to, updated_at, revision_number: eb('revision_number', '+', 1) }))
    .where('device_owner', '=', from)
    .where('id', 'in', (eb) => eb.selectFrom('routerports').select('port_id').where('router_id', '=', routerId))
    .execute();
  await tx
    .updateTable('routerports')
    .set({ port_type: to })
    .where('router_id', '=', routerId)
    .where('port_type', '=', from)
    .execute();
}
