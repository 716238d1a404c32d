import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { protocolNumbers } from '../../lib/protocols.ts';
import type { RuleMatch } from '../../resources/shapes.ts';
import { keyOfMatch, normalizedCidr, normalMatch } from './match.ts';

const any: RuleMatch = {
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: null,
  port_range_min: null,
  port_range_max: null,
  remote_ip_prefix: null,
  remote_group_id: null,
  remote_address_group_id: null,
};

function refusal(given: Partial<RuleMatch>): string {
  try {
    normalMatch({ ...any, ...given });
    return 'none';
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

describe('a rule', () => {
  it.each<[Partial<RuleMatch>, Partial<RuleMatch>]>([
    [
      { protocol: 'tcp', port_range_min: 1, port_range_max: 65535 },
      { protocol: 'tcp', port_range_min: null },
    ],
    [
      { port_range_min: 1, port_range_max: 65535 },
      { port_range_min: null, port_range_max: null },
    ],
    [{ ethertype: 'IPv6', protocol: 'icmp' }, { protocol: 'ipv6-icmp' }],
    [{ ethertype: 'IPv6', protocol: 'icmpv6' }, { protocol: 'ipv6-icmp' }],
    [{ ethertype: 'IPv6', protocol: '1' }, { protocol: '58' }],
    [{ ethertype: 'IPv4', protocol: '1' }, { protocol: '1' }],
    [{ remote_ip_prefix: '10.0.0.5/24' }, { remote_ip_prefix: '10.0.0.5/24' }],
    [
      { protocol: 'icmp', port_range_min: 8, port_range_max: 0 },
      { port_range_min: 8, port_range_max: 0 },
    ],
    [
      { protocol: 'icmp', port_range_min: 0 },
      { port_range_min: 0, port_range_max: null },
    ],
  ])('%j is stored as %j', (given, stored) => {
    expect(normalMatch({ ...any, ...given })).toMatchObject(stored);
  });

  it.each<[Partial<RuleMatch>, string]>([
    [
      { port_range_min: 1, port_range_max: 2 },
      'SecurityGroupProtocolRequiredWithPorts: Must also specify protocol if port range is given.',
    ],
    [
      { protocol: 'tcp', port_range_min: 9, port_range_max: 2 },
      'SecurityGroupInvalidPortRange: For TCP/UDP protocols, port_range_min must be <= port_range_max',
    ],
    [
      { protocol: '17', port_range_max: 2 },
      'SecurityGroupInvalidPortRange: For TCP/UDP protocols, port_range_min must be <= port_range_max',
    ],
    [
      { protocol: 'udp', port_range_min: 0, port_range_max: 5 },
      'SecurityGroupInvalidPortValue: Invalid value for port 0',
    ],
    [
      { protocol: 'icmp', port_range_min: 256 },
      'SecurityGroupInvalidIcmpValue: Invalid value for ICMP type (port_range_min) 256. It must be 0 to 255.',
    ],
    [
      { ethertype: 'IPv6', protocol: '58', port_range_min: 1, port_range_max: 300 },
      'SecurityGroupInvalidIcmpValue: Invalid value for ICMP code (port_range_max) 300. It must be 0 to 255.',
    ],
    [
      { protocol: 'icmp', port_range_max: 3 },
      'SecurityGroupMissingIcmpType: ICMP code (port-range-max) 3 is provided but ICMP type (port-range-min) is missing.',
    ],
    // CVE-2019-9735: such a rule made iptables refuse all rules of the host.
    [
      { protocol: 'vrrp', port_range_min: 1, port_range_max: 2 },
      'SecurityGroupInvalidProtocolForPort: Ports cannot be specified for protocol 112. Ports are only supported for DCCP, SCTP, TCP, UDP, UDPLITE.',
    ],
    [
      { remote_ip_prefix: '2001:db8::/32' },
      'SecurityGroupRuleParameterConflict: Conflicting value ethertype IPv4 for CIDR 2001:db8::/32',
    ],
    [
      { protocol: 'ipv6-route' },
      'SecurityGroupEthertypeConflictWithProtocol: Invalid ethertype IPv4 for protocol ipv6-route.',
    ],
    [{ protocol: '58' }, 'SecurityGroupEthertypeConflictWithProtocol: Invalid ethertype IPv4 for protocol 58.'],
    [
      { remote_ip_prefix: '10.0.0.0/8', remote_address_group_id: 'a' },
      'SecurityGroupMultipleRemoteEntites: Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.',
    ],
  ])('%j is refused: %s', (given, error) => {
    expect(refusal(given)).toBe(error);
  });

  const port = fc.option(fc.oneof(fc.constantFrom(0, 1, 255, 256, 65535), fc.nat(65535)), { nil: null });
  const octet = fc.nat(255);
  const prefix = fc.oneof(
    fc.tuple(octet, octet, fc.nat(32)).map(([a, b, length]) => `10.${a}.0.${b}/${length}`),
    fc.nat(128).map((length) => `2001:db8::1/${length}`),
    fc.constantFrom('0.0.0.0/0', '::/0'),
  );
  const id = fc.option(fc.constantFrom('id-one', 'id-two'), { nil: null, freq: 2 });
  const match: fc.Arbitrary<RuleMatch> = fc.record({
    direction: fc.constantFrom('ingress', 'egress'),
    ethertype: fc.constantFrom('IPv4', 'IPv6'),
    protocol: fc.option(fc.oneof(fc.constantFrom(...Object.keys(protocolNumbers)), fc.nat(255).map(String)), {
      nil: null,
    }),
    port_range_min: port,
    port_range_max: port,
    remote_ip_prefix: fc.option(prefix, { nil: null, freq: 2 }),
    remote_group_id: id,
    remote_address_group_id: id,
  });
  const valid = match.filter((given) => {
    try {
      normalMatch(given);
      return true;
    } catch {
      return false;
    }
  });

  it('that was refused has one of the documented types, and no other fault', () => {
    fc.assert(
      fc.property(match, (given) => {
        expect(refusal(given)).toMatch(/^(none$|SecurityGroup\w+: )/);
      }),
    );
  });

  it('that was accepted never has ports without a protocol that has them', () => {
    fc.assert(
      fc.property(valid, (given) => {
        const { protocol, port_range_min: min, port_range_max: max } = normalMatch(given);
        if (min === null) {
          expect(max).toBeNull();
          return;
        }
        const number = protocolNumbers[protocol!] ?? Number(protocol);
        expect([1, 6, 17, 33, 58, 132, 136]).toContain(number);
        if (![1, 58].includes(number)) expect(min).toBeLessThanOrEqual(max!);
      }),
    );
  });

  it('has one normal form', () => {
    fc.assert(
      fc.property(valid, (given) => {
        const stored = normalMatch(given);
        expect(normalMatch(stored)).toEqual(stored);
      }),
    );
  });

  it('has the key of its other spellings, and of nothing else', () => {
    const names: Record<string, string> = Object.fromEntries(
      Object.entries(protocolNumbers).flatMap(([name, number]) => (name === 'hopopt' ? [] : [[name, String(number)]])),
    );
    fc.assert(
      fc.property(valid, valid, (one, other) => {
        const stored = normalMatch(one);
        const respelt = { ...one, protocol: names[one.protocol ?? ''] ?? one.protocol };
        expect(keyOfMatch(normalMatch(respelt))).toBe(keyOfMatch(stored));
        const meaning = ({ protocol, remote_ip_prefix: cidr, ...rest }: RuleMatch) => ({
          ...rest,
          protocol: names[protocol ?? ''] ?? protocol,
          remote_ip_prefix: cidr?.endsWith('/0') && ['0.0.0.0/0', '::/0'].includes(cidr) ? null : cidr,
        });
        const same = JSON.stringify(meaning(stored)) === JSON.stringify(meaning(normalMatch(other)));
        expect(keyOfMatch(normalMatch(other)) === keyOfMatch(stored)).toBe(same);
      }),
    );
  });
});

describe('normalizedCidr', () => {
  it.each([
    [null, null],
    ['10.0.0.5/24', '10.0.0.0/24'],
    ['2001:db8::1/32', '2001:db8::/32'],
  ])('of %j is %j', (prefix, cidr) => {
    expect(normalizedCidr(prefix)).toBe(cidr);
  });
});
