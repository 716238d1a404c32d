import type { Domain } from '../domain.ts';
import { hasServicePlugin } from '../options.ts';
import { requireRouters } from '../router/required.ts';
import { PortForwardings } from './port-forwardings.ts';

/** The service plugin `port_forwarding`: single ports of floating addresses that lead to guests. */
export const portForwardings: Domain = {
  name: 'port forwardings',
  enabled: (options) => hasServicePlugin(options, 'port_forwarding'),
  aliases: () => [
    'floating-ip-port-forwarding',
    'floating-ip-port-forwarding-description',
    'floating-ip-port-forwarding-port-ranges',
    'expose-port-forwarding-in-fip',
  ],
  make(machine) {
    requireRouters(machine.shared.options, 'port_forwarding');
    return {
      children: { 'floatingips/port_forwardings': (fipId: string) => new PortForwardings(machine, fipId) },
    };
  },
};
