import { expect, it } from 'vitest';
import { vlanDeviceName } from './names.ts';

// The right-hand sides are what Neutron 21.0.0 answers.
it.each([
  ['eth0', 100, 'eth0.100'],
  ['eth0', 1, 'eth0.1'],
  ['enp0s31f6', 4094, 'enp0s31f6.4094'],
  ['abcdefghijk', 100, 'abcdefghijk.100'],
  ['abcdefghijk', 1000, 'abcd5dfac3.1000'],
  ['mix_interface', 1, 'mix_interface.1'],
  ['mix_interface', 1111, 'mix_e8ea3e.1111'],
  ['long_interface', 1, 'long240ea3.1'],
  ['long_interface', 4094, 'long240ea3.4094'],
  ['enx001122334455', 7, 'enx0470ad4.7'],
  ['bond0.100', 4000, 'bond0.100.4000'],
])('VLAN device of %s, id %i: %s', (nic, vid, name) => {
  expect(vlanDeviceName(nic, vid)).toBe(name);
});
