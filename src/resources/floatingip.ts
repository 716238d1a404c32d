import { type ResourceDefinition, required, unset } from './contract.ts';
import { dnsDomain, floatingDnsName } from './dns.ts';
import * as shown from './shown-types.ts';
import { projectAttributes, standardAttributes } from './standard-attributes.ts';
import { tagRoutes } from './tags.ts';
import * as type from './types.ts';

/** An address outside that leads to one of a port (upstream: neutron-lib `api/definitions/l3` and what extends it). */
export const floatingIp: ResourceDefinition = {
  member: 'floatingip',
  collection: 'floatingips',
  extension: 'router',
  visibility: ['owner'],
  routes: [
    ...tagRoutes('floatingip', 'floatingips'),
    {
      method: 'GET',
      path: 'floatingips/{id}/explain',
      extension: 'neutrino-explain',
      summary: 'Why a floating IP is reached or not, from its row to the kernel',
      rule: 'get_floatingip',
      status: 200,
      envelope: 'explanation',
    },
  ],
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    ...projectAttributes,
    floating_ip_address: {
      ops: 'CR',
      type: type.addressOrNull,
      default: null,
      filter: true,
      sort: true,
      create: ['admin', 'project_manager'],
    },
    subnet_id: { ops: 'C', type: type.uuidOrNull, default: null },
    floating_network_id: { ops: 'CR', type: type.uuid, default: required, filter: true, sort: true },
    router_id: { ops: 'R', type: shown.idOrNull, default: null, filter: true, sort: true },
    port_id: { ops: 'CUR', type: type.uuidOrNull, default: null, filter: true },
    fixed_ip_address: { ops: 'CUR', type: type.addressOrNull, default: null, filter: true, sort: true },
    status: { ops: 'R', type: shown.oneOf('ACTIVE', 'DOWN', 'ERROR'), default: unset, filter: true, sort: true },
    qos_policy_id: { ops: 'CUR', type: type.uuidOrNull, default: null, extension: 'qos-fip' },
    qos_network_policy_id: { ops: 'R', type: shown.idOrNull, default: null, extension: 'qos-fip-network-policy' },
    dns_name: { ops: 'CR', type: floatingDnsName, default: '', extension: 'dns-integration' },
    dns_domain: { ops: 'CR', type: dnsDomain, default: '', extension: 'dns-integration' },
    port_details: { ops: 'R', type: shown.objectOrNull, default: unset, extension: 'fip-port-details' },
    port_forwardings: {
      ops: 'R',
      type: shown.objects({
        id: { type: 'string', format: 'uuid' },
        protocol: { type: 'string' },
        internal_port_id: { type: 'string', format: 'uuid' },
        internal_ip_address: { type: 'string' },
        internal_port: { type: ['integer', 'null'] },
        external_port: { type: ['integer', 'null'] },
      }),
      default: null,
      extension: 'expose-port-forwarding-in-fip',
    },
    ...standardAttributes,
  },
};
