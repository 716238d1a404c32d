import { addressKey, parseAddress } from '../../lib/ip/address.ts';
import type { Db, Tx } from '../database.ts';
import { rowsAsObjects } from '../dialect/kysely.ts';
import { handleOf } from '../handle.ts';
import { prepared, preparedIn, preparedInsert } from '../prepared.ts';
import { ask, type Question } from '../question.ts';

/** A subnet as address allocation sees it, its pools and service types included. */
export interface SubnetFacts {
  id: string;
  network_id: string;
  ip_version: number;
  cidr: string;
  gateway_ip: string | null;
  enable_dhcp: boolean;
  ipv6_ra_mode: string | null;
  ipv6_address_mode: string | null;
  subnetpool_id: string | null;
  segment_id: string | null;
  pools: readonly { start: string; end: string }[];
  service_types: readonly string[];
}

const subnetsOf = prepared((db, p: { network_id: string }) =>
  db
    .selectFrom('subnets')
    .select([
      'id',
      'network_id',
      'ip_version',
      'cidr',
      'gateway_ip',
      'enable_dhcp',
      'ipv6_ra_mode',
      'ipv6_address_mode',
      'subnetpool_id',
      'segment_id',
    ])
    .where('network_id', '=', p.network_id)
    .orderBy('standard_attr_id'),
);
const poolsOf = prepared((db, p: { network_id: string }) =>
  db
    .selectFrom('ipallocationpools as pool')
    .innerJoin('subnets', 'subnets.id', 'pool.subnet_id')
    .select(['pool.subnet_id', 'pool.first_ip', 'pool.last_ip'])
    .where('subnets.network_id', '=', p.network_id)
    .orderBy('pool.position'),
);
const serviceTypesOf = prepared((db, p: { network_id: string }) =>
  db
    .selectFrom('subnet_service_types as type')
    .innerJoin('subnets', 'subnets.id', 'type.subnet_id')
    .select(['type.subnet_id', 'type.service_type'])
    .where('subnets.network_id', '=', p.network_id),
);

/** The subnets of a network, oldest first. */
export async function subnetFacts(db: Db, networkId: string): Promise<SubnetFacts[]> {
  return (await ask(db, subnetFactsOf(db, networkId)))[0];
}

export function subnetFactsOf(db: Db, network_id: string): Question<SubnetFacts[]> {
  const handle = handleOf(db);
  return {
    statements: [subnetsOf, poolsOf, serviceTypesOf].map((part) => part.statement(handle, { network_id })),
    answer: ([subnets, poolRows, typeRows]) => {
      const pools = poolRows!.rows as readonly string[][];
      const types = typeRows!.rows as readonly string[][];
      return rowsAsObjects<Omit<SubnetFacts, 'pools' | 'service_types'>>(subnets!).map((row) => ({
        ...row,
        enable_dhcp: Boolean(row.enable_dhcp),
        pools: pools.filter(([subnet]) => subnet === row.id).map(([, start, end]) => ({ start: start!, end: end! })),
        service_types: types.filter(([subnet]) => subnet === row.id).map(([, type]) => type!),
      }));
    },
  };
}

const ofSegment = prepared((db, p: { segment_id: string }) =>
  db.selectFrom('subnets').select('id').where('segment_id', '=', p.segment_id).orderBy('standard_attr_id'),
);

/** Ids of the subnets on a segment. */
export async function subnetsOfSegment(db: Db, segment_id: string): Promise<string[]> {
  return (await ofSegment.all(db, { segment_id })).map(({ id }) => id);
}

const segmentsOf = preparedIn((db, ids: string[]) =>
  db.selectFrom('subnets').select('segment_id').where('id', 'in', ids),
);

/** The segments these subnets lie on; null among them when one lies on none. */
export async function segmentsOfSubnets(db: Db, ids: readonly string[]): Promise<(string | null)[]> {
  return (await segmentsOf.all(db, ids)).map(({ segment_id }) => segment_id);
}

const routesOf = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('subnetroutes')
    .select(['subnet_id', 'destination', 'nexthop'])
    .where('subnet_id', 'in', ids)
    .orderBy('position'),
);

/** By subnet: its host routes, in order. */
export async function routesOfSubnets(
  db: Db,
  ids: readonly string[],
): Promise<Map<string, { destination: string; nexthop: string }[]>> {
  const rows = await routesOf.all(db, ids);
  const routes = Map.groupBy(rows, ({ subnet_id }) => subnet_id);
  return new Map([...routes].map(([id, list]) => [id, list.map(({ subnet_id: _, ...route }) => route)]));
}

const blocksOf = prepared((db, p: { network_id: string; ip_version: number }) =>
  db
    .selectFrom('subnets')
    .select(['id', 'cidr'])
    .where('network_id', '=', p.network_id)
    .where('ip_version', '=', p.ip_version)
    .orderBy('standard_attr_id'),
);

/** The subnets of a network that are of one IP version, oldest first. */
export async function subnetsOfNetwork(db: Db, network_id: string, ip_version: number) {
  return blocksOf.all(db, { network_id, ip_version });
}

const raise = prepared((db, p: { id: string; time: string }) =>
  db
    .updateTable('subnets')
    .set((eb) => ({ revision_number: eb('revision_number', '+', 1), updated_at: p.time }))
    .where('id', '=', p.id),
);

/** Something of a subnet was written: its revision goes up by one. */
export async function bumpSubnet(tx: Tx, id: string, updatedAt: string): Promise<void> {
  await raise.later(tx, { id, time: updatedAt });
}

export interface NewSubnet {
  id: string;
  project_id: string;
  name: string;
  description: string;
  created_at: string;
  updated_at: string;
  revision_number: number;
  network_id: string;
  ip_version: number;
  cidr: string;
  gateway_ip: string | null;
  enable_dhcp: boolean;
  ipv6_ra_mode: string | null;
  ipv6_address_mode: string | null;
  subnetpool_id: string | null;
  segment_id: string | null;
  dns_publish_fixed_ip: boolean | null;
}

const insert = preparedInsert('subnets', [
  'id',
  'project_id',
  'name',
  'description',
  'created_at',
  'updated_at',
  'revision_number',
  'network_id',
  'ip_version',
  'cidr',
  'gateway_ip',
  'enable_dhcp',
  'ipv6_ra_mode',
  'ipv6_address_mode',
  'subnetpool_id',
  'segment_id',
  'dns_publish_fixed_ip',
]);

export async function insertSubnet(tx: Tx, subnet: NewSubnet): Promise<void> {
  await insert.later(tx, { ...subnet });
}

export async function updateSubnetRow(tx: Tx, id: string, columns: Partial<NewSubnet>): Promise<void> {
  await tx.updateTable('subnets').set(columns).where('id', '=', id).execute();
}

/** Pools, servers, routes and types go by the tables' cascades; addresses must be gone already. */
export async function deleteSubnetRow(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('tags').where('resource_type', '=', 'subnet').where('resource_id', '=', id).execute();
  await tx.deleteFrom('subnets').where('id', '=', id).execute();
}

export async function replacePools(
  tx: Tx,
  subnetId: string,
  pools: readonly { id: string; start: string; end: string }[],
): Promise<void> {
  await tx.deleteFrom('ipallocationpools').where('subnet_id', '=', subnetId).execute();
  for (const [position, { id, start, end }] of pools.entries()) {
    await tx
      .insertInto('ipallocationpools')
      .values({ id, subnet_id: subnetId, first_ip: start, last_ip: end, ...keysOf(start, end), position })
      .execute();
  }
}

function keysOf(start: string, end: string) {
  return { first_key: addressKey(parseAddress(start)!.value), last_key: addressKey(parseAddress(end)!.value) };
}

export async function replaceNameservers(tx: Tx, subnetId: string, addresses: readonly string[]): Promise<void> {
  await tx.deleteFrom('dnsnameservers').where('subnet_id', '=', subnetId).execute();
  for (const [position, address] of addresses.entries()) {
    await tx.insertInto('dnsnameservers').values({ subnet_id: subnetId, address, position }).execute();
  }
}

export async function replaceHostRoutes(
  tx: Tx,
  subnetId: string,
  routes: readonly { destination: string; nexthop: string }[],
): Promise<void> {
  await tx.deleteFrom('subnetroutes').where('subnet_id', '=', subnetId).execute();
  for (const [position, { destination, nexthop }] of routes.entries()) {
    await tx.insertInto('subnetroutes').values({ subnet_id: subnetId, destination, nexthop, position }).execute();
  }
}

export async function replaceServiceTypes(tx: Tx, subnetId: string, types: readonly string[]): Promise<void> {
  await tx.deleteFrom('subnet_service_types').where('subnet_id', '=', subnetId).execute();
  for (const service_type of types) {
    await tx.insertInto('subnet_service_types').values({ subnet_id: subnetId, service_type }).execute();
  }
}
