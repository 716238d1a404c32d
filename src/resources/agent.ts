import {
  type Attribute,
  type AttributeType,
  type ResourceDefinition,
  type RouteDefinition,
  required,
  unset,
} from './contract.ts';
import * as shown from './shown-types.ts';
import * as type from './types.ts';

/** Reported by agents over RPC, never set by a client. */
function reported(rules: Partial<Attribute> = {}, of: AttributeType = shown.text): Attribute {
  return { ops: 'R', type: of, default: unset, sort: true, sortExtension: 'agent_sort_key', ...rules };
}

type Scheduling = (
  method: RouteDefinition['method'],
  below: string,
  more: Pick<RouteDefinition, 'summary' | 'rule' | 'status'> & Partial<RouteDefinition>,
) => RouteDefinition;

/** What an agent serves. */
function served(path: string, extension: string, envelope: string): Scheduling {
  return (method, below, more) => ({ method, path: `agents/{id}/${path}${below}`, extension, envelope, ...more });
}

/** Upstream: extensions/dhcpagentscheduler.py. */
const dhcpNetworks = served('dhcp-networks', 'dhcp_agent_scheduler', 'networks');

/** Upstream: extensions/l3agentscheduler.py. */
const l3Routers = served('l3-routers', 'l3_agent_scheduler', 'routers');

/** Agents register over RPC: nothing is accepted in POST (upstream: neutron-lib `api/definitions/agent`). */
export const agent: ResourceDefinition = {
  member: 'agent',
  collection: 'agents',
  extension: 'agent',
  routes: [
    {
      method: 'GET',
      path: 'agents/{id}/history',
      extension: 'neutrino-agent-history',
      summary: 'When an agent was started, and when nothing was heard of it',
      rule: 'get_agent',
      status: 200,
      envelope: 'history',
    },
    dhcpNetworks('GET', '', { summary: 'The networks a DHCP agent serves', rule: 'get_dhcp-networks', status: 200 }),
    dhcpNetworks('POST', '', {
      summary: 'Gives a DHCP agent a network',
      rule: 'create_dhcp-network',
      status: 201,
      envelope: null,
      body: { network_id: { ops: 'CU', type: type.uuid, default: required } },
    }),
    dhcpNetworks('DELETE', '/{network_id}', {
      summary: 'Takes a network from a DHCP agent',
      rule: 'delete_dhcp-network',
      status: 204,
    }),
    l3Routers('GET', '', { summary: 'The routers an L3 agent serves', rule: 'get_l3-routers', status: 200 }),
    l3Routers('POST', '', {
      summary: 'Gives an L3 agent a router',
      rule: 'create_l3-router',
      status: 201,
      envelope: null,
      body: { router_id: { ops: 'CU', type: type.uuid, default: required } },
    }),
    l3Routers('DELETE', '/{router_id}', {
      summary: 'Takes a router from an L3 agent',
      rule: 'delete_l3-router',
      status: 204,
    }),
  ],
  attributes: {
    id: reported({ filter: true }, type.uuid),
    agent_type: reported({ filter: true }),
    binary: reported({ filter: true }),
    topic: reported({ filter: true }),
    host: reported({ filter: true }),
    admin_state_up: reported({ ops: 'UR', filter: true }, type.boolean),
    created_at: reported({}, shown.agentTime),
    started_at: reported({}, shown.agentTime),
    heartbeat_timestamp: reported({}, shown.agentTime),
    description: reported({ ops: 'UR', filter: true }, type.stringOrNull(255)),
    resources_synced: reported({ sort: false, extension: 'agent-resources-synced' }, shown.flagOrNull),
    availability_zone: reported({ sort: false, filter: true, extension: 'availability_zone' }, shown.textOrNull),
    alive: reported({ filter: true }, type.boolean),
    configurations: reported({ sort: false }, shown.object),
  },
};
