import type { FloatingIp } from '../../resources/shapes.ts';
import {
  type AnyQuery,
  type Attribute,
  child,
  columnReader,
  type Definition,
  ownRows,
  type Row,
  toBoolean,
} from './definition.ts';
import { oneOf } from './filters.ts';
import { reader } from './resource.ts';
import { descriptionAttribute, standardFilters, standardTail, tagsOf } from './standard.ts';

/** Of `floatingips`, all that one is made of. */
export const floatingIpColumns = [
  'id',
  'project_id',
  'description',
  'created_at',
  'updated_at',
  'revision_number',
  'floating_ip_address',
  'floating_network_id',
  'floating_port_id',
  'fixed_port_id',
  'fixed_ip_address',
  'router_id',
  'last_known_router_id',
  'status',
  'dns_name',
  'dns_domain',
] as const;
const column = columnReader(floatingIpColumns);

/** What of the port behind it is shown. */
function portDetails(rows: readonly Row[]): Record<string, unknown> | null {
  const [row] = rows;
  if (row === undefined) return null;
  const [, name, network_id, mac_address, up, status, device_id, device_owner] = row;
  return { name, network_id, mac_address, admin_state_up: toBoolean(up), status, device_id, device_owner };
}

/** A range has no single port: the key is left out then, as upstream does. */
function forwardingInside([, id, protocol, port, address, ...ports]: Row): Record<string, unknown> {
  const [internalFirst, internalLast, externalFirst, externalLast] = ports;
  return {
    id,
    protocol,
    internal_port_id: port,
    internal_ip_address: address,
    ...(externalFirst !== null && externalFirst === externalLast && { external_port: externalFirst }),
    ...(internalFirst !== null && internalFirst === internalLast && { internal_port: internalFirst }),
  };
}

const one = (rows: readonly Row[]) => (rows[0]?.[1] as string | undefined) ?? null;

const attributes: readonly Attribute[] = [
  { key: 'id', alias: null, ...column.token('id') },
  { key: 'tenant_id', alias: null, ...column.plain('project_id') },
  { key: 'floating_ip_address', alias: null, ...column.token('floating_ip_address') },
  { key: 'floating_network_id', alias: null, ...column.token('floating_network_id') },
  { key: 'router_id', alias: null, ...column.plain('router_id') },
  { key: 'port_id', alias: null, ...column.plain('fixed_port_id') },
  { key: 'fixed_ip_address', alias: null, ...column.plain('fixed_ip_address') },
  { key: 'status', alias: null, ...column.token('status') },
  descriptionAttribute(column),
  { key: 'dns_name', alias: 'dns-integration', ...column.plain('dns_name') },
  { key: 'dns_domain', alias: 'dns-integration', ...column.plain('dns_domain') },
  { key: 'qos_policy_id', alias: 'qos-fip', child: 'qos', value: (_, rows) => one(rows) },
  {
    key: 'qos_network_policy_id',
    alias: 'qos-fip-network-policy',
    child: 'networkQos',
    value: (_, rows) => one(rows),
  },
  { key: 'port_details', alias: 'fip-port-details', child: 'port', value: (_, rows) => portDetails(rows) },
  {
    key: 'port_forwardings',
    alias: 'expose-port-forwarding-in-fip',
    child: 'forwardings',
    value: (_, rows) => rows.map(forwardingInside),
  },
  ...standardTail(column),
];

/** Floating addresses, with the port behind each and what else hangs on it. */
export const floatingIps: Definition = {
  table: 'floatingips',
  columns: floatingIpColumns,
  attributes,
  scope: ownRows,
  ways: { owner: ownRows },
  children: {
    port: child('fip.id', (db) =>
      (db.selectFrom('floatingips as fip') as AnyQuery)
        .innerJoin('ports', 'ports.id', 'fip.fixed_port_id')
        .select([
          'fip.id',
          'ports.name',
          'ports.network_id',
          'ports.mac_address',
          'ports.admin_state_up',
          'ports.status',
          'ports.device_id',
          'ports.device_owner',
        ]),
    ),
    qos: child('fip_id', (db) => db.selectFrom('qos_fip_policy_bindings').select(['fip_id', 'policy_id'])),
    networkQos: child('fip.id', (db) =>
      (db.selectFrom('floatingips as fip') as AnyQuery)
        .innerJoin('qos_network_policy_bindings as qos', 'qos.network_id', 'fip.floating_network_id')
        .select(['fip.id', 'qos.policy_id']),
    ),
    forwardings: child('floatingip_id', (db) =>
      db
        .selectFrom('portforwardings')
        .select([
          'floatingip_id',
          'id',
          'protocol',
          'internal_port_id',
          'internal_ip_address',
          'internal_port_start',
          'internal_port_end',
          'external_port_start',
          'external_port_end',
        ])
        .orderBy('floatingip_id')
        .orderBy('standard_attr_id'),
    ),
    tags: tagsOf('floatingip'),
  },
  filters: {
    ...standardFilters('floatingip'),
    floating_ip_address: oneOf('floating_ip_address'),
    floating_network_id: oneOf('floating_network_id'),
    router_id: oneOf('router_id'),
    port_id: oneOf('fixed_port_id'),
    fixed_ip_address: oneOf('fixed_ip_address'),
    status: oneOf('status'),
  },
  sorts: {
    id: 'id',
    tenant_id: 'project_id',
    project_id: 'project_id',
    floating_ip_address: 'floating_ip_address',
    floating_network_id: 'floating_network_id',
    router_id: 'router_id',
    fixed_ip_address: 'fixed_ip_address',
    status: 'status',
  },
};

export const floatingIpReader = reader<FloatingIp>('floatingips', floatingIps);
