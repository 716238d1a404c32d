import { describe, expect, it } from 'vitest';
import { defaultValues } from '../../lib/options.ts';
import { vxlanConfig, vxlanGroup, vxlanOptions } from './vxlan-options.ts';

const noMarks = { dscp: null, dscp_inherit: false };
const config = (changes: object, marks = {}) =>
  vxlanConfig(defaultValues(vxlanOptions, { local_ip: '10.0.0.1', ...changes }), { ...noMarks, ...marks });
const MAX_VNI = 16_777_215;

describe('the multicast group of a VNI', () => {
  // As Neutron 21.0.0 has them.
  it.each([
    ['224.0.0.1', MAX_VNI, '224.0.0.1'],
    ['239.1.2.3/24', MAX_VNI, '239.1.2.255'],
    ['239.1.2.3/24', 256, '239.1.2.0'],
    ['239.1.2.3/24', 257, '239.1.2.1'],
    ['239.0.0.0/8', MAX_VNI, '239.255.255.255'],
    ['239.0.0.0/8', 5, '239.0.0.5'],
  ])('of vxlan_group %s, VNI %i: %s', (vxlan_group, vni, group) => {
    expect(vxlanGroup(config({ vxlan_group })!, vni)).toBe(group);
  });

  it('is what multicast_ranges say where they hold the VNI', () => {
    const multicast_ranges = ['224.0.0.10:300:315', '225.0.0.15:400:600'];
    const made = config({ vxlan_group: '239.1.2.3/32', multicast_ranges })!;
    expect([299, 300, 315, 316, 400, 600].map((vni) => vxlanGroup(made, vni))).toEqual([
      ...['239.1.2.3', '224.0.0.10', '224.0.0.10', '239.1.2.3', '225.0.0.15', '225.0.0.15'],
    ]);
  });

  it('may be of IPv6 where local_ip is', () => {
    const multicast_ranges = ['ff0e::7:1:9'];
    const made = config({ local_ip: 'FD00::1', vxlan_group: 'ff05::/16', multicast_ranges })!;
    expect(made.localIp).toBe('fd00::1');
    expect([9, 256].map((vni) => vxlanGroup(made, vni))).toEqual(['ff0e::7', 'ff05::100']);
  });

  it('is none where the server says who is where', () => {
    const made = config({ l2_population: true, local_ip: 'fd00::1', arp_responder: true })!;
    expect(made).toMatchObject({ mode: 'unicast', groups: [], arpResponder: true });
    expect(vxlanGroup(made, 5)).toBeNull();
  });
});

it.each<[object, object, number]>([
  [{}, {}, 0],
  [{}, { dscp: 8 }, 32],
  [{}, { dscp: 8, dscp_inherit: true }, 1],
  [{ tos: 4 }, { dscp: 8, dscp_inherit: true }, 4],
])('TOS of %j and [agent] %j: %i', (options, marks, tos) => {
  expect(config(options, marks)?.tos).toBe(tos);
});

it('has the port and answers that the options say, and those of the kernel', () => {
  expect(config({})).toMatchObject({ mode: 'multicast', port: 8472, ttl: 0, arpResponder: false });
  expect(config({ udp_dstport: 4789, ttl: 3, arp_responder: true })).toMatchObject({ port: 4789, ttl: 3 });
  expect(config({ arp_responder: true })?.arpResponder).toBe(false);
});

it('takes no part without an address for it, or when it is switched off', () => {
  expect(config({ local_ip: null })).toBeNull();
  expect(config({ enable_vxlan: false, l2_population: true })).toBeNull();
});

it.each<[object, RegExp]>([
  [{ local_ip: null, l2_population: true }, /^\[vxlan\] local_ip: is not set, and l2_population is on/],
  [{ vxlan_group: '' }, /^\[vxlan\] vxlan_group: is empty, and l2_population is off/],
  [
    { local_ip: 'fd00::1' },
    /^\[vxlan\] vxlan_group: 224\.0\.0\.1 is of another address family than local_ip, fd00::1$/,
  ],
  [{ multicast_ranges: ['ff05::1:1:9'] }, /^\[vxlan\] multicast_ranges: ff05::1 is of another address family/],
  [{ udp_srcport_min: 9, udp_srcport_max: 8 }, /^\[vxlan\] udp_srcport_min: 9 is above udp_srcport_max, 8$/],
])('refuses %j', (options, message) => {
  expect(() => config(options)).toThrow(message);
});

describe('checks of the file', () => {
  const { local_ip, vxlan_group, multicast_ranges } = vxlanOptions.options;
  it.each(['10.0.0.1', 'fd00::1', null])('takes local_ip %s', (text) => expect(local_ip.check!(text)).toBeNull());
  it.each(['eth0', '10.0.0', '10.0.0.1/24'])('refuses local_ip %s', (text) =>
    expect(local_ip.check!(text)).toMatch(/is no address/),
  );
  it.each(['10.0.0.1', '239.0.0.0/33', 'x', 'fd00::/8'])('refuses vxlan_group %s', (text) =>
    expect(vxlan_group.check!(text)).toMatch(/is no multicast/),
  );
  it.each(['224.0.0.1', '224.0.0.1:1', '10.0.0.1:1:2', '224.0.0.1:2:1', '239.0.0.0/8:1:2', '224.0.0.1:a:b'])(
    'refuses multicast_ranges %s',
    (text) => expect(multicast_ranges.check!([text])).toMatch(/is not address:vni_min:vni_max/),
  );
});
