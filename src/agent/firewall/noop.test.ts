import { describe, expect, it } from 'vitest';
import { IptablesFirewall } from './iptables/driver.ts';
import { FakeFirewallHost } from './iptables/testing.ts';
import { NoopFirewall } from './noop.ts';
import { testPort, testState } from './testing.ts';

const settings = { read: async () => '1', write: async () => {} };
const everywhere = () => true;
const G = 'aaaaaaaa-2222-4333-8444-555555555555';
const groups = { [G]: [{ direction: 'ingress', ethertype: 'IPv4', remote_group_id: G }] } as const;
const members = { [G]: { IPv4: [['10.0.0.1', null]] } } as const;

/** A host on which an agent filtered these ports. */
async function filtered(...numbers: number[]): Promise<FakeFirewallHost> {
  const host = new FakeFirewallHost();
  const ports = numbers.map((n) => testPort(n, { groups: [G] }));
  await new IptablesFirewall({ exec: host, settings }).apply(testState(ports, groups, members), everywhere);
  host.takeWrites();
  return host;
}

describe('the noop driver', () => {
  it('takes away what an earlier agent made, and no more', async () => {
    const host = await filtered(1, 2);
    host[4].tables.get('filter')!.get('FORWARD')!.push('-j DOCKER');
    const driver = new NoopFirewall({ exec: host });
    const state = testState([testPort(1), testPort(2)]);
    expect((await driver.plan(state, everywhere)).length).toBeGreaterThan(10);
    expect(host.takeWrites()).toEqual([]);
    await driver.apply(state, everywhere);
    expect([...host[4].tables.get('filter')!]).toEqual([
      ['INPUT', []],
      ['FORWARD', ['-j DOCKER']],
      ['OUTPUT', []],
    ]);
    expect([...host[6].tables.get('raw')!.keys()]).toEqual(['PREROUTING', 'OUTPUT']);
    expect(host.sets.size).toBe(0);
    host.takeWrites();
    await driver.apply(state, everywhere);
    driver.distrust();
    await driver.apply(state, everywhere);
    expect(host.takeWrites()).toEqual([]);
  });

  it('lets its ports through by name where another instance filters its own', async () => {
    const host = await filtered(1, 2);
    const driver = new NoopFirewall({ exec: host });
    await driver.apply(testState([testPort(1)]), everywhere);
    const filter = host[4].tables.get('filter')!;
    expect(filter.has('neutron-linuxbri-i00000002-a')).toBe(true);
    expect(filter.has('neutron-linuxbri-i00000001-a')).toBe(false);
    const forward = filter.get('neutron-linuxbri-FORWARD')!.filter((body) => body.includes('tap00000001'));
    expect(forward.map((body) => body.slice(-9))).toEqual(['-j ACCEPT', '-j ACCEPT']);
    // One more port of its own.
    await driver.apply(testState([testPort(1), testPort(3)]), everywhere);
    expect(filter).not.toBe(host[4].tables.get('filter'));
    expect(JSON.stringify([...host[4].tables.get('filter')!])).toContain('tap00000003');
  });

  it('does nothing on a host that was never filtered, or cannot be', async () => {
    const host = new FakeFirewallHost();
    await new NoopFirewall({ exec: host }).apply(testState([testPort(1)]), everywhere);
    host.breaks = () => ({ code: 1, stderr: 'not installed' });
    await new NoopFirewall({ exec: host }).apply(testState([testPort(1)]), everywhere);
    expect(host.takeWrites()).toEqual([]);
  });
});
