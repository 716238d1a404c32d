import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../lib/log.ts';
import { FakeFirewallHost } from './iptables/testing.ts';
import { makeFirewallDriver } from './registry.ts';

const setup = { exec: new FakeFirewallHost(), logger: silentLogger, lockPaths: [], sets: true, comments: true };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-firewall-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('firewall drivers', () => {
  it.each([
    ['iptables', 'iptables'],
    ['neutron.agent.linux.iptables_firewall.IptablesFirewallDriver', 'iptables'],
    ['neutron.agent.linux.iptables_firewall:IptablesFirewallDriver', 'iptables'],
    ['noop', 'noop'],
    ['', 'noop'],
    [null, 'noop'],
    ['neutron.agent.firewall.NoopFirewallDriver', 'noop'],
  ])('%j is %s', async (name, driver) => {
    expect((await makeFirewallDriver(name, setup)).name).toBe(driver);
  });

  it.each([
    ['iptables_hybrid', /is for the Open vSwitch agent; there are iptables, noop/],
    ['openvswitch', /is for the Open vSwitch agent/],
    ['neutron.agent.linux.iptables_firewall.OVSHybridIptablesFirewallDriver', /is for the Open vSwitch agent/],
    ['constructor', /'constructor' is not supported; there are iptables, noop, or a module's path/],
    ['/nowhere/firewall.mjs', /cannot be loaded/],
  ])('%j stops the start with one line', async (name, line) => {
    const error = await makeFirewallDriver(name, setup).catch((why: Error) => why);
    expect(error).toMatchObject({ section: 'securitygroup', option: 'firewall_driver' });
    expect((error as Error).message).toMatch(line);
    expect((error as Error).message).not.toContain('\n');
  });

  it('come from a module too, made for this contract', async () => {
    const path = join(folder, 'firewall.mjs');
    await writeFile(
      path,
      `export const contractVersion = 1; export const createFirewallDriver = () => ({ name: 'acme' });`,
    );
    expect((await makeFirewallDriver(path, setup)).name).toBe('acme');
    const old = join(folder, 'old.mjs');
    await writeFile(old, `export const contractVersion = 0;`);
    await expect(makeFirewallDriver(old, setup)).rejects.toThrow(/made for contract version 0; this agent has 1/);
    const empty = join(folder, 'empty.mjs');
    await writeFile(empty, `export const contractVersion = 1;`);
    await expect(makeFirewallDriver(empty, setup)).rejects.toThrow(/does not export createFirewallDriver/);
  });
});
