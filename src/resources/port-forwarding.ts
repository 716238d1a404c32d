import { type ResourceDefinition, required, unset } from './contract.ts';
import { ipAddress, ipProtocol, portOrNull, portRange } from './service-ports.ts';
import { givenProject } from './standard-attributes.ts';
import * as type from './types.ts';

const RANGES = 'floating-ip-port-forwarding-port-ranges';

/** Single ports of a floating address that lead to guests (upstream: neutron-lib `floating_ip_port_forwarding` and `fip_pf_*`). */
export const portForwarding: ResourceDefinition = {
  member: 'port_forwarding',
  collection: 'port_forwardings',
  extension: 'floating-ip-port-forwarding',
  parent: { collection: 'floatingips', member: 'floatingip' },
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    external_port: { ops: 'CUR', type: portOrNull, default: null, filter: true, sort: true },
    external_port_range: { ops: 'CUR', type: portRange, default: null, filter: true, sort: true, extension: RANGES },
    protocol: { ops: 'CUR', type: ipProtocol, default: required, filter: true, sort: true },
    internal_port_id: { ops: 'CUR', type: type.uuid, default: required, filter: true, sort: true },
    internal_ip_address: { ops: 'CUR', type: ipAddress, default: required },
    internal_port: { ops: 'CUR', type: portOrNull, default: null },
    internal_port_range: { ops: 'CUR', type: portRange, default: null, extension: RANGES },
    description: {
      ops: 'CUR',
      type: type.string(255),
      default: '',
      filter: true,
      extension: 'floating-ip-port-forwarding-description',
    },
    ...givenProject,
  },
};
