import { describe, expect, it } from 'vitest';
import type { NetworkOperation } from './contract.ts';
import { steps } from './operations.ts';

const lines = (operation: NetworkOperation) =>
  steps(operation).map((step) => (step.kind === 'ip' ? step.words.join(' ') : `${step.key} = ${step.value}`));

const plainVxlan = { port: 0, sourcePorts: [0, 0] as const, ttl: 0, tos: 0, proxy: false };

describe('steps', () => {
  it.each<[NetworkOperation, string[]]>([
    [
      { op: 'ensure_bridge', name: 'brq1', mtu: 1400 },
      [
        'link add name brq1 type bridge forward_delay 0 stp_state 0',
        'link set dev brq1 type bridge forward_delay 0 stp_state 0',
        'link set dev brq1 mtu 1400',
      ],
    ],
    [
      { op: 'ensure_veth', name: 'tap1', peer: 'ns-1', peerNetns: 'qdhcp-1', peerMac: 'fa:16:3e:00:00:01' },
      ['link add name tap1 type veth peer name ns-1 address fa:16:3e:00:00:01 netns qdhcp-1'],
    ],
    [
      { op: 'ensure_vlan', name: 'eth0.100', link: 'eth0', vid: 100 },
      ['link add link eth0 name eth0.100 type vlan id 100'],
    ],
    [
      { op: 'ensure_vxlan', name: 'vxlan-5', vni: 5, link: 'eth1', local: null, group: null, ...plainVxlan },
      ['link add name vxlan-5 type vxlan id 5 dev eth1 dstport 0'],
    ],
    [
      {
        ...{ op: 'ensure_vxlan', name: 'vxlan-5', vni: 5, link: 'eth1', local: '10.0.0.1', group: '239.0.0.5' },
        ...{ port: 4789, sourcePorts: [1000, 2000], ttl: 3, tos: 1, proxy: true },
      },
      [
        'link add name vxlan-5 type vxlan id 5 dev eth1 local 10.0.0.1 group 239.0.0.5 dstport 4789 srcport 1000 2000 ttl 3 tos inherit proxy',
      ],
    ],
    [{ op: 'move_vxlan', name: 'vxlan-5', link: 'brq1' }, ['link set dev vxlan-5 type vxlan dev brq1']],
    [{ op: 'set_master', name: 'tap1', master: null }, ['link set dev tap1 nomaster']],
    [{ op: 'set_master', name: 'tap1', master: 'brq1' }, ['link set dev tap1 master brq1']],
    [{ op: 'move_to_netns', name: 'a', netns: 'n', rename: 'eth0' }, ['link set dev a netns n name eth0']],
    [
      { op: 'add_address', device: 'brq1', cidr: '10.0.0.1/24', broadcast: '10.0.0.255' },
      ['addr replace 10.0.0.1/24 broadcast 10.0.0.255 dev brq1'],
    ],
    [{ op: 'add_address', device: 'brq1', cidr: '2001:db8::1/64' }, ['addr replace 2001:db8::1/64 dev brq1 nodad']],
    [
      { op: 'replace_route', family: 4, destination: 'default', via: '10.0.0.1', device: 'brq1', metric: 100 },
      ['route replace 0.0.0.0/0 via 10.0.0.1 dev brq1 metric 100'],
    ],
    [
      { op: 'replace_route', family: 6, destination: 'default', via: null, device: 'brq1', source: '2001:db8::1' },
      ['route replace ::/0 dev brq1 src 2001:db8::1'],
    ],
    [
      { op: 'replace_route', family: 4, destination: 'default', via: '172.31.1.1', device: 'brq1', onLink: true },
      ['route replace 0.0.0.0/0 via 172.31.1.1 dev brq1 onlink'],
    ],
    [
      { op: 'add_address', device: 'brq1', cidr: '10.0.0.1/32', peer: '10.0.0.2' },
      ['addr replace 10.0.0.1 peer 10.0.0.2/32 dev brq1'],
    ],
    [
      { op: 'delete_address', device: 'eth0', cidr: '10.0.0.1/32', peer: '10.0.0.2' },
      ['addr del 10.0.0.1 peer 10.0.0.2/32 dev eth0'],
    ],
    [
      { op: 'delete_route', family: 4, destination: '10.1.0.0/16', via: null, device: 'eth0', metric: null },
      ['route del 10.1.0.0/16 dev eth0'],
    ],
    [{ op: 'sysctl', key: 'net/ipv6/conf/brq1/disable_ipv6', value: '1' }, ['net/ipv6/conf/brq1/disable_ipv6 = 1']],
  ])('%j', (operation, expected) => {
    expect(lines(operation)).toEqual(expected);
  });

  it.each(['a b', 'a\nlink del eth0', '"', "'", 'a#b', 'a\\', '', '$(id)', ';', 'å'])(
    'refuses %j as a word',
    (name) => {
      expect(() => lines({ op: 'set_up', name })).toThrow(/not a word for ip/);
      expect(() => lines({ op: 'set_alias', name: 'tap1', alias: name })).toThrow(/not a word for ip/);
    },
  );
});
