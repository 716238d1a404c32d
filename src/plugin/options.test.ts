import { describe, expect, it } from 'vitest';
import { serviceOptions } from './options.ts';

describe('service_plugins', () => {
  const check = (...names: string[]) => serviceOptions.options.service_plugins.check!(names);

  it.each([
    [[]],
    [
      [
        'tag',
        'neutron.services.flavors.flavors_plugin.FlavorsPlugin',
        'flavors',
        'neutron.services.qos.qos_plugin.QoSPlugin',
        'neutron.services.l3_router.l3_router_plugin.L3RouterPlugin',
        'router',
      ],
    ],
  ])('takes %j', (names) => {
    expect(check(...names)).toBeNull();
  });

  it.each([
    ['local_ip', /'local_ip' comes in a later release/],
    ['neutron.services.local_ip.local_ip_plugin.LocalIPPlugin', /comes in a later release/],
    [
      'frob',
      /'frob' is no service plugin; there are segments, network_segment_range, trunk, qos, router, port_forwarding, conntrack_helper, ndp_proxy, metering, and tag/,
    ],
  ])('refuses %s with what there is', (name, reason) => {
    expect(check('tag', name)).toMatch(reason);
  });
});
