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
      ],
    ],
  ])('takes %j', (names) => {
    expect(check(...names)).toBeNull();
  });

  it.each([
    ['router', /'router' comes in a later release/],
    ['neutron.services.metering.metering_plugin.MeteringPlugin', /comes in a later release/],
    ['frob', /'frob' is no service plugin; there are segments, network_segment_range, trunk, qos, and tag/],
  ])('refuses %s with what there is', (name, reason) => {
    expect(check('tag', name)).toMatch(reason);
  });
});
