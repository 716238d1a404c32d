import { describe, expect, it } from 'vitest';
import { setName } from '../../src/agent/firewall/iptables/names.ts';
import { NoopFirewall } from '../../src/agent/firewall/noop.ts';
import type { WireRule } from '../../src/rpc/contract.ts';
import { pythonRules } from '../support/firewall/python-rules.ts';
import { egressAll, type FirewallStand, port, standForEach, stateOf } from '../support/firewall/stand.ts';
import type { EmulatedHost } from '../support/hosts.ts';

/** Rules and sets that others wrote, or that an agent before this one left. */
let host: EmulatedHost;
let stand: FirewallStand;
standForEach((one) => {
  stand = one;
  host = one.host;
});

const GROUP = '11111111-2222-4333-8444-555555555555';
const OTHER = '22222222-2222-4333-8444-555555555555';
const ping: WireRule = { direction: 'ingress', ethertype: 'IPv4', protocol: 'icmp' };
const ping6: WireRule = { direction: 'ingress', ethertype: 'IPv6', protocol: 'ipv6-icmp' };

describe.each(['-nft', '-legacy'] as const)('rules by iptables%s that are there', (flavour) => {
  it('of an agent in Python are taken over: what is right stays, with its counters', async () => {
    const [a, b, open] = [
      port({ tap: 'tapaaaaaaaa-11', groups: [GROUP] }),
      port({ tap: 'tapbbbbbbbb-22', groups: [GROUP] }),
      port({ tap: 'tapcccccccc-33', filter: 'open' }),
    ];
    await stand.addGuests(a, b, open);
    await host.run(['ipset', 'restore'], {
      stdin: `create NIPv4${GROUP.slice(0, 24)} hash:net family inet\nadd NIPv4${GROUP.slice(0, 24)} 10.0.0.77\n`,
    });
    const python = { 4: pythonRules(4, GROUP, [a, b], open), 6: pythonRules(6, GROUP, [a, b], open) };
    await host.run([`iptables${flavour}-restore`, '--noflush'], { stdin: python[4] });
    await host.run([`ip6tables${flavour}-restore`, '--noflush'], { stdin: python[6] });
    await stand.reaches(b, a.fixedIps[0]!, { id: 79 });
    const driver = await stand.started({ flavour });
    stand.takeWrites();
    const member = { [GROUP]: { IPv4: [['10.0.0.77', null] as const] } };
    const group = {
      [GROUP]: [
        ping,
        ping6,
        { direction: 'ingress', ethertype: 'IPv4', remote_group_id: GROUP } satisfies WireRule,
        ...egressAll,
      ],
    };
    const lines: string[] = [];
    stand.intercept = (_, { stdin }) => void lines.push(...(stdin ?? '').split('\n'));
    expect(await driver.apply(stateOf([a, b, open], group, member), stand.isThere)).toEqual({
      closed: new Map(),
      late: new Map(),
    });
    // No chain of a port is written anew.
    expect(
      lines.filter((line) =>
        /^(:|-[AIDFX] )neutron-linuxbri-([ios](a|b)|sg-chain|sg-fallback|PREROUTING|local)/.test(line),
      ),
    ).toEqual([]);
    expect(await stand.driver({ flavour }).plan(stateOf([a, b, open], group, member), stand.isThere)).toEqual([]);
    expect((await host.read(['conntrack', '-L', '-w', '4105', '-p', 'icmp'])).trim()).not.toBe('');
    await stand.reaches(b, a.fixedIps[0]!, { id: 79 });
    const counted = (await host.read([`iptables${flavour}-save`, '-c']))
      .split('\n')
      .find((line) => line.includes('-A neutron-linuxbri-iaaaaaaaa-1 -p icmp'));
    expect(counted).not.toMatch(/^\[0:0\]/);
  });

  it('of others are left as they are, and by hand-made changes ours come back', async () => {
    const a = port({ groups: [GROUP] });
    await stand.addGuests(a);
    await host.run([`iptables${flavour}-restore`, '--noflush'], {
      stdin:
        '*filter\n:MINE - [0:0]\n-A FORWARD -j MINE\n-A MINE -s 1.2.3.4/32 -j ACCEPT\nCOMMIT\n*nat\n-A POSTROUTING -s 1.2.3.4/32 -j MASQUERADE\nCOMMIT\n',
    });
    await host.run(['ipset', 'create', 'NIPv4mine', 'hash:net']);
    const before = await stand.saved(flavour);
    const driver = await stand.started({ flavour });
    const state = stateOf([a], { [GROUP]: [ping, ...egressAll] });
    await driver.apply(state, stand.isThere);
    const right = await stand.saved(flavour);
    const tool = `iptables${flavour}`;
    await host.run([tool, '-I', 'FORWARD', '-s', '9.9.9.9', '-j', 'ACCEPT']);
    await host.run([tool, '-D', 'FORWARD', '-j', 'neutron-linuxbri-sg-closed']);
    await host.run([tool, '-F', 'neutron-linuxbri-sg-fallback']);
    await host.run([tool, '-I', 'neutron-linuxbri-sg-chain', '-j', 'ACCEPT']);
    await host.run([tool, '-t', 'raw', '-F', 'neutron-linuxbri-PREROUTING']);
    await host.run([tool, '-N', 'neutron-linuxbri-ixxxxxxxx-1']);
    driver.distrust();
    await driver.apply(state, stand.isThere);
    const after = await stand.saved(flavour);
    expect(after.replace('-A FORWARD -s 9.9.9.9/32 -j ACCEPT\n', '')).toBe(right);
    expect(after.indexOf('-A FORWARD -j neutron-linuxbri-sg-closed')).toBeLessThan(
      after.indexOf('-A FORWARD -s 9.9.9.9'),
    );
    await host.run([tool, '-D', 'FORWARD', '-s', '9.9.9.9', '-j', 'ACCEPT']);
    await new NoopFirewall({ exec: stand.exec, flavour }).apply(stateOf([a]), stand.isThere);
    expect(
      (await stand.saved(flavour))
        .split('\n')
        .filter((line) => !/^(\*raw|\*filter|:(INPUT|OUTPUT|FORWARD|PREROUTING) ACCEPT|COMMIT|)$/.test(line)),
    ).toEqual(
      before
        .split('\n')
        .filter((line) => !/^(\*raw|\*filter|:(INPUT|OUTPUT|FORWARD|PREROUTING) ACCEPT|COMMIT|)$/.test(line)),
    );
    expect(await host.read(['ipset', 'list', '-n'])).toBe('NIPv4mine\n');
  });

  it('are not read where nobody wrote tables of nftables, and sets are', async () => {
    const a = port({ groups: [GROUP] });
    const rules: WireRule[] = [{ direction: 'ingress', ethertype: 'IPv4', remote_group_id: OTHER }, ...egressAll];
    const state = stateOf([a], { [GROUP]: rules }, { [OTHER]: { IPv4: [['10.0.0.5', null]] } });
    const driver = await stand.started({ flavour });
    await driver.apply(state, () => true);
    driver.distrust();
    await driver.apply(state, () => true);
    stand.takeWrites();
    driver.distrust({ nftables: true });
    await driver.apply(state, () => true);
    const read = stand.ran.map(({ argv }) => argv[0]!.replace('ip6tables', 'iptables'));
    expect(new Set(read)).toEqual(new Set(['ipset', ...(flavour === '-nft' ? [] : ['iptables-legacy-save'])]));
    expect(stand.takeWrites()).toEqual([]);
    const set = setName(OTHER, 4);
    await host.run(['ipset', 'del', set, '10.0.0.5']);
    await host.run(['ipset', 'add', set, '10.0.0.6']);
    driver.distrust({ nftables: true });
    await driver.apply(state, () => true);
    expect(stand.takeWrites()).toEqual(['ipset']);
    const { stdout } = await host.run(['ipset', 'save', set]);
    expect(stdout).toContain(`add ${set} 10.0.0.5\n`);
    expect(stdout).not.toContain('10.0.0.6');
  });
});
