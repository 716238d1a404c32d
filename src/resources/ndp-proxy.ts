import { type ResourceDefinition, required, unset } from './contract.ts';
import { projectAttributes, standardAttributes } from './standard-attributes.ts';
import * as type from './types.ts';

const { tags: _untagged, description: _short, ...standard } = standardAttributes;

/** An IPv6 address that a router answers for outside (upstream: neutron-lib `api/definitions/l3_ndp_proxy`). */
export const ndpProxy: ResourceDefinition = {
  member: 'ndp_proxy',
  collection: 'ndp_proxies',
  extension: 'l3-ndp-proxy',
  visibility: ['owner'],
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    name: { ops: 'CUR', type: type.string(255), default: '', filter: true, sort: true },
    ...projectAttributes,
    router_id: { ops: 'CR', type: type.uuid, default: required, filter: true, sort: true },
    port_id: { ops: 'CR', type: type.uuid, default: required, filter: true, sort: true },
    ip_address: { ops: 'CR', type: type.addressOrNull, default: null, filter: true, sort: true },
    description: { ops: 'CUR', type: type.string(255), default: '', filter: true },
    ...standard,
  },
};
