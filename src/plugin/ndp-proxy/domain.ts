import type { Domain } from '../domain.ts';
import { hasServicePlugin } from '../options.ts';
import { requireRouters } from '../router/required.ts';
import { NdpProxies } from './ndp-proxies.ts';

/** The service plugin `ndp_proxy`: IPv6 addresses that routers answer for outside. */
export const ndpProxies: Domain = {
  name: 'NDP proxies',
  enabled: (options) => hasServicePlugin(options, 'ndp_proxy'),
  aliases: () => ['l3-ndp-proxy', 'l3-ext-ndp-proxy'],
  make(machine) {
    requireRouters(machine.shared.options, 'ndp_proxy');
    return { collections: { ndp_proxies: new NdpProxies(machine) } };
  },
};
