import { describe, expect, it } from 'vitest';
import { CommandFailed } from '../contract.ts';
import { FakeHost } from '../fake/host.ts';
import { cleanUpBridges } from './bridges.ts';
import { cleanUpNamespaces } from './namespaces.ts';

const id = '11111111-1111-4111-8111-111111111111';

describe('bridges', () => {
  function host(): FakeHost {
    const fake = new FakeHost();
    fake.root.give('brq11111111-11', { kind: 'bridge', addresses: ['10.0.0.2/24'] });
    fake.addNic('eth1', { master: 'brq11111111-11' });
    fake.root.give('brq22222222-22', { kind: 'bridge' });
    fake.addTap('tap22222222-22', { master: 'brq22222222-22' });
    fake.root.give('br-ex', { kind: 'bridge' });
    return fake;
  }
  const options = { nics: new Set(['eth1']), keep: new Set<string>(), force: false };

  it('removes empty ones of networks and gives the card its address', async () => {
    const fake = host();
    expect(await cleanUpBridges(fake, options)).toEqual({
      removed: ['brq11111111-11'],
      inUse: [{ name: 'brq22222222-22', taps: 1 }],
      failed: [],
    });
    expect(fake.print()).toBe(
      'br-ex bridge up mtu 1500\nbrq22222222-22 bridge up mtu 1500\n  tap22222222-22 tun down mtu 1500\neth1 up mtu 1500 10.0.0.2/24',
    );
  });

  it('goes on with the others where one cannot be removed', async () => {
    const fake = host();
    const leg = { kind: 'vlan', vlan: { link: 'eth1', vid: 6, protocol: '802.1Q' }, alias: `network:${id}` };
    fake.root.give('eth1.6', leg);
    fake.failOn(({ op }) => (op === 'add_address' ? 'No buffer space available' : null));
    expect(await cleanUpBridges(fake, { ...options, force: true })).toEqual({
      removed: ['brq22222222-22', 'eth1.6'],
      inUse: [],
      failed: [{ name: 'brq11111111-11', reason: expect.stringContaining('No buffer space available') }],
    });
  });

  it('removes legs with their bridge, and those that a crash left outside', async () => {
    const fake = host();
    const leg = { kind: 'vlan', master: 'brq33333333-33', vlan: { link: 'eth1', vid: 5, protocol: '802.1Q' } };
    fake.root.give('brq33333333-33', { kind: 'bridge' });
    fake.root.give('eth1.5', leg);
    fake.root.give('eth1.6', { ...leg, master: null, vlan: { ...leg.vlan, vid: 6 }, alias: `network:${id}` });
    fake.root.give('eth1.7', { ...leg, master: null, vlan: { ...leg.vlan, vid: 7 } });
    expect((await cleanUpBridges(fake, options)).removed).toEqual([
      'brq11111111-11',
      'eth1.5',
      'brq33333333-33',
      'eth1.6',
    ]);
    expect(fake.root.has('eth1.7')).toBe(true);
  });

  it('keeps a VLAN device of the host that gets its address back', async () => {
    const fake = host();
    fake.root.give('brq33333333-33', { kind: 'bridge', addresses: ['10.5.0.2/24'] });
    const vlan = { link: 'eth1', vid: 5, protocol: '802.1Q' };
    fake.root.give('eth1.5', { kind: 'vlan', master: 'brq33333333-33', vlan });
    await cleanUpBridges(fake, options);
    expect(fake.print()).toContain('eth1.5 vlan up mtu 1500 10.5.0.2/24');
  });

  it('removes those with taps by force, and never those to keep', async () => {
    const fake = host();
    const keep = new Set(['brq11111111-11']);
    expect(await cleanUpBridges(fake, { ...options, keep, force: true })).toEqual({
      removed: ['brq22222222-22'],
      inUse: [],
      failed: [],
    });
    expect(fake.root.has('tap22222222-22')).toBe(true);
  });

  it('gives the address to the card even when the configuration names another', async () => {
    const fake = host();
    await cleanUpBridges(fake, { ...options, nics: new Set(['eth9']) });
    expect(fake.print()).toContain('eth1 up mtu 1500 10.0.0.2/24');
  });
});

describe('namespaces', () => {
  it('removes those that are empty and an agent made', async () => {
    const fake = new FakeHost();
    for (const name of [`qdhcp-${id}`, `qrouter-${id}`, `snat-${id}`, 'qdhcp-mine', id]) await fake.ensureNetns(name);
    fake.namespace(`qrouter-${id}`).give('qr-1', { kind: 'veth' });
    expect(await cleanUpNamespaces(fake, { force: false })).toEqual({
      removed: [`qdhcp-${id}`, `snat-${id}`],
      inUse: [`qrouter-${id}`],
      failed: [],
    });
    expect(await fake.listNetns()).toEqual([id, 'qdhcp-mine', `qrouter-${id}`]);
  });

  it('keeps one that cannot be looked at, and removes one whose mount is gone', async () => {
    const fake = new FakeHost();
    const gone = `qrouter-${id}`;
    for (const name of [`qdhcp-${id}`, gone]) await fake.ensureNetns(name);
    fake.readNetwork = async (netns) => {
      const argv = ['ip', '-n', netns!];
      const stderr = `setting the network namespace "${netns}" failed: Invalid argument\n`;
      throw netns === gone
        ? new CommandFailed({ argv, code: 255, stderr })
        : new CommandFailed({ argv, code: null, stderr: '', why: 'no end after 60000 ms' });
    };
    expect(await cleanUpNamespaces(fake, { force: false })).toMatchObject({
      removed: [gone],
      inUse: [],
      failed: [{ name: `qdhcp-${id}`, reason: expect.stringContaining('no end after 60000 ms') }],
    });
    expect(await fake.listNetns()).toEqual([`qdhcp-${id}`]);
  });

  it('goes on with the others where one cannot be removed', async () => {
    const fake = new FakeHost();
    for (const name of [`qdhcp-${id}`, `qrouter-${id}`]) await fake.ensureNetns(name);
    const removeNetns = fake.removeNetns.bind(fake);
    fake.removeNetns = async (name) => {
      if (name.startsWith('qdhcp-')) throw new Error('Device or resource busy');
      await removeNetns(name);
    };
    expect(await cleanUpNamespaces(fake, { force: true })).toEqual({
      removed: [`qrouter-${id}`],
      inUse: [],
      failed: [{ name: `qdhcp-${id}`, reason: 'Device or resource busy' }],
    });
  });

  it('looks at one kind of agent only when asked', async () => {
    const fake = new FakeHost();
    for (const name of [`qdhcp-${id}`, `qrouter-${id}`]) await fake.ensureNetns(name);
    expect((await cleanUpNamespaces(fake, { force: true, agentKind: 'l3' })).removed).toEqual([`qrouter-${id}`]);
  });
});
