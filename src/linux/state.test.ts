import { expect, it } from 'vitest';
import { parseMonitorLine } from './link-monitor.ts';
import { parseState } from './state.ts';

const links = JSON.stringify([
  {},
  {
    ifindex: 1,
    ifname: 'lo',
    flags: ['LOOPBACK', 'UP', 'LOWER_UP'],
    mtu: 65_536,
    link_type: 'loopback',
    address: '00:00:00:00:00:00',
    addr_info: [{ family: 'inet', local: '127.0.0.1', prefixlen: 8, scope: 'host' }],
  },
  {
    ifindex: 2,
    ifname: 'eth0',
    flags: ['BROADCAST', 'UP'],
    mtu: 1500,
    link_type: 'ether',
    address: '52:54:00:00:00:01',
    ifalias: 'uplink',
    addr_info: [
      {
        family: 'inet',
        local: '192.168.56.11',
        prefixlen: 24,
        scope: 'global',
        broadcast: '192.168.56.255',
        dynamic: true,
      },
      {},
    ],
  },
  { ifindex: 3, ifname: 'brq1', flags: ['UP'], mtu: 1500, link_type: 'ether', linkinfo: { info_kind: 'bridge' } },
  {
    ifindex: 4,
    ifname: 'tap1',
    link_index: 9,
    link_netnsid: 0,
    master: 'brq1',
    flags: [],
    mtu: 1500,
    link_type: 'ether',
    linkinfo: { info_kind: 'veth' },
  },
  { ifindex: 5, ifname: 'a', link: 'b', flags: [], mtu: 1500, link_type: 'ether', linkinfo: { info_kind: 'veth' } },
  { ifindex: 6, ifname: 'b', link: 'a', flags: [], mtu: 1500, link_type: 'ether', linkinfo: { info_kind: 'veth' } },
]);
const legs = JSON.stringify([
  {
    ...{ ifindex: 7, ifname: 'eth0.100', link: 'eth0', flags: ['UP'], mtu: 1500, link_type: 'ether' },
    linkinfo: { info_kind: 'vlan', info_data: { protocol: '802.1Q', id: 100, flags: ['REORDER_HDR'] } },
  },
  {
    ...{ ifindex: 8, ifname: 'lower-elsewhere', link_index: 3, link_netnsid: 0, flags: [], mtu: 1500 },
    ...{ link_type: 'ether', linkinfo: { info_kind: 'vlan', info_data: { protocol: '802.1ad', id: 5, flags: [] } } },
  },
  {
    ...{ ifindex: 9, ifname: 'vxlan-5', flags: [], mtu: 1450, link_type: 'ether' },
    linkinfo: {
      info_kind: 'vxlan',
      info_data: {
        ...{ id: 5, group: '239.0.0.5', local: '10.0.0.1', link: 'eth1', port_range: { low: 100, high: 200 } },
        ...{ port: 8472, learning: true, proxy: true, tos: '0x1', ttl: 3, df: 'unset', ageing: 300, udp_csum: true },
      },
    },
  },
  {
    ...{ ifindex: 10, ifname: 'vxlan-6', flags: [], mtu: 1430, link_type: 'ether' },
    linkinfo: {
      info_kind: 'vxlan',
      info_data: { id: 6, local6: 'fd00::1', port_range: { low: 0, high: 0 }, port: 4789, ttl: 0, tos: 'inherit' },
    },
  },
]);
const routes4 = JSON.stringify([
  { type: 'unicast', dst: 'default', gateway: '192.168.56.1', dev: 'eth0', protocol: 'boot' },
  { dst: '10.0.0.0/8', via: { family: 'inet6', host: 'fe80::1' }, dev: 'eth0', metric: 5, protocol: 'static' },
  { type: 'blackhole', dst: '10.9.0.0/16' },
]);

it('reads links with their kind, master, peer, alias and addresses', () => {
  const state = parseState([links, routes4, '']);
  expect(state.links.get('lo')).toMatchObject({ kind: 'loopback', mac: null, carrier: true });
  expect(state.links.get('eth0')).toEqual({
    name: 'eth0',
    ifindex: 2,
    kind: null,
    mac: '52:54:00:00:00:01',
    mtu: 1500,
    up: true,
    carrier: false,
    master: null,
    peer: null,
    alias: 'uplink',
    addresses: [{ cidr: '192.168.56.11/24', family: 4, scope: 'global', dynamic: true, broadcast: '192.168.56.255' }],
  });
  expect(state.links.get('tap1')).toMatchObject({ master: 'brq1', peer: { ifindex: 9, elsewhere: true } });
  expect(state.links.get('a')?.peer).toEqual({ ifindex: 6, elsewhere: false });
  expect(state.links.size).toBe(6);
});

it('reads what VLAN and VXLAN devices are made of', () => {
  const state = parseState([legs, '', '']);
  expect(state.links.get('eth0.100')?.vlan).toEqual({ link: 'eth0', vid: 100, protocol: '802.1Q' });
  expect(state.links.get('lower-elsewhere')?.vlan).toEqual({ link: null, vid: 5, protocol: '802.1ad' });
  expect(state.links.get('vxlan-5')?.vxlan).toEqual({
    ...{ vni: 5, link: 'eth1', local: '10.0.0.1', group: '239.0.0.5', port: 8472, sourcePorts: [100, 200] },
    ...{ ttl: 3, tos: 1, proxy: true },
  });
  expect(state.links.get('vxlan-6')?.vxlan).toEqual({
    ...{ vni: 6, link: null, local: 'fd00::1', group: null, port: 4789, sourcePorts: [0, 0] },
    ...{ ttl: 0, tos: 1, proxy: false },
  });
});

it('reads unicast routes and leaves out the others', () => {
  expect(parseState([links, routes4, '[]']).routes).toMatchObject([
    { family: 4, destination: 'default', via: '192.168.56.1', device: 'eth0', metric: null, protocol: 'boot' },
    { family: 4, destination: '10.0.0.0/8', via: 'fe80::1', metric: 5, protocol: 'static' },
  ]);
});

it.each([
  ['7: tap1: <BROADCAST> mtu 1500', { name: 'tap1', ifindex: 7, deleted: false }],
  ['7: tap1@if8: <BROADCAST> mtu 1500', { name: 'tap1', ifindex: 7, deleted: false }],
  ['Deleted 7: eth0.100@eth0: <UP>', { name: 'eth0.100', ifindex: 7, deleted: true }],
  ['    link/ether 00:11', null],
  ['', null],
])('reads the monitor line %j', (line, expected) => {
  expect(parseMonitorLine(line)).toEqual(expected);
});
