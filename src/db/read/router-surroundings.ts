import type { Db } from '../database.ts';
import { prepared, preparedIn } from '../prepared.ts';

/** What L3 agents must know around routers, each kind of thing asked once for all of them. */

const ports = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('routerports')
    .select(['port_id', 'router_id', 'port_type'])
    .where('router_id', 'in', ids)
    .orderBy('port_id'),
);

export function portsOfRouters(
  db: Db,
  routerIds: readonly string[],
): Promise<{ port_id: string; router_id: string; port_type: string }[]> {
  return ports.all(db, routerIds);
}

const mtus = preparedIn((db, ids: string[]) => db.selectFrom('networks').select(['id', 'mtu']).where('id', 'in', ids));

export async function mtusOfNetworks(db: Db, networkIds: readonly string[]): Promise<Map<string, number>> {
  return new Map((await mtus.all(db, networkIds)).map(({ id, mtu }) => [id, Number(mtu)]));
}

/** A subnet as routers see it. */
export interface RouterSubnet {
  id: string;
  network_id: string;
  cidr: string;
  gateway_ip: string | null;
  ipv6_ra_mode: string | null;
  subnetpool_id: string | null;
  segment_id: string | null;
  address_scope_id: string | null;
  dns_nameservers: string[];
}

const subnets = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('subnets')
    .leftJoin('subnetpools as pool', 'pool.id', 'subnets.subnetpool_id')
    .select([
      'subnets.id',
      'subnets.network_id',
      'subnets.cidr',
      'subnets.gateway_ip',
      'subnets.ipv6_ra_mode',
      'subnets.subnetpool_id',
      'subnets.segment_id',
      'pool.address_scope_id',
    ])
    .where('subnets.network_id', 'in', ids)
    .orderBy('subnets.standard_attr_id'),
);

const nameservers = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('dnsnameservers as server')
    .innerJoin('subnets', 'subnets.id', 'server.subnet_id')
    .select(['server.subnet_id', 'server.address'])
    .where('subnets.network_id', 'in', ids)
    .orderBy('server.subnet_id')
    .orderBy('server.position'),
);

export async function subnetsAround(db: Db, networkIds: readonly string[]): Promise<RouterSubnet[]> {
  const servers = Map.groupBy(await nameservers.all(db, networkIds), ({ subnet_id }) => subnet_id);
  return (await subnets.all(db, networkIds)).map((subnet) => ({
    ...subnet,
    dns_nameservers: (servers.get(subnet.id) ?? []).map(({ address }) => address),
  }));
}

const scopes = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('floatingips')
    .innerJoin('ipallocations as fixed', (join) =>
      join
        .onRef('fixed.port_id', '=', 'floatingips.fixed_port_id')
        .onRef('fixed.ip_address', '=', 'floatingips.fixed_ip_address'),
    )
    .innerJoin('subnets', 'subnets.id', 'fixed.subnet_id')
    .innerJoin('subnetpools as pool', 'pool.id', 'subnets.subnetpool_id')
    .select(['floatingips.id', 'pool.address_scope_id'])
    .where('floatingips.router_id', 'in', ids),
);

/** Address scopes of what floating IPs of these routers lead to; those without one are left out. */
export async function scopesOfFixedAddresses(db: Db, routerIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await scopes.all(db, routerIds);
  return new Map(
    rows.flatMap(({ id, address_scope_id }) => (address_scope_id === null ? [] : [[id, address_scope_id]])),
  );
}

const onNetworks = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('routerports')
    .innerJoin('ports', 'ports.id', 'routerports.port_id')
    .select('routerports.router_id')
    .distinct()
    .where('ports.network_id', 'in', ids),
);

/** Routers with a port on one of these networks. */
export async function routersOnNetworks(db: Db, networkIds: readonly string[]): Promise<string[]> {
  return (await onNetworks.all(db, networkIds)).map(({ router_id }) => router_id);
}

const onPool = prepared((db, p: { pool_id: string }) =>
  db
    .selectFrom('routerports')
    .innerJoin('ports', 'ports.id', 'routerports.port_id')
    .innerJoin('subnets', 'subnets.network_id', 'ports.network_id')
    .select('routerports.router_id')
    .distinct()
    .where('subnets.subnetpool_id', '=', p.pool_id),
);

/** Routers around which there are subnets of a pool: their address scopes are the pool's. */
export async function routersOnPool(db: Db, poolId: string): Promise<string[]> {
  return (await onPool.all(db, { pool_id: poolId })).map(({ router_id }) => router_id);
}
