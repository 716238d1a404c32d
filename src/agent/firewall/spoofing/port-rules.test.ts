import { describe, expect, it } from 'vitest';
import type { FirewallPort } from '../contract.ts';
import { type PortRules, portRules } from './port-rules.ts';
import { filteredPort } from './testing.ts';

const tap = 'tap11111111-11';

function texts(more: Partial<FirewallPort>): { mac: string[]; arp: string[] | null; neighbors: string[] | null } {
  const made = portRules(filteredPort(tap, more)) as PortRules;
  const of = (rules: PortRules['arp']) => rules?.map(({ text }) => text) ?? null;
  return { mac: of(made.mac)!, arp: of(made.arp), neighbors: of(made.neighbors) };
}

it('a port with one address: upstream’s rules, and questions for it', () => {
  expect(texts({})).toEqual({
    mac: [`-i ${tap} --among-src fa:16:3e:00:00:01 -j RETURN`, '-j DROP'],
    arp: [
      '-p 0x806 --arp-ip-src 10.0.0.1 -j ACCEPT',
      '-p 0x806 --arp-op Request --arp-ip-src 0.0.0.0 --arp-ip-dst 10.0.0.1 -j ACCEPT',
      '-j DROP',
    ],
    // fe80::f816:3eff:fe00:1
    neighbors: [
      '-m u32 --u32 "0x4>>0x8&0xff=0x3a&&0x30=0xfe800000&&0x34=0x0&&0x38=0xf8163eff&&0x3c=0xfe000001" -j RETURN',
      '-j DROP',
    ],
  });
});

it('pairs: their MACs, addresses and blocks, each once and in upstream’s order', () => {
  const pair = (ip_address: string, mac_address = 'FA:16:3E:00:00:01') => ({ ip_address, mac_address });
  const addressPairs = [
    pair('10.0.0.1'),
    pair('10.9.8.7/16'),
    pair('10.0.0.2', '02:00:00:00:00:09'),
    pair('fd00::/20'),
  ];
  const made = texts({ addressPairs, fixedIps: ['10.0.0.1', 'fd00::1'] });
  expect(made.mac[0]).toBe(`-i ${tap} --among-src 02:00:00:00:00:09,fa:16:3e:00:00:01 -j RETURN`);
  expect(made.arp!.filter((line) => !line.includes('Request'))).toEqual([
    '-p 0x806 --arp-ip-src 10.9.0.0/16 -j ACCEPT',
    '-p 0x806 --arp-ip-src 10.0.0.2 -j ACCEPT',
    '-p 0x806 --arp-ip-src 10.0.0.1 -j ACCEPT',
    '-j DROP',
  ]);
  expect(made.neighbors).toEqual([
    '-m u32 --u32 "0x4>>0x8&0xff=0x3a&&0x30=0xfd000000&&0x34=0x0&&0x38=0x0&&0x3c=0x1" -j RETURN',
    '-m u32 --u32 "0x4>>0x8&0xff=0x3a&&0x30&0xfffff000=0xfd000000" -j RETURN',
    '-m u32 --u32 "0x4>>0x8&0xff=0x3a&&0x30=0xfe800000&&0x34=0x0&&0x38=0xff&&0x3c=0xfe000009" -j RETURN',
    '-m u32 --u32 "0x4>>0x8&0xff=0x3a&&0x30=0xfe800000&&0x34=0x0&&0x38=0xf8163eff&&0x3c=0xfe000001" -j RETURN',
    '-j DROP',
  ]);
});

it('at most 500 MACs stand in one rule', () => {
  const mac = (n: number) =>
    `02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;
  const addressPairs = Array.from({ length: 1000 }, (_, n) => ({ ip_address: '10.0.0.1', mac_address: mac(n) }));
  const { mac: lines } = texts({ addressPairs });
  expect(lines.map((line) => line.split(',').length)).toEqual([1, 500, 500, 1]);
  expect(lines[0]).toContain('fa:16:3e:00:00:01');
});

it.each([
  ['0.0.0.0/0', { arp: null }],
  ['::/0', { neighbors: null }],
])('who may have every address (%s) may tell every address', (ip_address, expected) => {
  expect(texts({ addressPairs: [{ ip_address, mac_address: 'fa:16:3e:00:00:01' }] })).toMatchObject(expected);
});

it('who has no address of IPv4 tells none', () => {
  expect(texts({ fixedIps: [] }).arp).toEqual(['-j DROP']);
});

describe('what is not what it should be never becomes a rule', () => {
  it.each<[Partial<FirewallPort>, string]>([
    [{ mac: 'fa:16:3e:00:00:01\n-j ACCEPT' }, '"fa:16:3e:00:00:01\\n-j accept" is no MAC address'],
    [{ fixedIps: ['10.0.0.1 -j ACCEPT'] }, '"10.0.0.1 -j ACCEPT" is no address and no CIDR'],
    [
      { addressPairs: [{ ip_address: 'fd00::/129', mac_address: 'fa:16:3e:00:00:01' }] },
      '"fd00::/129" is no address and no CIDR',
    ],
    [{ tap: 'tap+' }, '"tap+" cannot be the name of a device'],
    [{ tap: 'tap1 -j' }, '"tap1 -j" cannot be the name of a device'],
  ])('%j', (more, problem) => {
    expect(portRules(filteredPort(tap, more))).toBe(problem);
  });
});
