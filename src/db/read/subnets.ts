import type { ListQuery, Page } from '../../lib/query.ts';
import type { Subnet } from '../../resources/shapes.ts';
import type { Database, Db } from '../database.ts';
import {
  type AnyExpressions,
  type Attribute,
  child,
  columnReader,
  type Definition,
  onOwnNetworks,
  ownRows,
  type Scope,
} from './definition.ts';
import { oneOf, whether } from './filters.ts';
import { shared } from './networks.ts';
import { reader } from './resource.ts';
import { descriptionAttribute, STANDARD_COLUMNS, standardFilters, standardTail, tagsOf } from './standard.ts';
import { type View, viewer } from './view.ts';

const columns = [
  ...STANDARD_COLUMNS,
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
];
const column = columnReader(columns);

const attributes: readonly Attribute[] = [
  { key: 'id', alias: null, ...column.token('id') },
  { key: 'name', alias: null, ...column.plain('name') },
  { key: 'tenant_id', alias: null, ...column.plain('project_id') },
  { key: 'network_id', alias: null, ...column.token('network_id') },
  { key: 'ip_version', alias: null, ...column.number('ip_version') },
  { key: 'subnetpool_id', alias: null, ...column.plain('subnetpool_id') },
  { key: 'enable_dhcp', alias: null, ...column.flag('enable_dhcp') },
  { key: 'ipv6_ra_mode', alias: null, ...column.plain('ipv6_ra_mode') },
  { key: 'ipv6_address_mode', alias: null, ...column.plain('ipv6_address_mode') },
  { key: 'gateway_ip', alias: null, ...column.plain('gateway_ip') },
  { key: 'cidr', alias: null, ...column.token('cidr') },
  {
    key: 'allocation_pools',
    alias: null,
    child: 'pools',
    value: (_, pools) => pools.map(([, start, end]) => ({ start, end })),
  },
  {
    key: 'host_routes',
    alias: null,
    child: 'routes',
    value: (_, routes) => routes.map(([, destination, nexthop]) => ({ destination, nexthop })),
  },
  { key: 'dns_nameservers', alias: null, child: 'nameservers', value: (_, servers) => servers.map((row) => row[1]) },
  descriptionAttribute(column),
  {
    key: 'router:external',
    alias: 'subnet-external-network',
    child: 'external',
    value: (_, external) => external.length > 0,
  },
  {
    key: 'service_types',
    alias: 'subnet-service-types',
    child: 'serviceTypes',
    value: (_, types) => types.map((row) => row[1]),
  },
  { key: 'segment_id', alias: 'segment', ...column.plain('segment_id') },
  {
    key: 'dns_publish_fixed_ip',
    alias: 'subnet-dns-publish-fixed-ip',
    ...column.flagOr('dns_publish_fixed_ip', false),
  },
  ...standardTail(column),
];

const onSharedNetwork = (eb: AnyExpressions, view: View) =>
  eb(
    'network_id',
    'in',
    eb
      .selectFrom('networkrbacs')
      .select('object_id')
      .where('action', '=', 'access_as_shared')
      .where('target_project', 'in', ['*', viewer(view)]),
  );

/**
 * A project sees its subnets, those on its networks and on networks shared with it; not those of a network that is only a
 * way outside, as the recorded server has it (later releases show them to everybody).
 */
const visible: Scope = (eb, project) =>
  eb.or([ownRows(eb, project), onOwnNetworks(eb, project), eb('network_id', 'in', shared(eb, project))]);

const onExternalNetwork = (eb: AnyExpressions) =>
  eb('network_id', 'in', eb.selectFrom('externalnetworks').select('network_id'));

export const subnets: Definition = {
  table: 'subnets',
  columns,
  attributes,
  scope: visible,
  ways: { owner: ownRows, parent_owner: onOwnNetworks },
  children: {
    pools: child('subnet_id', (db) =>
      db
        .selectFrom('ipallocationpools')
        .select(['subnet_id', 'first_ip', 'last_ip'])
        .orderBy('subnet_id')
        .orderBy('position'),
    ),
    routes: child('subnet_id', (db) =>
      db
        .selectFrom('subnetroutes')
        .select(['subnet_id', 'destination', 'nexthop'])
        .orderBy('subnet_id')
        .orderBy('position'),
    ),
    nameservers: child('subnet_id', (db) =>
      db.selectFrom('dnsnameservers').select(['subnet_id', 'address']).orderBy('subnet_id').orderBy('position'),
    ),
    serviceTypes: child('subnet_id', (db) =>
      db
        .selectFrom('subnet_service_types')
        .select(['subnet_id', 'service_type'])
        .orderBy('subnet_id')
        .orderBy('service_type'),
    ),
    external: child('subnets.id', (db) =>
      db
        .selectFrom('subnets')
        .innerJoin('externalnetworks', 'externalnetworks.network_id', 'subnets.network_id')
        .select('subnets.id'),
    ),
    tags: tagsOf('subnet'),
  },
  filters: {
    ...standardFilters('subnet'),
    name: oneOf('name'),
    ip_version: oneOf('ip_version'),
    network_id: oneOf('network_id'),
    subnetpool_id: oneOf('subnetpool_id'),
    cidr: oneOf('cidr'),
    gateway_ip: oneOf('gateway_ip'),
    enable_dhcp: oneOf('enable_dhcp'),
    ipv6_ra_mode: oneOf('ipv6_ra_mode'),
    ipv6_address_mode: oneOf('ipv6_address_mode'),
    segment_id: oneOf('segment_id'),
    shared: whether(onSharedNetwork),
    'router:external': whether(onExternalNetwork),
  },
  sorts: {
    id: 'id',
    name: 'name',
    ip_version: 'ip_version',
    network_id: 'network_id',
    subnetpool_id: 'subnetpool_id',
    cidr: 'cidr',
    gateway_ip: 'gateway_ip',
    tenant_id: 'project_id',
    project_id: 'project_id',
    enable_dhcp: 'enable_dhcp',
    ipv6_ra_mode: 'ipv6_ra_mode',
    ipv6_address_mode: 'ipv6_address_mode',
    segment_id: 'segment_id',
  },
};

const read = reader<Subnet>('subnets', subnets);

export function getSubnet(db: Db, id: string, view?: View, fields?: readonly string[] | null): Promise<Subnet | null> {
  return read.get(db, id, view, fields);
}

export function findSubnets(db: Db, query: Partial<ListQuery>, view?: View): Promise<Subnet[]> {
  return read.find(db, query, view);
}

export function listSubnets(database: Database, query: ListQuery, view?: View): Promise<Page<Subnet>> {
  return read.list(database, query, view);
}
