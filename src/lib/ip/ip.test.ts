import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressKey,
  eui64,
  formatAddress,
  isLinkLocal,
  isLoopback,
  isMulticast,
  maxValue,
  normalizeAddress,
  parseAddress,
  valueOfKey,
} from './address.ts';
import { cidrHas, cidrOf, cidrsOverlap, formatCidr, hasHostBits, hostRange, netmask, parseCidr } from './cidr.ts';
import { has, ipSet, nth, size, subtract } from './set.ts';

const version = fc.constantFrom<4 | 6>(4, 6);
const address = version.chain((v) => fc.bigInt(0n, maxValue(v)).map((value) => ({ version: v, value })));
const small = fc.bigInt(0n, 60n);
const ranges = fc.array(fc.tuple(small, small).map(([a, b]) => ({ first: a < b ? a : b, last: a < b ? b : a })));

describe('addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::', '::'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ])('reads %s as %s', (text, canonical) => expect(normalizeAddress(text)).toBe(canonical));

  it.each([
    '',
    '10',
    '10.1',
    '10.0.1',
    '010.0.0.1',
    '0x0a.0.0.1',
    '10.0.0.256',
    '10.0.0.1 ',
    ' 10.0.0.1',
    '10.0.0.1\n',
    '10.0.0.1/24',
    'fe80::1%eth0',
    '1::2::3',
    '12345::',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '::1.2.3',
    '::01.2.3.4',
    '١٠.0.0.1',
    'localhost',
  ])('refuses %j', (text) => expect(parseAddress(text)).toBeNull());

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(address, (a) => {
        expect(parseAddress(formatAddress(a.value, a.version))).toEqual(a);
      }),
    );
  });

  it('makes keys that sort as numbers', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, maxValue(6)), fc.bigInt(0n, maxValue(6)), (a, b) => {
        expect(addressKey(a) < addressKey(b)).toBe(a < b);
        expect(valueOfKey(addressKey(a))).toBe(a);
        expect(addressKey(a)).toHaveLength(32);
      }),
    );
  });

  it('makes EUI-64 addresses', () => {
    const net = parseCidr('2001:db8::/64')!;
    expect(formatAddress(eui64(net.first, 'fa:16:3e:8d:a1:b2'), 6)).toBe('2001:db8::f816:3eff:fe8d:a1b2');
    expect(formatAddress(eui64(net.first, '00:00:00:00:00:00'), 6)).toBe('2001:db8::200:ff:fe00:0');
  });

  it.each([
    ['224.0.0.1', isMulticast, true],
    ['239.255.255.255', isMulticast, true],
    ['240.0.0.1', isMulticast, false],
    ['ff02::1', isMulticast, true],
    ['fe80::1', isMulticast, false],
    ['127.3.2.1', isLoopback, true],
    ['::1', isLoopback, true],
    ['::2', isLoopback, false],
    ['fe80::1', isLinkLocal, true],
    ['febf::1', isLinkLocal, true],
    ['fec0::1', isLinkLocal, false],
    ['169.254.1.1', isLinkLocal, true],
  ])('%s: %o is %s', (text, test, result) => expect(test(parseAddress(text)!)).toBe(result));
});

describe('CIDRs', () => {
  it.each([
    ['10.0.0.0/24', '10.0.0.0/24', '255.255.255.0'],
    ['10.0.0.5/24', '10.0.0.0/24', '255.255.255.0'],
    ['10.0.0.5/32', '10.0.0.5/32', '255.255.255.255'],
    ['0.0.0.0/0', '0.0.0.0/0', '0.0.0.0'],
    ['2001:db8::5/64', '2001:db8::/64', 'ffff:ffff:ffff:ffff::'],
  ])('reads %s as %s', (text, canonical, mask) => {
    const cidr = parseCidr(text)!;
    expect(formatCidr(cidr)).toBe(canonical);
    expect(netmask(cidr)).toBe(mask);
    expect(hasHostBits(text)).toBe(text !== canonical);
  });

  it.each([
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0/24',
    '10.0.0.0/024',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '/24',
    '::/129',
    '::/1e1',
    '10.0.0.0/24/8',
  ])('refuses %s', (text) => expect(parseCidr(text)).toBeNull());

  it.each([
    ['10.0.0.0/30', '10.0.0.1', '10.0.0.2'],
    ['10.0.0.0/31', '10.0.0.0', '10.0.0.1'],
    ['10.0.0.7/32', '10.0.0.7', '10.0.0.7'],
    ['2001:db8::/64', '2001:db8::1', '2001:db8::ffff:ffff:ffff:ffff'],
    ['2001:db8::/127', '2001:db8::', '2001:db8::1'],
  ])('hosts of %s are %s to %s', (text, first, last) => {
    const cidr = parseCidr(text)!;
    const range = hostRange(cidr);
    expect([formatAddress(range.first, cidr.version), formatAddress(range.last, cidr.version)]).toEqual([first, last]);
  });

  it('holds every address it was made from', () => {
    fc.assert(
      fc.property(address, fc.nat(128), (a, length) => {
        const cidr = cidrOf(a, Math.min(length, a.version === 4 ? 32 : 128));
        expect(cidrHas(cidr, a)).toBe(true);
        expect(parseCidr(formatCidr(cidr))).toEqual(cidr);
        expect(cidrsOverlap(cidr, cidrOf(a, a.version === 4 ? 32 : 128))).toBe(true);
      }),
    );
  });
});

describe('sets', () => {
  const members = (set: readonly { first: bigint; last: bigint }[]) => {
    const all = new Set<bigint>();
    for (const { first, last } of set) for (let i = first; i <= last; i += 1n) all.add(i);
    return all;
  };

  it('are sorted, disjoint and complete', () => {
    fc.assert(
      fc.property(ranges, (input) => {
        const set = ipSet(input);
        expect(members(set)).toEqual(new Set([...members(input)].sort()));
        for (let i = 1; i < set.length; i += 1) expect(set[i]!.first).toBeGreaterThan(set[i - 1]!.last + 1n);
      }),
    );
  });

  it('subtract as sets of numbers do', () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        const result = subtract(ipSet(a), ipSet(b));
        const gone = members(b);
        expect(members(result)).toEqual(new Set([...members(a)].filter((value) => !gone.has(value))));
        expect(ipSet(result)).toEqual(result);
      }),
    );
  });

  it('count, find and index their members', () => {
    fc.assert(
      fc.property(ranges, (input) => {
        const set = ipSet(input);
        const all = [...members(input)].sort((a, b) => Number(a - b));
        expect(size(set)).toBe(BigInt(all.length));
        expect(all.map((_, i) => nth(set, BigInt(i)))).toEqual(all);
        expect(nth(set, BigInt(all.length))).toBeUndefined();
        for (let i = 0n; i <= 61n; i += 1n) expect(has(set, i)).toBe(all.includes(i));
      }),
    );
  });

  it('never enumerates', () => {
    const net = parseCidr('2001:db8::/64')!;
    const free = subtract([net], ipSet([{ first: net.first + 5n, last: net.first + 5n }]));
    expect(size(free)).toBe((1n << 64n) - 1n);
    expect(nth(free, 1n << 63n)).toBe(net.first + (1n << 63n) + 1n);
  });
});
