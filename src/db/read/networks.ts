import type { ListQuery, Page } from '../../lib/query.ts';
import type { Network } from '../../resources/shapes.ts';
import type { Database, Db } from '../database.ts';
import {
  type AnyExpressions,
  type Attribute,
  child,
  columnReader,
  type Definition,
  type Filter,
  ownRows,
  type Row,
  type Scope,
  toBoolean,
} from './definition.ts';
import { among, hasChild, oneOf, whether } from './filters.ts';
import { reader } from './resource.ts';
import { descriptionAttribute, STANDARD_COLUMNS, standardFilters, standardTail, tagsOf } from './standard.ts';
import { type View, viewer } from './view.ts';

const columns = [
  ...STANDARD_COLUMNS,
  'status',
  'admin_state_up',
  'mtu',
  'port_security_enabled',
  'vlan_transparent',
  'availability_zone_hints',
  'dns_domain',
  'qinq',
];
const column = columnReader(columns);

/** A network of several segments has no provider segment: it shows them all in `segments`. */
function provider(key: string, position: number): Attribute {
  return {
    key,
    alias: 'provider',
    child: 'segments',
    value: (_, segments) => (segments.length > 1 ? undefined : (segments[0]?.[position] ?? null)),
  };
}

function segmentList(segments: readonly Row[]): unknown {
  if (segments.length < 2) return undefined;
  return segments.map(([, type, physical, id]) => ({
    'provider:network_type': type,
    'provider:physical_network': physical,
    'provider:segmentation_id': id,
  }));
}

/** The scope of the pool that the subnets of one IP version come from: all from one, or from pools of one scope. */
function addressScope(key: string, version: number): Attribute {
  return {
    key,
    alias: 'address-scope',
    child: 'subnets',
    value: (_, subnets) => subnets.find((row) => row[2] === version && row[3] !== null)?.[3] ?? null,
  };
}

/** `shared` is what is shared with everybody, or with the project that looks. */
function isShared(entries: readonly Row[], view: View): boolean {
  return entries.some(([, target]) => target === '*' || (view.projectId != null && target === view.projectId));
}

const attributes: readonly Attribute[] = [
  { key: 'id', alias: null, ...column.token('id') },
  { key: 'name', alias: null, ...column.plain('name') },
  { key: 'tenant_id', alias: null, ...column.plain('project_id') },
  { key: 'admin_state_up', alias: null, ...column.flag('admin_state_up') },
  { key: 'mtu', alias: 'net-mtu', ...column.number('mtu') },
  { key: 'status', alias: null, ...column.token('status') },
  { key: 'subnets', alias: null, child: 'subnets', value: (_, subnets) => subnets.map((row) => row[1]) },
  { key: 'shared', alias: null, child: 'sharing', value: (_, entries, view) => isShared(entries, view) },
  { key: 'availability_zone_hints', alias: 'network_availability_zone', ...column.json('availability_zone_hints') },
  {
    key: 'availability_zones',
    alias: 'network_availability_zone',
    child: 'zones',
    value: (_, zones) => zones.map((row) => row[1]),
  },
  addressScope('ipv4_address_scope', 4),
  addressScope('ipv6_address_scope', 6),
  { key: 'router:external', alias: 'external-net', child: 'external', value: (_, external) => external.length > 0 },
  descriptionAttribute(column),
  { key: 'port_security_enabled', alias: 'port-security', ...column.flag('port_security_enabled') },
  { key: 'qos_policy_id', alias: 'qos', child: 'qos', value: (_, rows) => rows[0]?.[1] ?? null },
  { key: 'vlan_transparent', alias: 'vlan-transparent', ...column.maybeFlag('vlan_transparent') },
  { key: 'qinq', alias: 'qinq', ...column.maybeFlag('qinq') },
  { key: 'dns_domain', alias: 'dns-integration', ...column.plain('dns_domain') },
  {
    key: 'is_default',
    alias: 'auto-allocated-topology',
    child: 'external',
    value: (_, external) => (external.length > 0 ? toBoolean(external[0]![1]) : undefined),
  },
  ...standardTail(column),
  // A routed network is one whose subnets lie on segments of their own: upstream looks at the first.
  { key: 'l2_adjacency', alias: 'l2_adjacency', child: 'subnets', value: (_, subnets) => !subnets[0]?.[4] },
  provider('provider:network_type', 1),
  provider('provider:physical_network', 2),
  provider('provider:segmentation_id', 3),
  { key: 'segments', alias: 'multi-provider', child: 'segments', value: (_, segments) => segmentList(segments) },
];

const sharedWith = (eb: AnyExpressions, view: View) =>
  eb(
    'id',
    'in',
    eb
      .selectFrom('networkrbacs')
      .select('object_id')
      .where('action', '=', 'access_as_shared')
      .where('target_project', 'in', ['*', viewer(view)]),
  );

/** A project sees its networks and those shared with it, as a whole or as a way to the outside. */
const visible: Scope = (eb, project) => eb.or([ownRows(eb, project), eb('id', 'in', opened(eb, project))]);

/** Networks that RBAC entries share with a project, so that it may plug in there. */
export function shared(eb: AnyExpressions, project: string) {
  return opened(eb, project).where('action', '=', 'access_as_shared');
}

/** Networks that RBAC entries open to a project, in one way or the other. */
export function opened(eb: AnyExpressions, project: string) {
  return eb.selectFrom('networkrbacs').select('object_id').where('target_project', 'in', ['*', project]);
}

const isExternal = (eb: AnyExpressions) => eb('id', 'in', eb.selectFrom('externalnetworks').select('network_id'));

const isDefault = (eb: AnyExpressions) =>
  eb('id', 'in', eb.selectFrom('externalnetworks').select('network_id').where('is_default', '=', true));

/** No index leads from one of these to the few networks of a project: physical networks and types are the same for all. */
function ofSegment(column: string): Filter {
  const segments = { of: 'networks', table: 'networksegments', parent: 'network_id' };
  return (eb, values, view) => hasChild(eb, view, segments, (inner) => among(inner, column, values));
}

export const networks: Definition = {
  table: 'networks',
  columns,
  attributes,
  scope: visible,
  ways: { owner: ownRows },
  revised: { except: ['zones'], sharing: true },
  children: {
    subnets: child('subnets.network_id', (db) =>
      db
        .selectFrom('subnets')
        .leftJoin('subnetpools', 'subnetpools.id', 'subnets.subnetpool_id')
        .select([
          'subnets.network_id',
          'subnets.id',
          'subnetpools.ip_version',
          'subnetpools.address_scope_id',
          'subnets.segment_id',
        ])
        .orderBy('subnets.network_id')
        .orderBy('subnets.standard_attr_id'),
    ),
    sharing: child('object_id', (db) =>
      db.selectFrom('networkrbacs').select(['object_id', 'target_project']).where('action', '=', 'access_as_shared'),
    ),
    external: child('network_id', (db) => db.selectFrom('externalnetworks').select(['network_id', 'is_default'])),
    segments: child('network_id', (db) =>
      db
        .selectFrom('networksegments')
        .select(['network_id', 'network_type', 'physical_network', 'segmentation_id'])
        .where('is_dynamic', '=', false)
        .orderBy('network_id')
        .orderBy('segment_index'),
    ),
    qos: child('network_id', (db) => db.selectFrom('qos_network_policy_bindings').select(['network_id', 'policy_id'])),
    zones: child('network_id', (db) =>
      db
        .selectFrom('networkdhcpagentbindings')
        .innerJoin('agents', 'agents.id', 'networkdhcpagentbindings.dhcp_agent_id')
        .select(['networkdhcpagentbindings.network_id', 'agents.availability_zone'])
        .distinct()
        .where('agents.availability_zone', 'is not', null)
        .orderBy('networkdhcpagentbindings.network_id')
        .orderBy('agents.availability_zone'),
    ),
    tags: tagsOf('network'),
  },
  filters: {
    ...standardFilters('network'),
    name: oneOf('name'),
    admin_state_up: oneOf('admin_state_up'),
    status: oneOf('status'),
    mtu: oneOf('mtu'),
    vlan_transparent: oneOf('vlan_transparent'),
    qinq: oneOf('qinq'),
    shared: whether(sharedWith),
    'router:external': whether(isExternal),
    is_default: whether(isDefault),
    'provider:network_type': ofSegment('network_type'),
    'provider:physical_network': ofSegment('physical_network'),
    'provider:segmentation_id': ofSegment('segmentation_id'),
  },
  sorts: {
    id: 'id',
    name: 'name',
    admin_state_up: 'admin_state_up',
    status: 'status',
    tenant_id: 'project_id',
    project_id: 'project_id',
    mtu: 'mtu',
    availability_zone_hints: 'availability_zone_hints',
  },
};

const read = reader<Network>('networks', networks);

export function getNetwork(
  db: Db,
  id: string,
  view?: View,
  fields?: readonly string[] | null,
): Promise<Network | null> {
  return read.get(db, id, view, fields);
}

export function findNetworks(db: Db, query: Partial<ListQuery>, view?: View): Promise<Network[]> {
  return read.find(db, query, view);
}

export function listNetworks(database: Database, query: ListQuery, view?: View): Promise<Page<Network>> {
  return read.list(database, query, view);
}
