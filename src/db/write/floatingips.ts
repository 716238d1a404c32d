import type { Db, Tx } from '../database.ts';
import { rowsAsObjects } from '../dialect/kysely.ts';
import { handleOf } from '../handle.ts';
import { prepared, preparedIn, preparedInsert } from '../prepared.ts';
import { ask, type Question } from '../question.ts';
import { floatingIpColumns } from '../read/floatingips.ts';

/** What decides about a floating address, as it is stored. */
export interface FloatingIpRow {
  id: string;
  project_id: string;
  floating_ip_address: string;
  floating_network_id: string;
  floating_port_id: string;
  fixed_port_id: string | null;
  fixed_ip_address: string | null;
  router_id: string | null;
  status: string;
  revision_number: number;
}

const ofId = prepared((db, p: { id: string }) =>
  db.selectFrom('floatingips').select(floatingIpColumns).where('id', '=', p.id),
);
const ofFixedPort = prepared((db, p: { id: string }) =>
  db.selectFrom('floatingips').select(floatingIpColumns).where('fixed_port_id', '=', p.id),
);

export async function floatingIpRow(db: Db, id: string): Promise<FloatingIpRow | null> {
  return ofId.first(db, { id });
}

/** Those that lead to a port. */
export async function floatingIpsOfPort(db: Db, portId: string): Promise<FloatingIpRow[]> {
  return (await ask(db, floatingIpsOfPortOf(db, portId)))[0];
}

export function floatingIpsOfPortOf(db: Db, id: string): Question<FloatingIpRow[]> {
  return {
    statements: [ofFixedPort.statement(handleOf(db), { id })],
    answer: ([found]) => rowsAsObjects<FloatingIpRow>(found!),
  };
}

const unused = prepared((db, p: { network_id: string }) =>
  db
    .selectFrom('floatingips')
    .select(floatingIpColumns)
    .where('floating_network_id', '=', p.network_id)
    .where('fixed_port_id', 'is', null)
    .where('router_id', 'is', null),
);

/** Those of a network that lead nowhere. */
export function unusedFloatingIps(db: Db, network_id: string): Promise<FloatingIpRow[]> {
  return unused.all(db, { network_id });
}

/** Where a floating address leads to; all null: nowhere. */
export interface Association {
  fixed_port_id: string | null;
  fixed_ip_address: string | null;
  router_id: string | null;
}

const associate = prepared(
  (db, p: Association & { id: string; last_known_router_id: string | null; updated_at: string }) =>
    db
      .updateTable('floatingips')
      .set((eb) => ({
        fixed_port_id: p.fixed_port_id,
        fixed_ip_address: p.fixed_ip_address,
        router_id: p.router_id,
        last_known_router_id: p.last_known_router_id,
        revision_number: eb('revision_number', '+', 1),
        updated_at: p.updated_at,
      }))
      .where('id', '=', p.id),
);

/**
 * Leads it elsewhere. Which router knew it is kept: its agent says when it has let it go.
 * @throws a unique violation when the fixed address has another one of that network
 */
export async function setAssociation(
  tx: Tx,
  { id, router_id }: Pick<FloatingIpRow, 'id' | 'router_id'>,
  next: Association,
  updated_at: string,
): Promise<void> {
  await associate.later(tx, { id, ...next, last_known_router_id: router_id, updated_at });
}

const routersBetween = prepared((db, p: { subnet_id: string; network_id: string }) =>
  db
    .selectFrom('ipallocations as address')
    .innerJoin('routerports as leg', 'leg.port_id', 'address.port_id')
    .innerJoin('routers', 'routers.id', 'leg.router_id')
    .innerJoin('ports as gateway', 'gateway.id', 'routers.gw_port_id')
    .innerJoin('subnets', 'subnets.id', 'address.subnet_id')
    .select(['routers.id', 'address.ip_address', 'subnets.gateway_ip'])
    .where('address.subnet_id', '=', p.subnet_id)
    .where('leg.port_type', 'in', ['network:router_interface', 'network:ha_router_replicated_interface'])
    .where('gateway.network_id', '=', p.network_id)
    .orderBy('routers.standard_attr_id'),
);

/**
 * The router from a subnet to an external network: the one that is the subnet's gateway, else the oldest; null where there
 * is none.
 */
export async function routerBetween(db: Db, subnet_id: string, network_id: string): Promise<string | null> {
  return (await ask(db, routerBetweenOf(db, subnet_id, network_id)))[0];
}

export function routerBetweenOf(db: Db, subnet_id: string, network_id: string): Question<string | null> {
  return {
    statements: [routersBetween.statement(handleOf(db), { subnet_id, network_id })],
    answer: ([outcome]) => {
      const found = rowsAsObjects<{ id: string; ip_address: string; gateway_ip: string | null }>(outcome!);
      const gateway = found.find(({ ip_address, gateway_ip }) => ip_address === gateway_ip);
      return (gateway ?? found[0])?.id ?? null;
    },
  };
}

const setStatus = prepared((db, p: { id: string; status: string; updated_at: string }) =>
  db
    .updateTable('floatingips')
    .set((eb) => ({ status: p.status, revision_number: eb('revision_number', '+', 1), updated_at: p.updated_at }))
    .where('id', '=', p.id)
    .where('status', '!=', p.status),
);
const reported = preparedIn((db, ids: string[]) =>
  db.selectFrom('floatingips').select(['id', 'router_id', 'last_known_router_id', 'status']).where('id', 'in', ids),
);
const letGo = prepared((db, p: { router_id: string }) =>
  db
    .selectFrom('floatingips')
    .select(['id', 'status'])
    .where('last_known_router_id', '=', p.router_id)
    .where('router_id', 'is', null)
    .where('status', '!=', 'DOWN'),
);

const notDown = prepared((db, p: { router_id: string }) =>
  db.selectFrom('floatingips').select('id').where('router_id', '=', p.router_id).where('status', '!=', 'DOWN'),
);

/** Sets a status; whoever has it already is left as it is. */
export async function setFloatingIpStatus(tx: Tx, id: string, status: string, updated_at: string): Promise<void> {
  await setStatus.later(tx, { id, status, updated_at });
}

/** Those of these ids that there are, with the routers that serve or served them. */
export function reportedFloatingIps(db: Db, ids: readonly string[]) {
  return reported.all(db, ids);
}

/** Those of a router that are not down. */
export function floatingIpsNotDown(db: Db, router_id: string) {
  return notDown.all(db, { router_id });
}

/** Those that a router served, that lead nowhere now and are not down. */
export function floatingIpsLetGo(db: Db, router_id: string) {
  return letGo.all(db, { router_id });
}

const insertQos = preparedInsert('qos_fip_policy_bindings', ['fip_id', 'policy_id']);
const removeQos = prepared((db, p: { id: string }) =>
  db.deleteFrom('qos_fip_policy_bindings').where('fip_id', '=', p.id),
);
const insertGatewayQos = preparedInsert('qos_router_gw_policy_bindings', ['router_id', 'policy_id']);
const removeGatewayQos = prepared((db, p: { id: string }) =>
  db.deleteFrom('qos_router_gw_policy_bindings').where('router_id', '=', p.id),
);
const ofFip = prepared((db, p: { id: string }) =>
  db.selectFrom('qos_fip_policy_bindings').select('policy_id').where('fip_id', '=', p.id),
);
const ofGateway = prepared((db, p: { id: string }) =>
  db.selectFrom('qos_router_gw_policy_bindings').select('policy_id').where('router_id', '=', p.id),
);

/** The policy a floating address has of its own. */
export async function policyOfFloatingIp(db: Db, id: string): Promise<string | null> {
  return (await ofFip.first(db, { id }))?.policy_id ?? null;
}

export async function setFloatingIpPolicy(tx: Tx, fip_id: string, policy_id: string | null): Promise<void> {
  await removeQos.later(tx, { id: fip_id });
  if (policy_id !== null) await insertQos.later(tx, { fip_id, policy_id });
}

/** The policy of a router's gateway. */
export async function policyOfGateway(db: Db, id: string): Promise<string | null> {
  return (await ofGateway.first(db, { id }))?.policy_id ?? null;
}

export async function setGatewayPolicy(tx: Tx, router_id: string, policy_id: string | null): Promise<void> {
  await removeGatewayQos.later(tx, { id: router_id });
  if (policy_id !== null) await insertGatewayQos.later(tx, { router_id, policy_id });
}
