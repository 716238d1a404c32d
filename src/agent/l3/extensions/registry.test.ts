import { expect, it } from 'vitest';
import { checkExtensions } from './names.ts';
import { extensionParts } from './registry.ts';

const all = ['fip_qos', 'gateway_ip_qos', 'ndp_proxy', 'port_forwarding', 'conntrack_helper'];

it('takes upstream’s names of extensions', () => {
  expect(checkExtensions(all)).toBeNull();
  expect(extensionParts(all).map(({ name }) => name)).toEqual([
    'port_forwarding',
    'conntrack_helper',
    'ndp_proxy',
    'address_qos',
  ]);
});

it.each([
  [[], []],
  [['port_forwarding'], ['port_forwarding']],
  [['fip_qos'], ['address_qos']],
])('makes of %j only what is asked for', (names, parts) => {
  expect(extensionParts(names).map(({ name }) => name)).toEqual(parts);
});

it.each([
  ['snat_log', /'snat_log', which is no extension this agent has; logging of SNAT is not built/],
  ['no_such', /'no_such', which is no extension this agent has; it knows port_forwarding, /],
])('says why it does not take %s', (name, text) => {
  expect(checkExtensions([name])).toMatch(text);
});
