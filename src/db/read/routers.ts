import type { Router } from '../../resources/shapes.ts';
import { type Attribute, child, columnReader, type Definition, ownRows, type Row } from './definition.ts';
import { oneOf } from './filters.ts';
import { reader } from './resource.ts';
import { descriptionAttribute, STANDARD_COLUMNS, standardFilters, standardTail, tagsOf } from './standard.ts';

/** Of `routers`, all that a router is made of. */
export const routerColumns = [
  ...STANDARD_COLUMNS,
  'status',
  'admin_state_up',
  'gw_port_id',
  'enable_snat',
  'flavor_id',
  'ha',
  'ha_vr_id',
  'availability_zone_hints',
  'enable_ndp_proxy',
] as const;
const column = columnReader(routerColumns);
const snat = column.flag('enable_snat');

/** Attributes that no extension brings: messages carry them, clients never see them. */
const INTERNAL = '(internal)';

/** Columns of the `gateway` child; one row per address, one without address when there is none. */
function gatewayInfo(row: Row, rows: readonly Row[]): unknown {
  const [first] = rows;
  if (first === undefined) return null;
  return {
    network_id: first[1],
    external_fixed_ips: rows
      .filter((address) => address[2] !== null)
      .map(([, , subnet_id, ip_address]) => ({ subnet_id, ip_address })),
    enable_snat: snat.value(row, [], { extensions: null, all: true }),
    ...(first[4] !== null && { qos_policy_id: first[4] }),
  };
}

const attributes: readonly Attribute[] = [
  { key: 'id', alias: null, ...column.token('id') },
  { key: 'name', alias: null, ...column.plain('name') },
  { key: 'tenant_id', alias: null, ...column.plain('project_id') },
  { key: 'admin_state_up', alias: null, ...column.flag('admin_state_up') },
  { key: 'status', alias: null, ...column.token('status') },
  { key: 'external_gateway_info', alias: null, child: 'gateway', value: gatewayInfo },
  { key: 'gw_port_id', alias: INTERNAL, ...column.plain('gw_port_id') },
  descriptionAttribute(column),
  {
    key: 'availability_zones',
    alias: 'router_availability_zone',
    child: 'zones',
    value: (_, rows) => [...new Set(rows.map((row) => row[1]))],
  },
  { key: 'distributed', alias: 'dvr', value: () => false },
  { key: 'ha', alias: 'l3-ha', ...column.flag('ha') },
  { key: 'ha_vr_id', alias: INTERNAL, ...column.number('ha_vr_id') },
  { key: 'availability_zone_hints', alias: 'router_availability_zone', ...column.json('availability_zone_hints') },
  {
    key: 'routes',
    alias: 'extraroute',
    child: 'routes',
    value: (_, rows) => rows.map(([, destination, nexthop]) => ({ destination, nexthop })),
  },
  { key: 'flavor_id', alias: 'l3-flavors', ...column.plain('flavor_id') },
  { key: 'enable_ndp_proxy', alias: 'l3-ext-ndp-proxy', ...column.flag('enable_ndp_proxy') },
  {
    key: 'conntrack_helpers',
    alias: 'expose-l3-conntrack-helper',
    child: 'helpers',
    value: (_, rows) => rows.map(([, protocol, port, helper]) => ({ protocol, port, helper })),
  },
  ...standardTail(column),
];

export const routers: Definition = {
  table: 'routers',
  columns: routerColumns,
  attributes,
  scope: ownRows,
  ways: { owner: ownRows },
  // Agents come and go, and so do the addresses of gateway ports, without a new revision of the router.
  revised: { except: ['gateway', 'zones'] },
  children: {
    gateway: child('routers.id', (db) =>
      db
        .selectFrom('routers')
        .innerJoin('ports', 'ports.id', 'routers.gw_port_id')
        .leftJoin('ipallocations', 'ipallocations.port_id', 'ports.id')
        .leftJoin('qos_router_gw_policy_bindings as qos', 'qos.router_id', 'routers.id')
        .select([
          'routers.id',
          'ports.network_id',
          'ipallocations.subnet_id',
          'ipallocations.ip_address',
          'qos.policy_id',
        ])
        .orderBy('routers.id')
        .orderBy('ipallocations.position'),
    ),
    zones: child('bound.router_id', (db) =>
      db
        .selectFrom('routerl3agentbindings as bound')
        .innerJoin('agents', 'agents.id', 'bound.l3_agent_id')
        .select(['bound.router_id', 'agents.availability_zone'])
        .where('agents.availability_zone', 'is not', null)
        .orderBy('bound.router_id')
        .orderBy('agents.availability_zone'),
    ),
    routes: child('router_id', (db) =>
      db
        .selectFrom('routerroutes')
        .select(['router_id', 'destination', 'nexthop'])
        .orderBy('router_id')
        .orderBy('position'),
    ),
    helpers: child('router_id', (db) =>
      db
        .selectFrom('conntrack_helpers')
        .select(['router_id', 'protocol', 'port', 'helper'])
        .orderBy('router_id')
        .orderBy('protocol')
        .orderBy('port')
        .orderBy('helper'),
    ),
    tags: tagsOf('router'),
  },
  filters: {
    ...standardFilters('router'),
    name: oneOf('name'),
    admin_state_up: oneOf('admin_state_up'),
    enable_ndp_proxy: oneOf('enable_ndp_proxy'),
  },
  sorts: {
    id: 'id',
    name: 'name',
    admin_state_up: 'admin_state_up',
    status: 'status',
    tenant_id: 'project_id',
    project_id: 'project_id',
    flavor_id: 'flavor_id',
  },
};

export const routerReader = reader<Router>('routers', routers);
