import { describe, expect, it } from 'vitest';
import type { WireRule } from '../../../rpc/contract.ts';
import { parseProtocols } from './protocols.ts';
import { readRule, ruleText } from './rule-text.ts';

const protocols = parseProtocols('ip 0 IP\nicmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\ngre 47\nipv6-icmp 58\nvrrp 112 VRRP\n');

function textOf(rule: Partial<WireRule>, more = {}): string {
  const terms = readRule({ direction: 'ingress', ethertype: 'IPv4', ...rule });
  return typeof terms === 'string' ? `(${terms})` : ruleText(terms, protocols, more);
}

const six = { ethertype: 'IPv6' } as const;

describe('the text of a rule', () => {
  it.each<[Partial<WireRule>, string]>([
    [{}, '-j RETURN'],
    [{ protocol: 'tcp', port_range_min: 22, port_range_max: 22 }, '-p tcp -m tcp --dport 22 -j RETURN'],
    [{ protocol: '6', port_range_min: 0, port_range_max: 0 }, '-p tcp -m tcp --dport 0 -j RETURN'],
    [{ protocol: 'TCP', port_range_min: 1, port_range_max: 9 }, '-p tcp -m tcp -m multiport --dports 1:9 -j RETURN'],
    [{ protocol: 'tcp' }, '-p tcp -j RETURN'],
    [
      {
        protocol: 'udp',
        source_port_range_min: 67,
        source_port_range_max: 67,
        port_range_min: 68,
        port_range_max: 68,
        dest_ip_prefix: '10.0.0.7/32',
      },
      '-d 10.0.0.7/32 -p udp -m udp --sport 67 --dport 68 -j RETURN',
    ],
    [{ protocol: 'udplite', port_range_min: 5, port_range_max: 5 }, '-p udplite -m multiport --dports 5 -j RETURN'],
    [{ protocol: 'vrrp' }, '-p vrrp -j RETURN'],
    [{ protocol: '112' }, '-p vrrp -j RETURN'],
    [{ protocol: 'ospf' }, '-p 89 -j RETURN'],
    [{ protocol: 'gre', port_range_min: 1, port_range_max: 2 }, '-p gre -j RETURN'],
    [{ protocol: '0' }, '-j RETURN'],
    [{ protocol: 'ip' }, '-j RETURN'],
    [{ protocol: 'icmp' }, '-p icmp -j RETURN'],
    [{ protocol: 'icmp', port_range_min: 8 }, '-p icmp -m icmp --icmp-type 8 -j RETURN'],
    [{ protocol: '1', port_range_min: 3, port_range_max: 4 }, '-p icmp -m icmp --icmp-type 3/4 -j RETURN'],
    [
      { ...six, protocol: 'icmp', port_range_min: 128, port_range_max: 0 },
      '-p ipv6-icmp -m icmp6 --icmpv6-type 128/0 -j RETURN',
    ],
    [{ ...six, protocol: 'icmpv6' }, '-p ipv6-icmp -j RETURN'],
    [
      { ...six, protocol: 'ipv6-icmp', source_port_range_min: 134 },
      '-p ipv6-icmp -m icmp6 --icmpv6-type 134 -j RETURN',
    ],
    [{ ...six, protocol: '1' }, '-p icmp -j RETURN'],
    [{ source_ip_prefix: '10.0.0.5/8' }, '-s 10.0.0.0/8 -j RETURN'],
    [{ source_ip_prefix: '10.0.0.5' }, '-s 10.0.0.5/32 -j RETURN'],
    [{ source_ip_prefix: '0.0.0.0/0' }, '-j RETURN'],
    [{ ...six, source_ip_prefix: '::/0' }, '-j RETURN'],
    [{ ...six, source_ip_prefix: '2001:DB8::5/64' }, '-s 2001:db8::/64 -j RETURN'],
    [{ ...six, source_ip_prefix: '::ffff:102:304/128' }, '-s ::ffff:1.2.3.4/128 -j RETURN'],
    [{ direction: 'egress', dest_ip_prefix: '10.1.0.0/16', protocol: 'tcp' }, '-d 10.1.0.0/16 -p tcp -j RETURN'],
  ])('%j', (rule, text) => {
    expect(textOf(rule)).toBe(text);
  });

  it('names the set of a remote group on the other side', () => {
    const rule = { protocol: 'tcp', port_range_min: 22, port_range_max: 22, remote_group_id: 'g' };
    expect(textOf(rule, { set: 'NIPv4g' })).toBe('-p tcp -m tcp --dport 22 -m set --match-set NIPv4g src -j RETURN');
    expect(textOf({ ...rule, direction: 'egress' }, { set: 'NIPv4g' })).toContain('--match-set NIPv4g dst');
  });

  it.each<[Partial<WireRule>, RegExp]>([
    [{ protocol: 'nonsense' }, /unknown/],
    [{ protocol: '300' }, /unknown/],
    [{ source_ip_prefix: '10.0.0.1 -j ACCEPT' }, /no address/],
    [{ source_ip_prefix: 'fd00::/8' }, /IPv4/],
    [{ protocol: 'tcp', port_range_min: 9, port_range_max: 1 }, /no ports/],
    [{ protocol: 'tcp', port_range_min: 1, port_range_max: 70_000 }, /no ports/],
    [{ protocol: 'icmp', port_range_min: 256 }, /no ICMP type/],
    // iptables would take it for any type.
    [{ protocol: 'icmp', port_range_min: 255 }, /cannot be matched/],
    [{ protocol: '58', port_range_min: 128 }, /do not exist in IPv4/],
    [{ ethertype: 'ARP' as 'IPv4' }, /ethertype/],
    [{ direction: 'sideways' as 'ingress' }, /direction/],
  ])('there is none for %j', (rule, reason) => {
    expect(textOf(rule)).toMatch(reason);
  });
});
