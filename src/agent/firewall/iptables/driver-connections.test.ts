import { describe, expect, it } from 'vitest';
import { testPort, testState } from '../testing.ts';
import { A, B, everywhere, firewall, fromB, ssh, web } from './driver-testing.ts';
import { FakeFirewallHost } from './testing.ts';

describe('connections', () => {
  const line = (dport: number, source = '10.0.0.7') =>
    `tcp      6 431999 ESTABLISHED src=${source} dst=10.0.0.1 sport=40000 dport=${dport} src=10.0.0.1 dst=${source} sport=${dport} dport=40000 [ASSURED] mark=0 zone=4097 use=1\n`;

  it('end when their rule goes, after the rules are in force; others stay', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const port = testPort(1, { groups: [A] });
    await driver.apply(testState([port], { [A]: [ssh, web] }), everywhere);
    host.connections.ipv4 = line(22) + line(80);
    host.takeWrites();
    await driver.apply(testState([port], { [A]: [web] }), everywhere);
    expect(host.takeWrites()).toEqual([
      expect.stringContaining('-D neutron-linuxbri-i00000001-a -p tcp -m tcp --dport 22'),
      'conntrack: -D -w 4097 -f ipv4 -p 6 -s 10.0.0.7 -d 10.0.0.1 --sport 40000 --dport 22',
    ]);
  });

  it('end when a member leaves, and when a port does', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const port = testPort(1, { groups: [A] });
    const groups = { [A]: [fromB] };
    const members = (...ips: string[]) => ({ [B]: { IPv4: ips.map((ip): [string, null] => [ip, null]) } });
    await driver.apply(testState([port], groups, members('10.0.0.7', '10.0.0.8')), everywhere);
    host.connections.ipv4 = line(22) + line(22, '10.0.0.8');
    host.takeWrites();
    await driver.apply(testState([port], groups, members('10.0.0.8')), everywhere);
    expect(host.takeWrites().at(-1)).toBe('conntrack: -D -w 4097 -f ipv4 -p 6 -s 10.0.0.7 -d 10.0.0.1');
    await driver.apply(testState([]), () => false);
    expect(host.takeWrites().find((text) => text.startsWith('conntrack'))).toContain('-s 10.0.0.8 -d 10.0.0.1');
  });

  it('are looked at when the agent starts: one before it may have been killed before it got to them', async () => {
    const host = new FakeFirewallHost();
    const state = testState([testPort(1, { groups: [A] })], { [A]: [web] });
    await firewall(host).apply(state, everywhere);
    host.connections.ipv4 = line(22) + line(80);
    host.takeWrites();
    await firewall(host).apply(state, everywhere);
    expect(host.takeWrites()).toEqual([
      'conntrack: -D -w 4097 -f ipv4 -p 6 -s 10.0.0.7 -d 10.0.0.1 --sport 40000 --dport 22',
    ]);
  });
});
