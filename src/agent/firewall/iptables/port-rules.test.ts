import { describe, expect, it } from 'vitest';
import type { FirewallPort } from '../contract.ts';
import { testPort } from '../testing.ts';
import { commented } from './comments.ts';
import { type PortSetting, portUnit } from './port-rules.ts';
import { parseProtocols } from './protocols.ts';
import type { Unit } from './unit.ts';

const spelling = { commented: commented(true), protocols: parseProtocols('tcp 6\nudp 17\nipv6-icmp 58\n') };
const rules = { ingress: ['-p tcp -m tcp --dport 22 -j RETURN'], egress: ['-j RETURN'] };

function print(port: FirewallPort, version: 4 | 6, setting: Partial<PortSetting> = {}): string[] {
  const unit: Unit = portUnit(
    port,
    version,
    { key: '00000001-a', tracking: { zone: 4097 }, stateless: false, rules, ...setting },
    spelling,
  );
  return [
    ...unit.lines.map(({ table, chain, body }) => `${table} ${chain} ${body}`),
    ...[...unit.chains].flatMap(([chain, bodies]) => bodies.map((body) => `${chain} ${body}`)),
  ].map((line) => line.replaceAll('neutron-linuxbri-', ''));
}

const pair = { ip_address: '10.9.0.0/16', mac_address: 'FA:16:3E:AA:AA:AA' };

describe('rules of a port', () => {
  it('of IPv4 are as upstream has them', () => {
    expect(print(testPort(1, { addressPairs: [pair] }), 4)).toMatchInlineSnapshot(`
      [
        "filter FORWARD -m physdev --physdev-out tap00000001-a1 --physdev-is-bridged -m comment --comment "Direct traffic from the VM interface to the security group chain." -j sg-chain",
        "filter FORWARD -m physdev --physdev-in tap00000001-a1 --physdev-is-bridged -m comment --comment "Direct traffic from the VM interface to the security group chain." -j sg-chain",
        "filter INPUT -m physdev --physdev-in tap00000001-a1 -m comment --comment "Direct incoming traffic from VM to the security group chain." -g o00000001-a",
        "filter sg-chain -m physdev --physdev-out tap00000001-a1 --physdev-is-bridged -m comment --comment "Jump to the VM specific chain." -j i00000001-a",
        "filter sg-chain -m physdev --physdev-in tap00000001-a1 --physdev-is-bridged -m comment --comment "Jump to the VM specific chain." -j o00000001-a",
        "filter sg-from -m physdev --physdev-in tap00000001-a1 -j RETURN",
        "filter sg-to -m physdev --physdev-out tap00000001-a1 --physdev-is-bridged -j RETURN",
        "raw PREROUTING -m physdev --physdev-in brq11111111-11 -m comment --comment "Set zone for 0000001-a1" -j CT --zone 4097",
        "raw PREROUTING -i brq11111111-11 -m comment --comment "Set zone for 0000001-a1" -j CT --zone 4097",
        "raw PREROUTING -m physdev --physdev-in tap00000001-a1 -m comment --comment "Set zone for 0000001-a1" -j CT --zone 4097",
        "i00000001-a -m state --state RELATED,ESTABLISHED -m comment --comment "Direct packets associated with a known session to the RETURN chain." -j RETURN",
        "i00000001-a -p tcp -m tcp --dport 22 -j RETURN",
        "i00000001-a -m state --state INVALID -m comment --comment "Drop packets that appear related to an existing connection (e.g. TCP ACK/FIN) but do not have an entry in conntrack." -j DROP",
        "i00000001-a -m comment --comment "Send unmatched traffic to the fallback chain." -j sg-fallback",
        "o00000001-a -s 0.0.0.0/32 -d 255.255.255.255/32 -p udp -m udp --sport 68 --dport 67 -m comment --comment "Allow DHCP client traffic." -j RETURN",
        "o00000001-a -j s00000001-a",
        "o00000001-a -p udp -m udp --sport 68 --dport 67 -m comment --comment "Allow DHCP client traffic." -j RETURN",
        "o00000001-a -p udp -m udp --sport 67 --dport 68 -m comment --comment "Prevent DHCP Spoofing by VM." -j DROP",
        "o00000001-a -m state --state RELATED,ESTABLISHED -m comment --comment "Direct packets associated with a known session to the RETURN chain." -j RETURN",
        "o00000001-a -j RETURN",
        "o00000001-a -m state --state INVALID -m comment --comment "Drop packets that appear related to an existing connection (e.g. TCP ACK/FIN) but do not have an entry in conntrack." -j DROP",
        "o00000001-a -m comment --comment "Send unmatched traffic to the fallback chain." -j sg-fallback",
        "s00000001-a -s 10.9.0.0/16 -m mac --mac-source fa:16:3e:aa:aa:aa -m comment --comment "Allow traffic from defined IP/MAC pairs." -j RETURN",
        "s00000001-a -s 10.0.0.1/32 -m mac --mac-source fa:16:3e:00:00:01 -m comment --comment "Allow traffic from defined IP/MAC pairs." -j RETURN",
        "s00000001-a -m comment --comment "Drop traffic without an IP/MAC allow rule." -j DROP",
      ]
    `);
  });

  it('of IPv6 let neighbours be found, and no router be played', () => {
    expect(print(testPort(1), 6)).toMatchInlineSnapshot(`
      [
        "filter FORWARD -m physdev --physdev-out tap00000001-a1 --physdev-is-bridged -m comment --comment "Direct traffic from the VM interface to the security group chain." -j sg-chain",
        "filter FORWARD -m physdev --physdev-in tap00000001-a1 --physdev-is-bridged -m comment --comment "Direct traffic from the VM interface to the security group chain." -j sg-chain",
        "filter INPUT -m physdev --physdev-in tap00000001-a1 -m comment --comment "Direct incoming traffic from VM to the security group chain." -g o00000001-a",
        "filter sg-chain -m physdev --physdev-out tap00000001-a1 --physdev-is-bridged -m comment --comment "Jump to the VM specific chain." -j i00000001-a",
        "filter sg-chain -m physdev --physdev-in tap00000001-a1 --physdev-is-bridged -m comment --comment "Jump to the VM specific chain." -j o00000001-a",
        "filter sg-from -m physdev --physdev-in tap00000001-a1 -j RETURN",
        "filter sg-to -m physdev --physdev-out tap00000001-a1 --physdev-is-bridged -j RETURN",
        "raw PREROUTING -m physdev --physdev-in brq11111111-11 -m comment --comment "Set zone for 0000001-a1" -j CT --zone 4097",
        "raw PREROUTING -i brq11111111-11 -m comment --comment "Set zone for 0000001-a1" -j CT --zone 4097",
        "raw PREROUTING -m physdev --physdev-in tap00000001-a1 -m comment --comment "Set zone for 0000001-a1" -j CT --zone 4097",
        "i00000001-a -p ipv6-icmp -m icmp6 --icmpv6-type 130 -j RETURN",
        "i00000001-a -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j RETURN",
        "i00000001-a -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j RETURN",
        "i00000001-a -m state --state RELATED,ESTABLISHED -m comment --comment "Direct packets associated with a known session to the RETURN chain." -j RETURN",
        "i00000001-a -p tcp -m tcp --dport 22 -j RETURN",
        "i00000001-a -m state --state INVALID -m comment --comment "Drop packets that appear related to an existing connection (e.g. TCP ACK/FIN) but do not have an entry in conntrack." -j DROP",
        "i00000001-a -m comment --comment "Send unmatched traffic to the fallback chain." -j sg-fallback",
        "o00000001-a -s ::/128 -d ff02::/16 -p ipv6-icmp -m icmp6 --icmpv6-type 131 -m comment --comment "Allow IPv6 ICMP traffic." -j RETURN",
        "o00000001-a -s ::/128 -d ff02::/16 -p ipv6-icmp -m icmp6 --icmpv6-type 135 -m comment --comment "Allow IPv6 ICMP traffic." -j RETURN",
        "o00000001-a -s ::/128 -d ff02::/16 -p ipv6-icmp -m icmp6 --icmpv6-type 143 -m comment --comment "Allow IPv6 ICMP traffic." -j RETURN",
        "o00000001-a -j s00000001-a",
        "o00000001-a -p ipv6-icmp -m icmp6 --icmpv6-type 134 -m comment --comment "Drop IPv6 Router Advts from VM Instance." -j DROP",
        "o00000001-a -p ipv6-icmp -m comment --comment "Allow IPv6 ICMP traffic." -j RETURN",
        "o00000001-a -p udp -m udp --sport 546 --dport 547 -m comment --comment "Allow DHCP client traffic." -j RETURN",
        "o00000001-a -p udp -m udp --sport 547 --dport 546 -m comment --comment "Prevent DHCP Spoofing by VM." -j DROP",
        "o00000001-a -m state --state RELATED,ESTABLISHED -m comment --comment "Direct packets associated with a known session to the RETURN chain." -j RETURN",
        "o00000001-a -j RETURN",
        "o00000001-a -m state --state INVALID -m comment --comment "Drop packets that appear related to an existing connection (e.g. TCP ACK/FIN) but do not have an entry in conntrack." -j DROP",
        "o00000001-a -m comment --comment "Send unmatched traffic to the fallback chain." -j sg-fallback",
        "s00000001-a -s fd00::1/128 -m mac --mac-source fa:16:3e:00:00:01 -m comment --comment "Allow traffic from defined IP/MAC pairs." -j RETURN",
        "s00000001-a -s fe80::f816:3eff:fe00:1/128 -m mac --mac-source fa:16:3e:00:00:01 -m comment --comment "Allow traffic from defined IP/MAC pairs." -j RETURN",
        "s00000001-a -m comment --comment "Drop traffic without an IP/MAC allow rule." -j DROP",
      ]
    `);
  });

  it('without port security let everything through', () => {
    expect(print(testPort(1, { filter: 'open' }), 4)).toMatchInlineSnapshot(`
      [
        "filter FORWARD -m physdev --physdev-out tap00000001-a1 --physdev-is-bridged -m comment --comment "Accept all packets when port security is disabled." -j ACCEPT",
        "filter FORWARD -m physdev --physdev-in tap00000001-a1 --physdev-is-bridged -m comment --comment "Accept all packets when port security is disabled." -j ACCEPT",
        "filter INPUT -m physdev --physdev-in tap00000001-a1 -m comment --comment "Accept all packets when port security is disabled." -j RETURN",
        "filter sg-from -m physdev --physdev-in tap00000001-a1 -j RETURN",
        "filter sg-to -m physdev --physdev-out tap00000001-a1 --physdev-is-bridged -j RETURN",
      ]
    `);
  });

  it('of a port whose groups are not known drop everything', () => {
    expect(print(testPort(1, { filter: 'closed' }), 4)).toMatchInlineSnapshot(`
      [
        "filter FORWARD -m physdev --physdev-out tap00000001-a1 --physdev-is-bridged -m comment --comment "Send unmatched traffic to the fallback chain." -j sg-fallback",
        "filter FORWARD -m physdev --physdev-in tap00000001-a1 --physdev-is-bridged -m comment --comment "Send unmatched traffic to the fallback chain." -j sg-fallback",
        "filter sg-chain -m physdev --physdev-out tap00000001-a1 --physdev-is-bridged -m comment --comment "Send unmatched traffic to the fallback chain." -j sg-fallback",
        "filter sg-chain -m physdev --physdev-in tap00000001-a1 --physdev-is-bridged -m comment --comment "Send unmatched traffic to the fallback chain." -j sg-fallback",
        "filter INPUT -m physdev --physdev-in tap00000001-a1 -m comment --comment "Send unmatched traffic to the fallback chain." -j sg-fallback",
      ]
    `);
  });

  it('know no sessions where groups are stateless', () => {
    const lines = print(testPort(1), 4, { stateless: true, tracking: 'notrack' });
    expect(lines.filter((line) => line.includes('--state'))).toEqual([]);
    expect(lines.filter((line) => line.startsWith('raw '))).toEqual([
      'raw PREROUTING -m physdev --physdev-in brq11111111-11 -m comment --comment "Make 0000001-a1 stateless" -j CT --notrack',
      'raw PREROUTING -i brq11111111-11 -m comment --comment "Make 0000001-a1 stateless" -j CT --notrack',
      'raw PREROUTING -m physdev --physdev-in tap00000001-a1 -m comment --comment "Make 0000001-a1 stateless" -j CT --notrack',
    ]);
  });

  const own = (port: FirewallPort, version: 4 | 6) =>
    print(port, version)
      .filter((line) => line.startsWith('s00000001-a '))
      .map((line) => line.replace(/-m comment --comment "[^"]*" /, '').replace('s00000001-a ', ''));

  it('know a port without addresses by its MAC', () => {
    const port = testPort(1, { fixedIps: [] });
    expect([own(port, 4), own(port, 6)]).toEqual([
      ['-m mac --mac-source fa:16:3e:00:00:01 -j RETURN', '-j DROP'],
      ['-m mac --mac-source fa:16:3e:00:00:01 -j RETURN', '-j DROP'],
    ]);
  });

  it('leave a port of the other family nothing but its link-local address', () => {
    expect(own(testPort(1, { fixedIps: ['10.0.0.1'] }), 6)).toEqual([
      '-s fe80::f816:3eff:fe00:1/128 -m mac --mac-source fa:16:3e:00:00:01 -j RETURN',
      '-j DROP',
    ]);
    expect(own(testPort(1, { fixedIps: ['fd00::1'] }), 4)).toEqual(['-j DROP']);
  });

  it('take a pair of everybody for every address of that MAC', () => {
    const port = testPort(1, { addressPairs: [{ ip_address: '0.0.0.0/0', mac_address: 'fa:16:3e:00:00:09' }] });
    expect(own(port, 4)).toEqual([
      '-m mac --mac-source fa:16:3e:00:00:09 -j RETURN',
      '-s 10.0.0.1/32 -m mac --mac-source fa:16:3e:00:00:01 -j RETURN',
      '-j DROP',
    ]);
  });

  it('are without comments where they are not wanted', () => {
    const unit = portUnit(
      testPort(1),
      4,
      { key: 'x', tracking: { zone: 4097 }, stateless: false, rules },
      { ...spelling, commented: commented(false) },
    );
    expect([...unit.chains.values()].flat().filter((body) => body.includes('comment'))).toEqual([]);
    for (const bodies of unit.chains.values()) expect(new Set(bodies).size).toBe(bodies.length);
  });
});
