import { describe, expect, it } from 'vitest';
import type { WireRule } from '../../../rpc/contract.ts';
import type { FirewallState } from '../contract.ts';
import { testPort, testState } from '../testing.ts';
import type { IptablesFirewall } from './driver.ts';
import { A, B, chainOf, everywhere, firewall, fromB, ssh } from './driver-testing.ts';
import { FakeFirewallHost } from './testing.ts';

describe('explain', () => {
  const rules: WireRule[] = [
    { ...ssh, id: 'r1' },
    { ...fromB, id: 'r2' },
    { ...ssh, id: 'r3', protocol: 'icmp', port_range_min: 255 },
  ];
  const members = { [B]: { IPv4: [['10.0.0.9', null] as [string, null]] } };
  const words = async (driver: IptablesFirewall, state: FirewallState, tap: string) =>
    (await driver.explain(state, tap)).map(({ step, state: is, found, cause, check }) =>
      [step, is, found, cause, check].join(' | '),
    );

  it('names for each line of the kernel whose it is, and what is missing', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const port = testPort(1, {
      groups: [A],
      addressPairs: [{ ip_address: '10.9.9.9', mac_address: 'fa:16:3e:00:00:01' }],
    });
    const state = testState([port, testPort(2, { groups: [A] })], { [A]: rules }, members);
    await driver.apply(state, everywhere);
    host.takeWrites();
    const fine = await words(driver, state, port.tap);
    expect(fine.filter((line) => !line.includes(' | ok | '))).toEqual([
      `rule | fault | ICMP type 255 cannot be matched by iptables | rule r3, of group ${A} | `,
    ]);
    expect(fine).toContain(`rule | ok | in force | rule r1, of group ${A} | iptables -S neutron-linuxbri-i00000001-a`);
    expect(fine).toContain(
      `rule | ok | in force | rule r2, of group ${A}, remote group ${B} | iptables -S neutron-linuxbri-i00000001-a`,
    );
    expect(fine).toContain(`address_set | ok | in force | group ${B} | ipset list NIPv4${B.slice(0, 24)}`);
    expect(fine).toContain(
      `own_addresses | ok | in force | port ${port.portId}, pair 10.9.9.9 | iptables -S neutron-linuxbri-s00000001-a`,
    );
    chainOf(host, 'i00000001-a')!.splice(1, 1);
    chainOf(host, 's00000001-a')!.unshift('-j RETURN');
    chainOf(host, 'sg-to')!.shift();
    host.sets.get(`NIPv4${B.slice(0, 24)}`)!.entries.add('6.6.6.6');
    const faults = (await words(driver, state, port.tap))
      .filter((line) => line.includes(' | fault | '))
      .map((line) => line.split(' | ').slice(0, 3).join(' | '));
    expect(faults).toEqual([
      'filter | fault | not in neutron-linuxbri-sg-to of table filter: -m physdev --physdev-out tap00000001-a1 --physdev-is-bridged -j RETURN',
      'own_addresses | fault | of somebody else: -j RETURN',
      'rule | fault | not in neutron-linuxbri-i00000001-a: -p tcp -m tcp --dport 22 -j RETURN',
      'chain | fault | not there: -p tcp -m tcp --dport 22 -j RETURN',
      'rule | fault | ICMP type 255 cannot be matched by iptables',
      'address_set | fault | 1 of nobody (6.6.6.6 …)',
    ]);
    expect(host.takeWrites()).toEqual([]);
  });

  it('tells what rules took, and what no rule wanted', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const port = testPort(1, { groups: [A] });
    const state = testState([port], { [A]: rules });
    await driver.apply(state, everywhere);
    // Each rule took as many packets as its place in its chain says.
    host[4].counted = (_chain, at) => [at + 1, 100 * (at + 1)];
    const steps = await driver.explain(state, port.tap);
    const of = (start: string) => steps.find(({ expected }) => expected.startsWith(start))?.counters;
    const chain = chainOf(host, 'i00000001-a')!;
    const at = chain.findIndex((body) => body.includes('--dport 22'));
    expect(of('ingress IPv4: -p tcp')).toEqual({ packets: at + 1, bytes: 100 * (at + 1) });
    expect(of('ingress IPv4: these')).toEqual({ dropped_packets: chain.length, dropped_bytes: 100 * chain.length });
    expect(of('ingress IPv6: these')).toBeUndefined();
  });

  it('says so of ports that are open, closed, and unknown to the kernel', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const [open, closed] = [testPort(1, { filter: 'open' }), testPort(2, { filter: 'closed' })];
    const state = testState([open, closed, testPort(3)]);
    await driver.apply(testState([open, closed]), everywhere);
    const filters = async (tap: string) =>
      (await words(driver, state, tap)).filter((line) => line.startsWith('filter')).map((line) => line.split(' | ')[1]);
    expect([await filters(open.tap), await filters(closed.tap), await filters(testPort(3).tap)]).toEqual([
      ['ok', 'ok'],
      ['waiting', 'waiting'],
      ['fault', 'fault'],
    ]);
    expect(await driver.explain(state, 'tapnobody')).toEqual([]);
  });
});
