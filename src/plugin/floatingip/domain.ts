import { projectRows } from '../../db/write/quotas.ts';
import type { Domain } from '../domain.ts';
import { hasServicePlugin } from '../options.ts';
import { FloatingIps } from './floating-ips.ts';
import { FloatingIpPools } from './pools.ts';
import { floatingIpTags } from './storage.ts';

/** Floating addresses, which the service plugin `router` brings. */
export const floatingIps: Domain = {
  name: 'floating IPs',
  enabled: (options) => hasServicePlugin(options, 'router'),
  aliases: (options) => [
    'fip-port-details',
    'floating-ip-port-forwarding-detail',
    'floatingip-pools',
    ...(hasServicePlugin(options, 'qos') ? ['qos-fip', 'qos-fip-network-policy', 'qos-gateway-ip'] : []),
  ],
  quotas: { floatingip: projectRows('floatingips') },
  tagged: { floatingips: floatingIpTags },
  make: (machine) => ({
    collections: {
      floatingips: new FloatingIps(machine),
      floatingip_pools: new FloatingIpPools(machine.shared),
    },
  }),
};
