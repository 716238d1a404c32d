import type { Domain } from '../domain.ts';
import { hasServicePlugin } from '../options.ts';
import { requireRouters } from '../router/required.ts';
import { ConntrackHelpers } from './conntrack-helpers.ts';

/** The service plugin `conntrack_helper`: helpers for protocols whose connections bring others along. */
export const conntrackHelpers: Domain = {
  name: 'conntrack helpers',
  enabled: (options) => hasServicePlugin(options, 'conntrack_helper'),
  aliases: () => ['l3-conntrack-helper', 'expose-l3-conntrack-helper'],
  make(machine) {
    requireRouters(machine.shared.options, 'conntrack_helper');
    return { children: { 'routers/conntrack_helpers': (routerId: string) => new ConntrackHelpers(machine, routerId) } };
  },
};
