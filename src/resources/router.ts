import {
  type AttributeTable,
  type ResourceDefinition,
  type RouteDefinition,
  required,
  unset,
  type Who,
} from './contract.ts';
import { gatewayInfo } from './gateway-info.ts';
import * as shown from './shown-types.ts';
import { projectAttributes, standardAttributes } from './standard-attributes.ts';
import { tagRoutes } from './tags.ts';
import * as type from './types.ts';

const admin: readonly Who[] = ['admin'];
const member: readonly Who[] = ['project_member'];

/** What interfaces are named by: the plugin looks at it, for upstream's member actions say by themselves what is wrong. */
const named: AttributeTable = {
  subnet_id: { ops: 'CU', type: type.opaque, default: unset },
  port_id: { ops: 'CU', type: type.opaque, default: unset },
};
const routes: AttributeTable = { routes: { ops: 'CU', type: type.hostRoutes, default: required } };

const action = (name: string, summary: string, more: Partial<RouteDefinition>): RouteDefinition => ({
  method: 'PUT',
  path: `routers/{id}/${name}`,
  extension: 'router',
  summary,
  rule: name,
  targetFirst: true,
  status: 200,
  envelope: null,
  ...more,
});

const onRoutes = {
  extension: 'extraroute-atomic',
  body: routes,
  bodyEnvelope: 'router',
  envelope: 'router',
} as const;

/** Routers between networks, and to the world (upstream: neutron-lib `api/definitions/l3` and those named by attributes). */
export const router: ResourceDefinition = {
  member: 'router',
  collection: 'routers',
  extension: 'router',
  visibility: ['owner'],
  routes: [
    action('add_router_interface', 'Attaches a subnet or a port to a router', { body: named }),
    action('remove_router_interface', 'Takes a subnet or a port from a router', { body: named }),
    action('add_extraroutes', 'Adds routes to those a router has', onRoutes),
    action('remove_extraroutes', 'Takes routes from those a router has', onRoutes),
    ...tagRoutes('router', 'routers'),
    {
      method: 'GET',
      path: 'routers/{id}/l3-agents',
      extension: 'l3_agent_scheduler',
      summary: 'The L3 agents that serve a router',
      rule: 'get_l3-agents',
      status: 200,
      envelope: 'agents',
    },
    {
      method: 'GET',
      path: 'routers/{id}/explain',
      extension: 'neutrino-explain',
      summary: 'Why a router works or does not, from its row to the kernel',
      rule: 'get_router',
      status: 200,
      envelope: 'explanation',
    },
  ],
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    name: { ops: 'CUR', type: type.string(255), default: '', filter: true, sort: true },
    ...projectAttributes,
    admin_state_up: { ops: 'CUR', type: type.boolean, default: true, filter: true, sort: true },
    status: { ops: 'R', type: shown.oneOf('ACTIVE', 'ALLOCATING', 'ERROR'), default: unset, sort: true },
    external_gateway_info: { ops: 'CUR', type: gatewayInfo, default: null, create: member, update: member },
    distributed: {
      ops: 'CUR',
      type: type.booleanOrNull,
      default: unset,
      extension: 'dvr',
      create: admin,
      update: admin,
      see: admin,
    },
    ha: {
      ops: 'CUR',
      type: type.booleanOrNull,
      default: unset,
      extension: 'l3-ha',
      create: admin,
      update: admin,
      see: admin,
    },
    availability_zone_hints: {
      ops: 'CR',
      type: type.zoneHints,
      default: [],
      extension: 'router_availability_zone',
    },
    availability_zones: { ops: 'R', type: shown.texts, default: unset, extension: 'router_availability_zone' },
    routes: { ops: 'UR', type: type.hostRoutes, default: unset, extension: 'extraroute' },
    flavor_id: { ops: 'CR', type: type.uuidOrNull, default: unset, sort: true, extension: 'l3-flavors' },
    enable_ndp_proxy: {
      ops: 'CUR',
      type: type.booleanOrNull,
      default: unset,
      filter: true,
      extension: 'l3-ext-ndp-proxy',
    },
    conntrack_helpers: {
      ops: 'R',
      type: shown.objects({
        protocol: { type: 'string' },
        port: { type: 'integer' },
        helper: { type: 'string' },
      }),
      default: unset,
      extension: 'expose-l3-conntrack-helper',
    },
    ...standardAttributes,
  },
};
