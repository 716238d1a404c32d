import { type ResourceDefinition, unset } from './contract.ts';
import * as shown from './shown-types.ts';
import * as type from './types.ts';

const owner = { ops: 'R', type: shown.text, default: unset, filter: true } as const;

/**
 * How many addresses networks and their subnets have, and how many are taken: one item per network, under the network's id
 * (upstream: neutron-lib `api/definitions/network_ip_availability`).
 */
export const networkIpAvailability: ResourceDefinition = {
  member: 'network_ip_availability',
  collection: 'network_ip_availabilities',
  extension: 'network-ip-availability',
  key: 'network_id',
  attributes: {
    network_id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    network_name: { ops: 'R', type: shown.text, default: unset, filter: true },
    tenant_id: owner,
    project_id: owner,
    total_ips: { ops: 'R', type: shown.count, default: unset },
    used_ips: { ops: 'R', type: shown.count, default: unset },
    subnet_ip_availability: {
      ops: 'R',
      type: shown.objects({
        subnet_id: { type: 'string', format: 'uuid' },
        subnet_name: { type: 'string' },
        cidr: { type: 'string' },
        ip_version: { enum: [4, 6] },
        total_ips: { type: 'integer' },
        used_ips: { type: 'integer' },
      }),
      default: unset,
    },
    ip_availability_details: {
      ops: 'R',
      type: shown.object,
      default: unset,
      extension: 'network-ip-availability-details',
    },
    /** Counts the subnets of this version only. */
    ip_version: { ops: '', type: shown.ipVersion, default: unset, filter: true },
  },
};
