import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eui64, formatAddress, parseAddress } from '../../lib/ip/address.ts';
import { callerOf } from './caller.ts';

const network = { 'x-neutron-network-id': 'net-1' };

describe('who asks', () => {
  test.each([
    ['IPv4', '10.0.0.5', { address: '10.0.0.5' }],
    ['IPv4 in IPv6', '::ffff:10.0.0.5', { address: '10.0.0.5' }],
    ['IPv4 in IPv6, in hexadecimal', '::ffff:a00:5', { address: '10.0.0.5' }],
    ['IPv6', '2001:DB8:0::5', { address: '2001:db8::5' }],
    ['link-local', 'fe80::f816:3eff:fe59:1c51', { mac: 'fa:16:3e:59:1c:51' }],
    ['link-local with its interface', 'fe80::f816:3eff:fe59:1c51%ns-1234', { mac: 'fa:16:3e:59:1c:51' }],
    ['what the proxy appended, not what the guest sent', '10.0.0.99, 10.0.0.5', { address: '10.0.0.5' }],
  ])('%s', (_, forwarded, from) => {
    expect(callerOf({ ...network, 'x-forwarded-for': forwarded })).toMatchObject({ place: { network: 'net-1' }, from });
  });

  test('on a router', () => {
    const caller = callerOf({ 'x-neutron-router-id': 'r-1', 'x-forwarded-for': '10.0.0.5' });
    expect(caller).toEqual({ place: { router: 'r-1' }, from: { address: '10.0.0.5' }, remoteAddress: '10.0.0.5' });
  });

  test.each([
    ['both ids', { ...network, 'x-neutron-router-id': 'r', 'x-forwarded-for': '10.0.0.5' }],
    ['no id', { 'x-forwarded-for': '10.0.0.5' }],
    ['an id twice', { 'x-neutron-network-id': 'net-1, net-2', 'x-forwarded-for': '10.0.0.5' }],
    ['no address', network],
    ['an empty address', { ...network, 'x-forwarded-for': '' }],
    ['no address at the end', { ...network, 'x-forwarded-for': '10.0.0.5, evil' }],
    ['a short form', { ...network, 'x-forwarded-for': '10.5' }],
    ['link-local without a MAC in it', { ...network, 'x-forwarded-for': 'fe80::1234' }],
  ])('nobody known: %s', (_, headers) => {
    expect(callerOf(headers)).toBeNull();
  });

  test('the MAC of any EUI-64 link-local address is found', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(fc.tuple(octet, octet, octet, octet, octet, octet), (octets) => {
        const mac = octets.map((value) => value.toString(16).padStart(2, '0')).join(':');
        const base = parseAddress('fe80::')?.value ?? 0n;
        const forwarded = formatAddress(eui64(base, mac), 6);
        expect(callerOf({ ...network, 'x-forwarded-for': forwarded })?.from).toEqual({ mac });
      }),
    );
  });
});
