import type { Db, Tx } from '../database.ts';
import { rowsAsObjects } from '../dialect/kysely.ts';
import { handleOf } from '../handle.ts';
import { prepared, preparedInsert } from '../prepared.ts';
import { ask } from '../question.ts';
import { routerColumns } from '../read/routers.ts';

/** What decides about changes of a router: its own row, what is attached to it, and its routes. */
export interface RouterFacts {
  id: string;
  project_id: string;
  name: string;
  description: string;
  revision_number: number;
  status: string;
  admin_state_up: boolean;
  gw_port_id: string | null;
  enable_snat: boolean;
  flavor_id: string | null;
  ha: boolean;
  ha_vr_id: number;
  enable_ndp_proxy: boolean;
  /** The addresses of its ports; a port without any has one entry whose address is null. */
  attached: readonly AttachedAddress[];
  routes: readonly { destination: string; nexthop: string }[];
}

export interface AttachedAddress {
  port_id: string;
  /** The device owner it was attached as. */
  port_type: string;
  network_id: string;
  subnet_id: string | null;
  ip_address: string | null;
  cidr: string | null;
}

const rowOf = prepared((db, p: { id: string }) =>
  db.selectFrom('routers').select(routerColumns).where('id', '=', p.id),
);

const attachedTo = prepared((db, p: { id: string }) =>
  db
    .selectFrom('routerports')
    .innerJoin('ports', 'ports.id', 'routerports.port_id')
    .leftJoin('ipallocations', 'ipallocations.port_id', 'ports.id')
    .leftJoin('subnets', 'subnets.id', 'ipallocations.subnet_id')
    .select([
      'routerports.port_id',
      'routerports.port_type',
      'ports.network_id',
      'ipallocations.subnet_id',
      'ipallocations.ip_address',
      'subnets.cidr',
    ])
    .where('routerports.router_id', '=', p.id)
    .orderBy('ports.standard_attr_id')
    .orderBy('ipallocations.position'),
);

const routesOf = prepared((db, p: { id: string }) =>
  db.selectFrom('routerroutes').select(['destination', 'nexthop']).where('router_id', '=', p.id).orderBy('position'),
);

/** In one round trip; null when there is no such router. */
export async function routerFacts(db: Db, id: string): Promise<RouterFacts | null> {
  const handle = handleOf(db);
  const [facts] = await ask(db, {
    statements: [rowOf, attachedTo, routesOf].map((part) => part.statement(handle, { id })),
    answer: ([own, attached, routes]): RouterFacts | null => {
      const [row] = rowsAsObjects<Omit<RouterFacts, 'attached' | 'routes'>>(own!);
      if (row === undefined) return null;
      return {
        ...row,
        admin_state_up: Boolean(row.admin_state_up),
        enable_snat: Boolean(row.enable_snat),
        ha: Boolean(row.ha),
        enable_ndp_proxy: Boolean(row.enable_ndp_proxy),
        attached: rowsAsObjects<AttachedAddress>(attached!),
        routes: rowsAsObjects<{ destination: string; nexthop: string }>(routes!),
      };
    },
  });
  return facts;
}

const attach = preparedInsert('routerports', ['port_id', 'router_id', 'port_type']);

/** A port is the router's from now on; its row goes with the port. */
export async function attachPort(
  tx: Tx,
  row: { port_id: string; router_id: string; port_type: string },
): Promise<void> {
  await attach.later(tx, row);
}

const gateway = prepared((db, p: { id: string; gw_port_id: string | null }) =>
  db.updateTable('routers').set({ gw_port_id: p.gw_port_id }).where('id', '=', p.id),
);

/** Before a gateway port is deleted its router must have let it go. */
export async function setGatewayPort(tx: Tx, id: string, gw_port_id: string | null): Promise<void> {
  await gateway.later(tx, { id, gw_port_id });
}

const gatewayOf = prepared((db, p: { id: string; gw_port_id: string; by: number; updated_at: string }) =>
  db
    .updateTable('routers')
    .set((eb) => ({
      gw_port_id: p.gw_port_id,
      revision_number: eb('revision_number', '+', p.by),
      updated_at: p.updated_at,
    }))
    .where('id', '=', p.id),
);

/** Gives a router a gateway port; its revision goes up by so many. */
export async function giveGatewayPort(
  tx: Tx,
  router: { id: string; gw_port_id: string; by: number; updated_at: string },
): Promise<void> {
  await gatewayOf.later(tx, router);
}

const projectOf = prepared((db, p: { id: string }) =>
  db.selectFrom('routers').select('project_id').where('id', '=', p.id),
);

/** Whose a router is; null when there is none. */
export async function projectOfRouter(db: Db, id: string): Promise<string | null> {
  return (await projectOf.first(db, { id }))?.project_id ?? null;
}

const ofNetwork = prepared((db, p: { network_id: string }) =>
  db
    .selectFrom('routers')
    .innerJoin('ports', 'ports.id', 'routers.gw_port_id')
    .select(['routers.id', 'routers.project_id', 'routers.ha'])
    .where('ports.network_id', '=', p.network_id),
);

/** Routers whose gateway is on a network. */
export async function routersLeadingTo(
  db: Db,
  network_id: string,
): Promise<{ id: string; project_id: string; ha: boolean }[]> {
  return (await ofNetwork.all(db, { network_id })).map(({ ha, ...router }) => ({ ...router, ha: Boolean(ha) }));
}

const hosts = prepared((db, p: { id: string }) =>
  db
    .selectFrom('routerl3agentbindings as bound')
    .innerJoin('agents', 'agents.id', 'bound.l3_agent_id')
    .select('agents.host')
    .where('bound.router_id', '=', p.id),
);

/** Hosts of the agents that serve a router. */
export async function hostsOfRouter(db: Db, id: string): Promise<string[]> {
  return (await hosts.all(db, { id })).map(({ host }) => host);
}
