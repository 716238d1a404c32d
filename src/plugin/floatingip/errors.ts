import { defineErrors } from '../../lib/errors.ts';

export const floatingIpErrors = defineErrors({
  HTTPNotFound: ['not_found', 'The resource could not be found.'],
  BadRequest: ['bad_request', 'Bad {resource} request: {msg}.'],
  InvalidInput: ['bad_request', 'Invalid input for operation: {error_message}.'],
  ExternalIpAddressExhausted: ['bad_request', 'Unable to find any IP address on external network {net_id}.'],
  ExternalGatewayForFloatingIPNotFound: [
    'not_found',
    'External network {external_network_id} is not reachable from subnet {subnet_id}.  Therefore, cannot associate Port {port_id} with a Floating IP.',
  ],
  FloatingIPNotFound: ['not_found', 'Floating IP {floatingip_id} could not be found'],
  FloatingIPPortAlreadyAssociated: [
    'conflict',
    'Cannot associate floating IP {floating_ip_address} ({fip_id}) with port {port_id} using fixed IP {fixed_ip}, as that fixed IP already has a floating IP on external network {net_id}.',
  ],
  FipAssociated: [
    'conflict',
    'Unable to complete the operation on port {port_id} because the port still has an associated floating IP.',
  ],
  FipInUseByPortForwarding: ['conflict', 'Floating IP {id} in use by Port Forwarding resources.'],
});
