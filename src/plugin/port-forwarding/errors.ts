import { defineErrors } from '../../lib/errors.ts';

export const portForwardingErrors = defineErrors({
  BadRequest: ['bad_request', 'Bad port_forwarding request: {msg}.'],
  PortForwardingNotFound: ['not_found', 'Port Forwarding {id} could not be found.'],
  FloatingIPPortAlreadyAssociated: [
    'conflict',
    'Cannot associate floating IP {floating_ip_address} ({fip_id}) with port {port_id} using fixed IP {fixed_ip}, as that fixed IP already has a floating IP on external network {net_id}.',
  ],
  PortHasBindingFloatingIP: [
    'conflict',
    'Cannot create port forwarding to floating IP {floating_ip_address} ({fip_id}) with port {port_id} using fixed IP {fixed_ip}, as that port already has a binding floating IP.',
  ],
});

export function refused(msg: string): Error {
  return portForwardingErrors.BadRequest({ msg });
}
