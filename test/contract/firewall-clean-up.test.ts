import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { removeRules } from '../../src/agent/firewall/clean-up.ts';
import type { FirewallPort, FirewallState } from '../../src/agent/firewall/contract.ts';
import { SpoofGuard } from '../../src/agent/firewall/spoofing/spoof-guard.ts';
import { testState } from '../../src/agent/firewall/testing.ts';
import { FirewallStand, port } from '../support/firewall/stand.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { project } from '../support/programs.ts';

/** What agents leave in this kernel, and what takes it away. */
const groups = ['aaaaaaaa-2222-4333-8444-555555555555', 'bbbbbbbb-2222-4333-8444-555555555555'] as const;
const rules = Object.fromEntries(
  groups.map((id) => [id, [{ direction: 'ingress', ethertype: 'IPv4', remote_group_id: id }] as const]),
);
const members = Object.fromEntries(groups.map((id) => [id, { IPv4: [['10.0.0.77', null]] } as const]));
const lockPaths: string[] = [];

let lab: Lab;
let host: EmulatedHost;
let stand: FirewallStand;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());
beforeEach(async () => {
  host = await lab.addHost({ name: `host${lab.hosts.length}` });
  stand = await FirewallStand.open(host);
  await host.run(['iptables', '-A', 'FORWARD', '-i', 'docker0', '-j', 'ACCEPT']);
  await host.run(['ipset', 'create', 'NIPv4mine', 'hash:net']);
  return () => stand.close();
});

const linux = () => ({ ...stand.remote, exec: stand.exec, readNetwork: () => stand.remote.readNetwork() });
const everything = async () =>
  [await stand.saved(), await host.read(['ebtables-save']), await host.read(['ipset', 'list', '-n'])].join('\n');

/** An agent with these ports filters them. */
async function filter(ports: readonly FirewallPort[]): Promise<FirewallState> {
  const state = testState(ports, rules, members);
  for (const { tap } of ports) stand.taps.add(tap);
  for (const driver of [stand.driver(), new SpoofGuard({ host: linux() as never })])
    await driver.apply(state, stand.isThere);
  return state;
}

describe('when an agent goes for good', () => {
  it('nothing of it stays, and everything of others', async () => {
    const before = await everything();
    await filter([port({ groups: [groups[0]] })]);
    expect(await everything()).toMatch(/neutron-linuxbri-i.*neutronMAC-tap.*NIPv4aaaaaaaa-2222/s);
    stand.taps.clear();
    expect(await removeRules(linux() as never, { isThere: stand.isThere, lockPaths })).toEqual([
      'rules of security groups (iptables)',
      'rules against spoofing (ebtables)',
    ]);
    const left = await everything();
    expect(left).not.toMatch(/neutr|NIPv[46][0-9a-f]{8}-/);
    expect(left).toContain('-A FORWARD -i docker0 -j ACCEPT');
    expect(left).toContain('NIPv4mine');
    expect(left.match(/^-A.*$/gm)).toEqual(before.match(/^-A.*$/gm));
    expect(await removeRules(linux() as never, { isThere: stand.isThere, lockPaths })).toEqual([]);
  });

  it("another agent's ports stay filtered", async () => {
    const [ours, theirs] = [
      port({ groups: [groups[0]], bridge: 'brqaaaaaaaa-aa' }),
      port({ groups: [groups[1]], bridge: 'brqbbbbbbbb-bb' }),
    ];
    await filter([theirs]);
    // The order of jumps of the two kinds of rules means nothing.
    const sorted = async () =>
      (await everything())
        .split('\n')
        .filter((line) => !line.startsWith('#'))
        .sort();
    const alone = await sorted();
    await filter([ours]);
    const tap = ours.tap;
    expect(await everything()).toContain(tap);
    stand.taps.delete(tap);
    await removeRules(linux() as never, { isThere: stand.isThere, groups: [groups[0]], lockPaths });
    expect(await sorted()).toEqual(alone);
  });
});

describe('neutron-ipset-cleanup', () => {
  const run = (...words: string[]) =>
    host.read([`${project}/bin/neutron-ipset-cleanup`, ...words, '--config-file', '/dev/null']);

  it('removes sets of agents that no rule refers to, by force those in use too, and nobody else’s', async () => {
    await host.run(['mount', '-t', 'tmpfs', 'none', '/var/lib']);
    expect(await run()).toBe('there is no set of an agent on this host\n');
    await filter([port({ groups: [groups[0]] })]);
    const [used, unused] = ['NIPv4aaaaaaaa-2222-4333-8444-', 'NIPv6cccccccc-2222-4333-8444-'];
    await host.run(['ipset', 'create', unused, 'hash:net', 'family', 'inet6']);
    const chains = (text: string) => text.match(/^:neutron\S+/gm);
    const saved = await stand.saved();
    expect(await run()).toMatch(new RegExp(`^removed ${unused}\\n${used} stays: .*in use.* \\(--force\\)\\n$`));
    expect(await stand.saved()).toBe(saved);
    expect(await run('--force')).toBe(`removed ${used}\n`);
    expect(await host.read(['ipset', 'list', '-n'])).toBe('NIPv4mine\n');
    const after = await stand.saved();
    expect(after).not.toContain('match-set');
    expect(chains(after)).toEqual(chains(saved));
  });
});
