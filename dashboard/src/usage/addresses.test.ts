import { describe, expect, it } from 'vitest';
import { byRoom, leftOf, numberOf, type SubnetUse, shareOf, usesOfNetworks, usesOfSubnets } from './addresses.ts';

describe('an address as a number', () => {
  it.each([
    ['0.0.0.0', 0n],
    ['10.0.1.255', 0x0a0001ffn],
    ['::', 0n],
    ['::1', 1n],
    ['2001:db8::', 0x20010db8n << 96n],
    ['2001:db8:0:1:2:3:4:5', 0x20010db8000000010002000300040005n],
    ['::ffff:192.0.2.1', 0xffffc0000201n],
    ['fe80::1', (0xfe80n << 112n) + 1n],
  ])('%s', (address, number) => {
    expect(numberOf(address)).toBe(number);
  });
});

describe('addresses of subnets', () => {
  it('are what the server counts, also where nobody can count them', () => {
    const availability = { subnet_id: 's', subnet_name: '', cidr: '2001:db8::/64', total_ips: 2 ** 64, used_ips: 3 };
    const networks = [{ network_id: 'n', network_name: '', subnet_ip_availability: [availability] }];
    const [use] = usesOfNetworks(networks);
    expect(use).toEqual({
      ...{ subnetId: 's', subnet: '', network: 'n', cidr: '2001:db8::/64', total: 2n ** 64n, used: 3n },
    });
    expect([leftOf(use!), shareOf(use!)]).toEqual([2n ** 64n - 3n, 0]);
  });

  it('are counted from pools and ports where the server does not', () => {
    const pools = [
      { start: '10.0.0.2', end: '10.0.0.9' },
      { start: '10.0.0.20', end: '10.0.0.20' },
    ];
    const subnets = [
      { id: 's', name: 'sub', network_id: 'n', cidr: '10.0.0.0/24', allocation_pools: pools },
      { id: 't', name: '', network_id: 'm', cidr: '10.1.0.0/24', allocation_pools: [] },
    ];
    const on = (subnet_id: string) => ({ fixed_ips: [{ subnet_id, ip_address: '10.0.0.2' }] });
    const uses = usesOfSubnets(
      subnets,
      [on('s'), on('s'), on('elsewhere'), { fixed_ips: [] }],
      new Map([['n', 'net']]),
    );
    expect(uses).toEqual([
      { subnetId: 's', subnet: 'sub', network: 'net', cidr: '10.0.0.0/24', total: 9n, used: 2n },
      { subnetId: 't', subnet: '', network: 'm', cidr: '10.1.0.0/24', total: 0n, used: 0n },
    ]);
  });

  it('stand with the fullest first', () => {
    const use = (cidr: string, total: bigint, used: bigint): SubnetUse => ({
      ...{ subnetId: cidr, subnet: '', network: '', cidr, total, used },
    });
    const uses = [use('c', 100n, 50n), use('b', 10n, 5n), use('a', 10n, 12n), use('d', 0n, 0n)];
    expect(byRoom(uses).map(({ cidr }) => cidr)).toEqual(['a', 'd', 'b', 'c']);
    expect(uses.map(leftOf)).toEqual([50n, 5n, 0n, 0n]);
  });
});
