import { type ResourceDefinition, unset, type Who } from './contract.ts';
import { dnsDomain } from './dns.ts';
import * as shown from './shown-types.ts';
import { projectAttributes, standardAttributes } from './standard-attributes.ts';
import { tagRoutes } from './tags.ts';
import * as type from './types.ts';

const admin: readonly Who[] = ['admin'];
const member: readonly Who[] = ['project_member'];
const provider = { default: unset, filter: true, extension: 'provider', create: admin, update: admin, see: admin };

/** Networks (upstream: neutron-lib `api/definitions/network` and the extensions named by each attribute). */
export const network: ResourceDefinition = {
  member: 'network',
  collection: 'networks',
  core: true,
  visibility: ['owner', 'shared', 'external'],
  routes: [
    ...tagRoutes('network', 'networks'),
    {
      method: 'GET',
      path: 'networks/{id}/dhcp-agents',
      extension: 'dhcp_agent_scheduler',
      summary: 'The DHCP agents that serve a network',
      rule: 'get_dhcp-agents',
      status: 200,
      envelope: 'agents',
    },
    {
      method: 'GET',
      path: 'networks/{id}/explain',
      extension: 'neutrino-explain',
      summary:
        'What carries a network on its hosts: bridges, ways out, DHCP servers, and whether they are as they should be',
      // Who may only use it (shared, external) is not told of hosts and ports of others.
      rule: 'update_network',
      status: 200,
      envelope: 'explanation',
    },
  ],
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    name: { ops: 'CUR', type: type.string(255), default: '', filter: true, sort: true },
    ...projectAttributes,
    admin_state_up: { ops: 'CUR', type: type.boolean, default: true, filter: true, sort: true },
    mtu: {
      ops: 'CUR',
      type: type.nonNegative,
      default: 0,
      filter: true,
      sort: true,
      extension: 'net-mtu',
      createExtension: 'net-mtu-writable',
      updateExtension: 'net-mtu-writable',
    },
    status: {
      ops: 'R',
      type: shown.oneOf('ACTIVE', 'BUILD', 'DOWN', 'ERROR'),
      default: unset,
      filter: true,
      sort: true,
    },
    subnets: { ops: 'R', type: shown.ids, default: unset },
    shared: { ops: 'CUR', type: type.boolean, default: false, filter: true, create: admin, update: admin },
    'router:external': {
      ops: 'CUR',
      type: type.boolean,
      default: false,
      filter: true,
      extension: 'external-net',
      create: admin,
      update: admin,
    },
    'provider:network_type': { ops: 'CUR', type: type.string(32), ...provider },
    'provider:physical_network': { ops: 'CUR', type: type.string(64), ...provider },
    'provider:segmentation_id': { ops: 'CUR', type: type.integer, ...provider },
    segments: {
      ops: 'CUR',
      type: type.segments,
      default: unset,
      extension: 'multi-provider',
      create: admin,
      update: admin,
      see: admin,
    },
    port_security_enabled: {
      ops: 'CUR',
      type: type.boolean,
      default: true,
      extension: 'port-security',
      create: member,
      update: member,
    },
    availability_zone_hints: {
      ops: 'CR',
      type: type.zoneHints,
      default: [],
      sort: true,
      extension: 'network_availability_zone',
    },
    availability_zones: { ops: 'R', type: shown.texts, default: unset, extension: 'network_availability_zone' },
    ipv4_address_scope: { ops: 'R', type: shown.idOrNull, default: unset, extension: 'address-scope' },
    ipv6_address_scope: { ops: 'R', type: shown.idOrNull, default: unset, extension: 'address-scope' },
    is_default: {
      ops: 'CUR',
      type: type.boolean,
      default: false,
      filter: true,
      extension: 'auto-allocated-topology',
      create: admin,
      update: admin,
    },
    dns_domain: { ops: 'CUR', type: dnsDomain, default: '', extension: 'dns-integration' },
    vlan_transparent: {
      ops: 'CR',
      type: type.boolean,
      default: unset,
      filter: true,
      extension: 'vlan-transparent',
    },
    qinq: { ops: 'CR', type: type.boolean, default: unset, filter: true, extension: 'qinq' },
    qos_policy_id: { ops: 'CUR', type: type.uuidOrNull, default: null, extension: 'qos' },
    l2_adjacency: { ops: 'R', type: type.boolean, default: unset, extension: 'l2_adjacency' },
    ha: { ops: 'C', type: type.boolean, default: false, extension: 'network_ha' },
    pvlan: {
      ops: 'CUR',
      type: type.boolean,
      default: false,
      extension: 'pvlan',
      create: member,
      update: member,
      see: ['project_reader'],
    },
    ...standardAttributes,
  },
};
