import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFixture, type Fixture, failure, type Options } from '../fixture.ts';

const starting = (options: Options) => failure(createFixture(options));

describe('drivers', () => {
  it.each<[Options, string]>([
    [
      { ml2: { mechanism_drivers: ['openvswitch'] } },
      "[ml2] mechanism_drivers: 'openvswitch' is for another kind of host and is not part of this server; there are linuxbridge, l2population, logger, noop",
    ],
    [
      { ml2: { type_drivers: ['local', 'frob'] } },
      "[ml2] type_drivers: 'frob' is not supported; there are local, flat, vlan, vxlan, gre, geneve, or a module's path",
    ],
    [
      { ml2: { type_drivers: ['flat'], tenant_network_types: ['local'] } },
      "[ml2] tenant_network_types: no driver for 'local' among type_drivers",
    ],
    [
      { ml2: { mechanism_drivers: ['/no/such/driver.js'] } },
      '[ml2] mechanism_drivers: /no/such/driver.js: cannot be loaded: Cannot find module',
    ],
  ])('%j stops the start with one line', async (options, message) => {
    const { type, message: found } = await starting(options);
    expect({ type, found }).toEqual({ type: 'DriverConfigurationError', found: expect.stringContaining(message) });
    expect(found).not.toContain('\n');
  });

  it('are known by upstream’s class paths too', async () => {
    await using f = await createFixture({
      ml2: {
        type_drivers: ['neutron.plugins.ml2.drivers.type_flat.FlatTypeDriver', 'local'],
        mechanism_drivers: [
          'neutron.plugins.ml2.drivers.linuxbridge.mech_driver.mech_linuxbridge.LinuxbridgeMechanismDriver',
        ],
        extension_drivers: [
          'neutron.plugins.ml2.extensions.port_security.PortSecurityExtensionDriver',
          'neutron.plugins.ml2.extensions.dns_integration.DNSDomainPortsExtensionDriver',
        ],
      },
    });
    expect([...f.plugin.extensions]).toEqual(expect.arrayContaining(['port-security', 'dns-domain-ports']));
  });
});

describe('VLANs of the guests’ own', () => {
  it('are for networks whose every driver passes them, and where the operator allows it', async () => {
    const listed = async (options: Options) => {
      await using f = await createFixture(options);
      return f.plugin.extensions.has('vlan-transparent');
    };
    expect(await listed({})).toBe(false);
    expect(await listed({ core: { vlan_transparent: true } })).toBe(true);
    const mechanism_drivers = ['linuxbridge', 'noop'];
    expect(await listed({ core: { vlan_transparent: true }, ml2: { mechanism_drivers } })).toBe(false);
    await using f = await createFixture({ core: { vlan_transparent: true } });
    expect(await f.network({ vlan_transparent: true })).toMatchObject({ vlan_transparent: true });
  });
});

describe('a driver from outside', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neutrino-driver-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function driver(text: string): Promise<string> {
    const path = join(folder, 'driver.mjs');
    await writeFile(path, text);
    return path;
  }

  it('takes part like the built-in ones, and binds what they do not', async () => {
    const path = await driver(`
      export const contractVersion = 1;
      export const calls = [];
      export function createMechanismDriver({ options }) {
        return {
          name: 'outside', agentType: null, supportedVnicTypes: ['direct'], connectivity: 'l2',
          async initialize() { calls.push('initialize ' + options.core.global_physnet_mtu); },
          async bindPort(request) {
            calls.push('bind ' + request.host + ' ' + request.segments.length);
            if (request.vnic_type !== 'direct') return null;
            return { segment_id: request.segments[0].id, vif_type: 'other', vif_details: { a: 1 }, status: 'ACTIVE' };
          },
          async createPortPrecommit(tx, change) { calls.push('precommit ' + change.network.name); },
          async createPortPostcommit(change) { calls.push('postcommit ' + change.current.name); },
        };
      }`);
    await using f = await createFixture({ ml2: { mechanism_drivers: ['linuxbridge', path] } });
    const network = await f.network({ name: 'n' });
    const port = await f.port(network.id, { name: 'p', 'binding:host_id': 'far', 'binding:vnic_type': 'direct' });
    expect(port).toMatchObject({ 'binding:vif_type': 'other', 'binding:vif_details': { a: 1 } });
    const shown = await f.plugin.collections.ports.get(f.context, port.id);
    expect(shown).toMatchObject({ status: 'ACTIVE', 'binding:vif_details': { a: 1, bound_drivers: { 0: 'outside' } } });
    const { calls } = await import(path);
    expect(calls).toEqual(['initialize 1500', 'precommit n', 'postcommit p', 'bind far 1']);
  });

  it('undoes everything when it fails before the commit, and deletes what it could not make after', async () => {
    const path = await driver(`
      export const contractVersion = 1;
      export function createMechanismDriver() {
        return {
          name: 'broken', agentType: null, supportedVnicTypes: [], connectivity: 'l2',
          async initialize() {},
          async createNetworkPrecommit(tx, { current }) { if (current.name === 'before') throw new Error('no'); },
          async createNetworkPostcommit({ current }) { if (current.name === 'after') throw new Error('no'); },
        };
      }`);
    await using f = await createFixture({ ml2: { mechanism_drivers: [path] } });
    expect((await failure(f.network({ name: 'before' }))).message).toBe('no');
    expect(await failure(f.network({ name: 'after' }))).toEqual({
      type: 'MechanismDriverError',
      message: 'create_network_postcommit failed.',
    });
    await f.network({ name: 'good' });
    const query = { filters: {}, fields: null, sorts: [], limit: null, marker: null, pageReverse: false };
    const page = await f.plugin.collections.networks.list(f.context, query);
    expect(page.items!.map(({ name }) => name)).toEqual(['good']);
  });

  it.each([
    ['export const contractVersion = 2;', 'is made for contract version 2; this server has 1'],
    ['export const contractVersion = 1;', 'does not export createMechanismDriver'],
  ])('is refused when it is made for something else', async (text, reason) => {
    const path = await driver(text);
    expect((await starting({ ml2: { mechanism_drivers: [path] } })).message).toBe(
      `[ml2] mechanism_drivers: ${path}: ${reason}`,
    );
  });
});

describe('binding', () => {
  let f: Fixture;
  beforeEach(async () => {
    f = await createFixture({ flat: { flat_networks: ['*'] } });
  });
  afterEach(() => f[Symbol.asyncDispose]());

  const flat = (physical: string) => ({ 'provider:network_type': 'flat', 'provider:physical_network': physical });
  const on = (host: string) => ({ 'binding:host_id': host, device_owner: 'compute:nova' });
  const shown = (id: string) => f.plugin.collections.ports.get(f.context, id);

  it('answers at once, and shows driver and revision afterwards', async () => {
    await f.bridgeAgent();
    const port = await f.port((await f.network()).id, on('host1'));
    expect(port).toMatchObject({
      status: 'DOWN',
      revision_number: 1,
      'binding:host_id': 'host1',
      'binding:vif_type': 'bridge',
      'binding:vif_details': { connectivity: 'l2', port_filter: false },
    });
    expect(await shown(port.id)).toMatchObject({
      revision_number: 2,
      'binding:vif_details': { connectivity: 'l2', port_filter: false, bound_drivers: { 0: 'linuxbridge' } },
    });
  });

  it('tells that ports are filtered when groups are on', async () => {
    await using filtered = await createFixture({ securityGroup: { enable_security_group: true } });
    await filtered.bridgeAgent();
    const port = await filtered.port((await filtered.network()).id, on('host1'));
    expect(port['binding:vif_details']).toEqual({ connectivity: 'l2', port_filter: true });
  });

  it.each<[string, () => Promise<unknown>, object, object]>([
    ['no agent on the host', async () => {}, {}, on('host1')],
    ['an agent on another host', () => f.bridgeAgent('host2'), {}, on('host1')],
    [
      'an agent that is dead',
      async () => {
        await f.bridgeAgent();
        f.clock.nowMs += 76_000;
      },
      {},
      on('host1'),
    ],
    ['an agent without the physical network', () => f.bridgeAgent(), flat('other'), on('host1')],
    ['another kind of card', () => f.bridgeAgent(), {}, { ...on('host1'), 'binding:vnic_type': 'direct' }],
  ])('fails with %s', async (_, prepare, networkInput, portInput) => {
    await prepare();
    const network = await f.network(networkInput as Record<string, unknown>);
    const port = await f.port(network.id, portInput as Record<string, unknown>);
    expect(port).toMatchObject({ 'binding:vif_type': 'binding_failed', 'binding:vif_details': {}, status: 'DOWN' });
  });

  describe('on what an agent can wire', () => {
    const provider = (type: string, physical: string | null, id: number) => ({
      'provider:network_type': type,
      'provider:physical_network': physical,
      'provider:segmentation_id': id,
    });
    const mapped = { bridge_mappings: { physnet1: 'br1' } };
    let g: Fixture;
    beforeEach(async () => {
      g = await createFixture({ vlan: { network_vlan_ranges: ['physnet1', 'physnet2'] } });
    });
    afterEach(() => g[Symbol.asyncDispose]());

    it.each<[string, object, Record<string, unknown>, string]>([
      ['a VLAN on a physical network of its', provider('vlan', 'physnet1', 5), mapped, 'bridge'],
      ['no VLAN elsewhere', provider('vlan', 'physnet2', 5), mapped, 'binding_failed'],
      [
        'no VLAN when it says so',
        provider('vlan', 'physnet1', 5),
        { ...mapped, network_types: ['flat'] },
        'binding_failed',
      ],
      ['VXLAN', provider('vxlan', null, 5), { tunnel_types: ['vxlan'] }, 'bridge'],
      ['no VXLAN without tunnels', provider('vxlan', null, 5), { tunnel_types: [] }, 'binding_failed'],
      ['no GRE', provider('gre', null, 5), { tunnel_types: ['vxlan'] }, 'binding_failed'],
    ])('binds %s', async (_, network, configurations, vifType) => {
      await g.bridgeAgent('host1', configurations);
      const port = await g.port((await g.network(network as Record<string, unknown>)).id, on('host1'));
      expect(port['binding:vif_type']).toBe(vifType);
      if (vifType === 'binding_failed') return;
      const details = await g.ask('get_device_details', { device: `tap${port.id.slice(0, 11)}`, host: 'host1' });
      expect(details).toMatchObject(
        Object.fromEntries(Object.entries(network).map(([key, value]) => [key.replace('provider:', ''), value])),
      );
    });

    it('takes the segment of several that the host reaches, and tells the agent which', async () => {
      await g.bridgeAgent('host1', { bridge_mappings: { physnet2: 'br2' }, tunnel_types: [] });
      const segments = [provider('vxlan', null, 7), provider('vlan', 'physnet1', 5), provider('vlan', 'physnet2', 6)];
      const network = await g.network({ segments });
      const port = await g.port(network.id, on('host1'));
      const wired = { network_type: 'vlan', physical_network: 'physnet2', segmentation_id: 6 };
      const device = `tap${port.id.slice(0, 11)}`;
      expect(await g.ask('get_device_details', { device, host: 'host1' })).toMatchObject(wired);
      await g.told();
      await g.plugin.collections.ports.update!(g.context, port.id, { admin_state_up: false });
      const [update] = (await g.told()).filter(({ method }) => method === 'port_update');
      expect(update!.args).toMatchObject(wired);
    });
  });

  it('is tried again by the next update, once there is an agent', async () => {
    const port = await f.port((await f.network(flat('public'))).id, on('host1'));
    expect(port['binding:vif_type']).toBe('binding_failed');
    await f.bridgeAgent('host1', { bridge_mappings: { public: 'br-public' } });
    const updated = await f.plugin.collections.ports.update!(f.context, port.id, { name: 'again' });
    expect(updated['binding:vif_type']).toBe('bridge');
  });

  it('is tried again when the agent of the host appears', async () => {
    const port = await f.port((await f.network(flat('public'))).id, on('host1'));
    const elsewhere = await f.port((await f.network()).id, on('host2'));
    await f.told();
    await f.bridgeAgent();
    expect((await f.told()).map(({ method, args }) => [method, args.port.id])).toEqual([['port_update', port.id]]);
    expect((await shown(port.id))['binding:vif_type']).toBe('bridge');
    expect((await shown(elsewhere.id))['binding:vif_type']).toBe('binding_failed');
  });

  it('follows the host, and is undone without one', async () => {
    await f.bridgeAgent('host1');
    await f.bridgeAgent('host2');
    const port = await f.port((await f.network()).id, on('host1'));
    await f.ask('update_device_up', { device: `tap${port.id.slice(0, 11)}`, agent_id: 'lb', host: 'host1' });
    expect((await shown(port.id)).status).toBe('ACTIVE');
    const { ports } = f.plugin.collections;
    const moved = await ports.update!(f.context, port.id, { 'binding:host_id': 'host2' });
    expect(moved).toMatchObject({ status: 'DOWN', 'binding:host_id': 'host2', 'binding:vif_type': 'bridge' });
    const nowhere = await ports.update!(f.context, port.id, { 'binding:host_id': 'nohost' });
    expect(nowhere).toMatchObject({ 'binding:vif_type': 'binding_failed', 'binding:vif_details': {} });
    const off = await ports.update!(f.context, port.id, { 'binding:host_id': null });
    expect(off).toMatchObject({ 'binding:host_id': '', 'binding:vif_type': 'unbound' });
  });

  it('does not overwrite a binding that changed while drivers thought', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'neutrino-driver-'));
    const path = join(folder, 'slow.mjs');
    await writeFile(
      path,
      `export const contractVersion = 1;
       export const state = { meanwhile: null, asked: [] };
       export const createMechanismDriver = () => ({
         name: 'slow', agentType: null, supportedVnicTypes: ['normal'], connectivity: 'l2', async initialize() {},
         async bindPort({ host, segments }) {
           state.asked.push(host);
           const { meanwhile } = state;
           state.meanwhile = null;
           await meanwhile?.();
           return { segment_id: segments[0].id, vif_type: 'other', vif_details: { host }, status: null };
         },
       });`,
    );
    await using slow = await createFixture({ ml2: { mechanism_drivers: [path] } });
    const { state } = await import(path);
    const port = await slow.port((await slow.network()).id);
    const { ports } = slow.plugin.collections;
    state.meanwhile = () => ports.update!(slow.context, port.id, { 'binding:host_id': 'second' });
    await ports.update!(slow.context, port.id, { 'binding:host_id': 'first' });
    const result = await ports.get(slow.context, port.id);
    expect(state.asked).toEqual(['first', 'second']);
    expect(result).toMatchObject({ 'binding:host_id': 'second', 'binding:vif_details': { host: 'second' } });
    await rm(folder, { recursive: true });
  });
});
