import type { Expression, SqlBool } from 'kysely';
import { dnsAssignment } from '../../lib/dns-names.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import type { Port } from '../../resources/shapes.ts';
import type { Database, Db } from '../database.ts';
import {
  type AnyExpressions,
  type Attribute,
  child,
  columnReader,
  type Definition,
  type Filter,
  listJson,
  onOwnNetworks,
  ownRows,
  parseJson,
  type Row,
  type Scope,
} from './definition.ts';
import { among, anything, contains, hasChild, inChild, nothing, oneOf } from './filters.ts';
import { portQos, portQosAttributes } from './port-qos.ts';
import { reader } from './resource.ts';
import { descriptionAttribute, STANDARD_COLUMNS, standardFilters, standardTail, tagsOf } from './standard.ts';
import type { View } from './view.ts';

const columns = [
  ...STANDARD_COLUMNS,
  'network_id',
  'mac_address',
  'admin_state_up',
  'status',
  'device_id',
  'device_owner',
  'port_security_enabled',
  'ip_allocation',
  'dns_name',
  'dns_domain',
  'data_plane_status',
  'propagate_uplink_status',
  'device_profile',
  'numa_affinity_policy',
  'hints',
  'hardware_offload_type',
  'trusted',
];
const column = columnReader(columns);

/** Columns of the `binding` child; one row per binding level, one without level when the port is not bound. */
const HOST = 1;
const VNIC_TYPE = 2;
const PROFILE = 3;
const VIF_TYPE = 4;
const VIF_DETAILS = 5;
const LEVEL = 6;
const DRIVER = 7;

function binding(
  key: string,
  value: (binding: readonly Row[]) => unknown,
  json?: (binding: readonly Row[]) => string,
): Attribute {
  const attribute = { key, alias: 'binding', child: 'binding', value: (_: Row, rows: readonly Row[]) => value(rows) };
  return json === undefined ? attribute : { ...attribute, json: (_, rows) => json(rows) };
}

const trusted = column.maybeFlag('trusted');
const dnsName = columns.indexOf('dns_name');

/** What the driver said, and which drivers bound it at which level. */
function vifDetails(rows: readonly Row[]): unknown {
  const first = rows[0];
  if (first === undefined) return {};
  const details = parseJson(first[VIF_DETAILS] as string) as Record<string, unknown>;
  if (first[DRIVER] !== null) {
    // Integer keys come in numeric order, whatever order the rows have.
    details.bound_drivers = Object.fromEntries(rows.map((row) => [String(row[LEVEL]), row[DRIVER]]));
  }
  return details;
}

/** The text in the row is JSON already: only the drivers are put to it. */
function vifDetailsJson(rows: readonly Row[]): string {
  const first = rows[0];
  const text = (first?.[VIF_DETAILS] as string | undefined) || '{}';
  if (first === undefined || first[DRIVER] === null) return text;
  if (rows.length > 1 || text.includes('"bound_drivers"')) return JSON.stringify(vifDetails(rows));
  const driver = `"${first[LEVEL]}":${JSON.stringify(first[DRIVER])}`;
  return `${text.slice(0, -1)}${text === '{}' ? '' : ','}"bound_drivers":{${driver}}}`;
}

/** Columns of the `trunk` child; one row per sub-port, one without a port when there is none. */
function trunkDetails(rows: readonly Row[]): unknown {
  if (rows.length === 0) return undefined;
  const sub_ports = rows
    .filter((row) => row[2] !== null)
    .map(([, , port_id, segmentation_type, segmentation_id, mac_address]) => ({
      ...{ segmentation_id, segmentation_type, port_id, mac_address },
    }));
  return { trunk_id: rows[0]![1], sub_ports };
}

const attributes: readonly Attribute[] = [
  { key: 'id', alias: null, ...column.token('id') },
  { key: 'name', alias: null, ...column.plain('name') },
  { key: 'network_id', alias: null, ...column.token('network_id') },
  { key: 'tenant_id', alias: null, ...column.plain('project_id') },
  { key: 'mac_address', alias: null, ...column.token('mac_address') },
  { key: 'admin_state_up', alias: null, ...column.flag('admin_state_up') },
  { key: 'status', alias: null, ...column.token('status') },
  { key: 'device_id', alias: null, ...column.plain('device_id') },
  { key: 'device_owner', alias: null, ...column.plain('device_owner') },
  {
    key: 'fixed_ips',
    alias: null,
    child: 'addresses',
    value: (_, addresses) => addresses.map(([, subnet_id, ip_address]) => ({ subnet_id, ip_address })),
    json: (_, addresses) =>
      listJson(addresses, ([, subnet, address]) => `{"subnet_id":"${subnet}","ip_address":"${address}"}`),
  },
  {
    key: 'allowed_address_pairs',
    alias: 'allowed-address-pairs',
    child: 'pairs',
    value: (_, pairs) => pairs.map(([, mac_address, ip_address]) => ({ mac_address, ip_address })),
  },
  {
    key: 'extra_dhcp_opts',
    alias: 'extra_dhcp_opt',
    child: 'dhcpOptions',
    value: (_, options) => options.map(([, opt_name, opt_value, ip_version]) => ({ opt_name, opt_value, ip_version })),
  },
  {
    key: 'security_groups',
    alias: 'security-group',
    child: 'groups',
    value: (_, groups) => groups.map((row) => row[1]),
    json: (_, groups) => listJson(groups, ([, group]) => `"${group}"`),
  },
  descriptionAttribute(column),
  binding('binding:vnic_type', (rows) => rows[0]?.[VNIC_TYPE] ?? 'normal'),
  binding('binding:profile', (rows) => parseJson((rows[0]?.[PROFILE] as string) ?? '')),
  binding('binding:host_id', (rows) => rows[0]?.[HOST] ?? ''),
  binding('binding:vif_type', (rows) => rows[0]?.[VIF_TYPE] ?? 'unbound'),
  binding('binding:vif_details', vifDetails, vifDetailsJson),
  { key: 'port_security_enabled', alias: 'port-security', ...column.flag('port_security_enabled') },
  { key: 'dns_name', alias: 'dns-integration', ...column.plain('dns_name') },
  {
    key: 'dns_assignment',
    alias: 'dns-integration',
    child: 'addresses',
    value: (row, addresses, { dnsDomain }) =>
      dnsDomain === undefined
        ? undefined
        : dnsAssignment(
            addresses.map((address) => address[2] as string),
            row[dnsName] as string,
            dnsDomain,
          ),
  },
  { key: 'dns_domain', alias: 'dns-domain-ports', ...column.plain('dns_domain') },
  ...portQosAttributes,
  { key: 'data_plane_status', alias: 'data-plane-status', ...column.plain('data_plane_status') },
  {
    key: 'propagate_uplink_status',
    alias: 'uplink-status-propagation',
    ...column.flagOr('propagate_uplink_status', true),
  },
  { key: 'device_profile', alias: 'port-device-profile', ...column.plain('device_profile') },
  { key: 'numa_affinity_policy', alias: 'port-numa-affinity-policy', ...column.plain('numa_affinity_policy') },
  { key: 'hints', alias: 'port-hints', ...column.jsonOrNull('hints') },
  { key: 'hardware_offload_type', alias: 'port-hardware-offload-type', ...column.plain('hardware_offload_type') },
  { key: 'trusted', alias: 'port-trusted-vif', ...trusted },
  { key: 'trunk_details', alias: 'trunk-details', child: 'trunk', value: (_, rows) => trunkDetails(rows) },
  { key: 'ip_allocation', alias: 'ip_allocation', ...column.token('ip_allocation') },
  ...standardTail(column),
];

const addresses = { of: 'ports', table: 'ipallocations', parent: 'port_id' };
const bindings = { of: 'ports', table: 'ml2_port_bindings', parent: 'port_id' };

/** `fixed_ips=key=value`: values of one key are alternatives, each key must find an address of the port. */
const fixedIps: Filter = (eb, values, view) => {
  const byKey = new Map<string, string[]>();
  for (const value of values) {
    if (value === null || typeof value !== 'object') return nothing;
    byKey.set(value.key, [...(byKey.get(value.key) ?? []), value.value]);
  }
  if (byKey.size === 0) return nothing;
  const having = (condition: (inner: AnyExpressions) => Expression<SqlBool>) =>
    eb('id', 'in', eb.selectFrom('ipallocations').select('port_id').where(condition));
  const conditions = [...byKey].map(([key, wanted]) => {
    if (key === 'subnet_id' || key === 'ip_address') return having((inner) => among(inner, key, wanted));
    if (key === 'ip_address_substr')
      return hasChild(eb, view, addresses, (inner) => inner.or(wanted.map((text) => contains('ip_address', text))));
    return anything;
  });
  return eb.and(conditions);
};

/** The host of the active binding; `''` for ports that have none. */
const boundHost: Filter = (eb, values, view) => {
  const isActive = (inner: AnyExpressions) => inner('status', '=', 'ACTIVE');
  const bound = hasChild(eb, view, bindings, (inner) => inner.and([isActive(inner), among(inner, 'host', values)]));
  return values.includes('') ? eb.or([bound, eb.not(hasChild(eb, view, bindings, isActive))]) : bound;
};

/** A project sees its ports, and all ports of its networks. */
const visible: Scope = (eb, project) => eb.or([ownRows(eb, project), onOwnNetworks(eb, project)]);

export const ports: Definition = {
  table: 'ports',
  columns,
  attributes,
  scope: visible,
  ways: { owner: ownRows, parent_owner: onOwnNetworks },
  // A trunk and its sub-ports are no change of its parent.
  revised: { except: ['trunk'] },
  children: {
    addresses: child('port_id', (db) =>
      db
        .selectFrom('ipallocations')
        .select(['port_id', 'subnet_id', 'ip_address'])
        .orderBy('port_id')
        .orderBy('position'),
    ),
    pairs: child('port_id', (db) =>
      db
        .selectFrom('allowedaddresspairs')
        .select(['port_id', 'mac_address', 'ip_address'])
        .orderBy('port_id')
        .orderBy('position'),
    ),
    dhcpOptions: child('port_id', (db) =>
      db
        .selectFrom('extradhcpopts')
        .select(['port_id', 'opt_name', 'opt_value', 'ip_version'])
        .orderBy('port_id')
        .orderBy('opt_name')
        .orderBy('ip_version'),
    ),
    groups: child('port_id', (db) =>
      db
        .selectFrom('securitygroupportbindings')
        .select(['port_id', 'security_group_id'])
        .orderBy('port_id')
        .orderBy('security_group_id'),
    ),
    binding: child('ml2_port_bindings.port_id', (db) =>
      db
        .selectFrom('ml2_port_bindings')
        .leftJoin('ml2_port_binding_levels as levels', (join) =>
          join
            .onRef('levels.port_id', '=', 'ml2_port_bindings.port_id')
            .onRef('levels.host', '=', 'ml2_port_bindings.host'),
        )
        .select([
          'ml2_port_bindings.port_id',
          'ml2_port_bindings.host',
          'vnic_type',
          'profile',
          'vif_type',
          'vif_details',
          'levels.level',
          'levels.driver',
        ])
        .where('ml2_port_bindings.status', '=', 'ACTIVE')
        .orderBy('ml2_port_bindings.port_id'),
    ),
    trunk: child('trunks.port_id', (db) =>
      db
        .selectFrom('trunks')
        .leftJoin('subports', 'subports.trunk_id', 'trunks.id')
        .leftJoin('ports as carried', 'carried.id', 'subports.port_id')
        .select([
          'trunks.port_id',
          'trunks.id',
          'subports.port_id as subport_id',
          'segmentation_type',
          'segmentation_id',
          'carried.mac_address',
        ])
        .orderBy('trunks.port_id')
        .orderBy('segmentation_id'),
    ),
    qos: portQos,
    tags: tagsOf('port'),
  },
  filters: {
    ...standardFilters('port'),
    name: oneOf('name'),
    network_id: oneOf('network_id'),
    admin_state_up: oneOf('admin_state_up'),
    mac_address: oneOf('mac_address'),
    device_id: oneOf('device_id'),
    device_owner: oneOf('device_owner'),
    status: oneOf('status'),
    ip_allocation: oneOf('ip_allocation'),
    'binding:host_id': boundHost,
    fixed_ips: fixedIps,
    security_groups: inChild('securitygroupportbindings', 'port_id', 'security_group_id'),
  },
  sorts: {
    id: 'id',
    name: 'name',
    network_id: 'network_id',
    admin_state_up: 'admin_state_up',
    mac_address: 'mac_address',
    device_id: 'device_id',
    device_owner: 'device_owner',
    tenant_id: 'project_id',
    project_id: 'project_id',
    status: 'status',
    ip_allocation: 'ip_allocation',
  },
};

const read = reader<Port>('ports', ports);

export function getPort(db: Db, id: string, view?: View, fields?: readonly string[] | null): Promise<Port | null> {
  return read.get(db, id, view, fields);
}

export function findPorts(db: Db, query: Partial<ListQuery>, view?: View): Promise<Port[]> {
  return read.find(db, query, view);
}

export function listPorts(database: Database, query: ListQuery, view?: View): Promise<Page<Port>> {
  return read.list(database, query, view);
}
