import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allocations } from '../../db/write/allocations.ts';
import type { Network } from '../../resources/shapes.ts';
import { all, createFixture, type Fixture, failure } from '../fixture.ts';

let f: Fixture;
beforeEach(async () => {
  f = await createFixture({
    ml2: { tenant_network_types: ['vlan', 'vxlan'] },
    vlan: { network_vlan_ranges: ['physnet1:10:12', 'physnet2'] },
    vxlan: { vni_ranges: ['1:3', '100:101'] },
    gre: { tunnel_id_ranges: ['1:1000'] },
    core: { global_physnet_mtu: 9000 },
  });
});
afterEach(() => f[Symbol.asyncDispose]());

const provider = (type: string, physical?: string | null, id?: number) => ({
  'provider:network_type': type,
  ...(physical !== undefined && { 'provider:physical_network': physical }),
  ...(id !== undefined && { 'provider:segmentation_id': id }),
});
const idOf = (network: Network) => network['provider:segmentation_id'];
const refusal = (text: string) => ({ type: 'InvalidInput', message: `Invalid input for operation: ${text}.` });

describe('a network that names no segment', () => {
  it('gets one of the first type that has any, each id once, and the next type when all are taken', async () => {
    await using small = await createFixture({
      ml2: { tenant_network_types: ['vlan', 'vxlan'] },
      vlan: { network_vlan_ranges: ['physnet1:10:12', 'physnet2:20:20'] },
      vxlan: { vni_ranges: ['1:3', '100:101'] },
    });
    const made: Network[] = [];
    for (let i = 0; i < 9; i++) made.push(await small.network());
    const ids = (type: string) =>
      made.filter((network) => network['provider:network_type'] === type).map((network) => idOf(network)!);
    expect(made.slice(0, 4).map((network) => network['provider:network_type'])).toEqual(Array(4).fill('vlan'));
    expect(made.slice(0, 4).map((network) => network['provider:physical_network'])).toEqual([
      ...Array(3).fill('physnet1'),
      'physnet2',
    ]);
    expect(ids('vlan').toSorted((a, b) => a - b)).toEqual([10, 11, 12, 20]);
    expect(ids('vxlan').toSorted((a, b) => a - b)).toEqual([1, 2, 3, 100, 101]);
    expect(await failure(small.network())).toEqual({
      type: 'NoNetworkAvailable',
      message: 'Unable to create the network. No tenant network is available for allocation.',
    });
    await small.plugin.collections.networks.delete!(small.context, made[1]!.id);
    expect(idOf(await small.network())).toBe(idOf(made[1]!));
  });

  it('leaves no id taken when it cannot be made', async () => {
    const refused = await failure(f.network({ mtu: 20_000 }));
    expect(refused.type).toBe('InvalidInput');
    expect(await allocations.vlan.takenIn(f.database.db, 1, 4094, ['physnet1'])).toEqual(new Map([['physnet1', []]]));
  });
});

describe('a network that names its segment', () => {
  it('may be outside the ranges, and has it alone', async () => {
    const outside = await f.network(provider('vlan', 'physnet1', 4000));
    expect(outside).toMatchObject(provider('vlan', 'physnet1', 4000));
    expect(await failure(f.network(provider('vlan', 'physnet1', 4000)))).toEqual({
      type: 'VlanIdInUse',
      message: 'Unable to create the network. The VLAN 4000 on physical network physnet1 is in use.',
    });
    await f.network(provider('vlan', 'physnet2', 4000));
    await f.network(provider('vxlan', null, 16_777_215));
    expect(await failure(f.network(provider('vxlan', undefined, 16_777_215)))).toEqual({
      type: 'TunnelIdInUse',
      message: 'Unable to create the network. The tunnel ID 16777215 is in use.',
    });
    // Each type counts for itself.
    await f.network(provider('geneve', null, 16_777_215));
    await f.network(provider('gre', null, 4_294_967_295));
    await f.plugin.collections.networks.delete!(f.context, outside.id);
    await f.network(provider('vlan', 'physnet1', 4000));
  });

  it('gets any id of the type, or of the physical network, when it names none', async () => {
    expect(idOf(await f.network(provider('vlan', 'physnet2')))).toBeGreaterThanOrEqual(1);
    const anywhere = await f.network(provider('vlan'));
    expect(anywhere['provider:physical_network']).toBe('physnet1');
    expect([1, 2, 3, 100, 101]).toContain(idOf(await f.network(provider('vxlan'))));
    for (let i = 0; i < 2; i++) await f.network(provider('vlan', 'physnet1'));
    expect((await failure(f.network(provider('vlan', 'physnet1')))).type).toBe('NoNetworkAvailable');
    expect((await failure(f.network(provider('geneve')))).type).toBe('NoNetworkAvailable');
  });

  it.each<[object, string]>([
    [provider('vlan', 'physnet1', 4095), 'segmentation_id out of range (1 through 4094)'],
    [provider('vlan', 'physnet1', -1), 'segmentation_id out of range (1 through 4094)'],
    [provider('vlan', 'physnet3', 5), "physical_network 'physnet3' unknown for VLAN provider network"],
    [provider('vlan', null, 5), 'segmentation_id requires physical_network for VLAN provider network'],
    [provider('vxlan', 'physnet1', 5), 'provider:physical_network specified for vxlan network'],
    [provider('vxlan', null, 16_777_216), 'segmentation_id out of range (1 through 16777215)'],
    [provider('gre', null, 4_294_967_296), 'segmentation_id out of range (1 through 4294967295)'],
  ])('is refused: %j', async (input, text) => {
    expect(await failure(f.network(input as Record<string, unknown>))).toEqual(refusal(text));
  });
});

describe('the MTU', () => {
  it.each<[string, number]>([
    ['vlan', 9000],
    ['vxlan', 8950],
    ['gre', 8958],
    ['geneve', 8950],
  ])('of a %s network leaves room for what carries it', async (type, mtu) => {
    const network = await f.network(provider(type, type === 'vlan' ? 'physnet1' : null, 7));
    expect(network.mtu).toBe(mtu);
    expect(await failure(f.network({ ...provider(type), mtu: mtu + 1 }))).toMatchObject(
      type === 'geneve' ? { type: 'NoNetworkAvailable' } : refusal(`Requested MTU is too big, maximum is ${mtu}`),
    );
  });

  it('goes by path_mtu, the underlay’s IP version and the options of Geneve', async () => {
    await using other = await createFixture({
      ml2: { path_mtu: 1600, overlay_ip_version: 6, physical_network_mtus: ['physnet1:1400'] },
      core: { global_physnet_mtu: 9000 },
      vlan: { network_vlan_ranges: ['physnet1'] },
      geneve: { max_header_size: 38 },
    });
    const mtuOf = async (...of: Parameters<typeof provider>) => (await other.network(provider(...of))).mtu;
    expect(await mtuOf('vxlan', null, 1)).toBe(1600 - 40 - 30);
    expect(await mtuOf('gre', null, 1)).toBe(1600 - 40 - 22);
    expect(await mtuOf('geneve', null, 1)).toBe(1600 - 40 - 38);
    expect(await mtuOf('vlan', 'physnet1', 1)).toBe(1400);
  });
});

describe('a network of several segments', () => {
  const segments = [provider('vlan', 'physnet1', 100), provider('vxlan', null, 5000)];

  it('shows them all, and none as the one', async () => {
    const { is_default: _, ...network } = await f.network({ segments });
    expect(network.segments).toEqual([
      provider('vlan', 'physnet1', 100),
      { ...provider('vxlan', null, 5000), 'provider:physical_network': null },
    ]);
    expect(Object.keys(network).filter((key) => key.startsWith('provider:'))).toEqual([]);
    expect(network.mtu).toBe(8950);
    const listed = await all(f.plugin.collections.networks, { filters: { 'provider:segmentation_id': [5000] } });
    expect(listed).toEqual([network]);
    await f.plugin.collections.networks.delete!(f.context, network.id);
    await f.network({ segments });
  });

  it('of one is like any other', async () => {
    expect(await f.network({ segments: [segments[0]] })).toMatchObject(segments[0]!);
    const none = await f.network({ segments: [] });
    expect(none['provider:network_type']).toBe('vlan');
  });

  it.each<[object, string, RegExp]>([
    [
      { segments, ...provider('gre') },
      'SegmentsSetInConjunctionWithProviders',
      /^Segments and provider values cannot both be set\.$/,
    ],
    [
      { segments: [segments[0], segments[0]] },
      'SegmentsContainDuplicateEntry',
      /^Duplicate segment entry in request\.$/,
    ],
    [{ segments: [{ 'provider:segmentation_id': 7 }] }, 'InvalidInput', /: network_type required\.$/],
  ])('is refused: %j', async (input, type, message) => {
    const found = await failure(f.network(input as Record<string, unknown>));
    expect(found.type).toBe(type);
    expect(found.message).toMatch(message);
  });

  it('takes none of them when one is taken', async () => {
    await f.network(provider('vxlan', null, 5000));
    expect((await failure(f.network({ segments }))).type).toBe('TunnelIdInUse');
    expect(await allocations.vlan.takenIn(f.database.db, 1, 4094, ['physnet1'])).toEqual(new Map([['physnet1', []]]));
  });
});

describe('another segmentation id', () => {
  const change = (id: string, segmentation_id: number) =>
    f.plugin.collections.networks.update!(f.context, id, { 'provider:segmentation_id': segmentation_id });

  it('is taken, and the old one free again', async () => {
    const { id } = await f.network(provider('vlan', 'physnet1', 100));
    expect(await change(id, 200)).toMatchObject({ 'provider:segmentation_id': 200, revision_number: 2 });
    await f.network(provider('vlan', 'physnet1', 100));
    expect((await failure(change(id, 100))).type).toBe('VlanIdInUse');
    expect(await change(id, 200)).toMatchObject({ revision_number: 2 });
    expect(await failure(change(id, 4095))).toEqual(refusal('segmentation_id out of range (1 through 4094)'));
  });

  it('is refused to networks that are no VLAN, or several', async () => {
    const tunnel = await f.network(provider('vxlan', null, 5));
    expect(await failure(change(tunnel.id, 6))).toEqual(refusal('Only VLAN type networks can be updated.'));
    const several = await f.network({ segments: [provider('vlan', 'physnet1', 8), provider('vlan', 'physnet2', 8)] });
    expect(await failure(change(several.id, 9))).toEqual(
      refusal('Provider network attributes can be updated only in provider networks with a single segment.'),
    );
  });

  it('is refused while ports are wired, as the Linux bridge cannot follow', async () => {
    await f.bridgeAgent('host1', { bridge_mappings: { physnet1: 'br1' } });
    const { id } = await f.network(provider('vlan', 'physnet1', 100));
    await f.port(id, { 'binding:host_id': 'nowhere' });
    await change(id, 101);
    await f.port(id, { 'binding:host_id': 'host1' });
    expect(await failure(change(id, 102))).toEqual(
      refusal(
        'Provider network attribute provider:segmentation_id cannot be updated if any port in the network has not the following binding:vif_type: unbound, binding_failed',
      ),
    );
  });

  it('is all that may change', async () => {
    const { networks } = f.plugin.collections;
    const { is_default: _, ...made } = await f.network(provider('vlan', 'physnet1', 100));
    expect(await networks.update!(f.context, made.id, provider('vlan', 'physnet1', 100))).toEqual(made);
    expect(await failure(networks.update!(f.context, made.id, provider('vlan', 'physnet2', 100)))).toEqual(
      refusal(
        'Plugin does not support updating the following provider network attributes: provider:network_type, provider:physical_network',
      ),
    );
  });
});
