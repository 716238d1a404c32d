import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostsOfSegments } from '../../db/write/segment-hosts.ts';
import type { Collection } from '../contract.ts';
import { all, createFixture, type Fixture, failure } from '../fixture.ts';
import type { Segment } from './segments.ts';

let f: Fixture;
let segments: Required<Collection<Segment>>;
beforeEach(async () => {
  f = await createFixture({
    service: { service_plugins: ['segments'] },
    vlan: { network_vlan_ranges: ['physnet1', 'physnet2'] },
    vxlan: { vni_ranges: ['1:1000'] },
  });
  segments = f.plugin.collections.segments as Required<Collection<Segment>>;
});
afterEach(() => f[Symbol.asyncDispose]());

const provider = (type: string, physical: string | null, id: number) => ({
  'provider:network_type': type,
  'provider:physical_network': physical,
  'provider:segmentation_id': id,
});
const vlan = (network_id: string, physical_network: string, segmentation_id?: number) => ({
  network_id,
  network_type: 'vlan',
  physical_network,
  segmentation_id,
});
const network = () => f.network(provider('vlan', 'physnet1', 10));
const show = (id: string) => f.plugin.collections.networks.get(f.context, id);
const hostsOf = async (id: string) => (await hostsOfSegments(f.database.db, [id])).get(id) ?? [];

describe('the plugin', () => {
  it('is there only when the configuration names it', async () => {
    await using bare = await createFixture();
    expect(bare.plugin.collections.segments).toBeUndefined();
    expect(bare.plugin.extensions.has('segment')).toBe(false);
    expect(await bare.network()).not.toHaveProperty('l2_adjacency');
    for (const alias of ['segment', 'l2_adjacency', 'ip_allocation', 'standard-attr-segment']) {
      expect(f.plugin.extensions.has(alias)).toBe(true);
    }
  });
});

describe('a segment', () => {
  it('comes with its network, and is shown', async () => {
    const { id, created_at } = await network();
    expect(await all(segments)).toEqual([
      {
        id: expect.any(String),
        network_id: id,
        name: null,
        description: null,
        network_type: 'vlan',
        physical_network: 'physnet1',
        segmentation_id: 10,
        created_at,
        updated_at: created_at,
        revision_number: 0,
      },
    ]);
  });

  it('is added to a network, which then has several, and taken away', async () => {
    const { id, revision_number } = await network();
    const added = await segments.create(f.context, { ...vlan(id, 'physnet2', 20), name: 'rack 2' });
    expect(added).toMatchObject({ ...vlan(id, 'physnet2', 20), name: 'rack 2', revision_number: 0 });
    const several = await show(id);
    expect(several.segments).toEqual([provider('vlan', 'physnet1', 10), provider('vlan', 'physnet2', 20)]);
    expect(several.revision_number).toBe(revision_number + 1);
    expect(await failure(f.network(provider('vlan', 'physnet2', 20)))).toMatchObject({ type: 'VlanIdInUse' });
    await segments.delete(f.context, added.id);
    expect(await show(id)).toMatchObject(provider('vlan', 'physnet1', 10));
    await f.network(provider('vlan', 'physnet2', 20));
  });

  it('gets any id when it names none', async () => {
    const { id } = await network();
    const tunnel = await segments.create(f.context, {
      network_id: id,
      network_type: 'vlan',
      physical_network: 'physnet2',
    });
    expect(tunnel.segmentation_id).toBeGreaterThan(0);
  });

  it('can be renamed', async () => {
    await network();
    const [segment] = (await all(segments)) as [Segment];
    f.clock.nowMs += 5_000;
    const renamed = await segments.update(f.context, segment.id, { name: 'seg' });
    expect(renamed).toEqual({ ...segment, name: 'seg', revision_number: 1, updated_at: '2026-11-23T12:00:05Z' });
    expect(await segments.update(f.context, segment.id, { name: 'seg' })).toEqual(renamed);
    expect(await failure(segments.update(f.context, segment.id, { name: 'x' }, 7))).toMatchObject({
      type: 'RevisionNumberConstraintFailed',
    });
  });

  it.each<[string, (id: string) => Record<string, unknown>, string, RegExp]>([
    [
      'no network',
      () => vlan('00000000-0000-0000-0000-000000000000', 'physnet2'),
      'NetworkNotFound',
      /could not be found/,
    ],
    [
      'an unknown type',
      (id) => ({ ...vlan(id, 'physnet2'), network_type: 'frob' }),
      'InvalidInput',
      /'frob' not supported/,
    ],
    ['an unknown physical network', (id) => vlan(id, 'physnet3'), 'InvalidInput', /'physnet3' unknown for VLAN/],
    ['an id that is taken', (id) => vlan(id, 'physnet1', 10), 'VlanIdInUse', /VLAN 10 on physical network physnet1/],
    [
      'another one of the type on the physical network',
      (id) => vlan(id, 'physnet1', 11),
      'NeutronDbObjectDuplicateEntry',
      /^Failed to create a duplicate NetworkSegment: /,
    ],
    ['too large a network', (id) => ({ network_id: id, network_type: 'vxlan' }), 'InvalidInput', /maximum is 1450/],
  ])('is refused: %s', async (_, input, type, message) => {
    const { id } = await network();
    const refused = await failure(segments.create(f.context, input(id)));
    expect(refused).toEqual({ type, message: expect.stringMatching(message) });
    expect(await all(segments)).toHaveLength(1);
  });

  it('stays while something is on it', async () => {
    const { id } = await f.network({ segments: [provider('vlan', 'physnet1', 10), provider('vlan', 'physnet2', 20)] });
    await f.bridgeAgent('host1', { bridge_mappings: { physnet1: 'br1' } });
    const [first, second] = (await all(segments, { sorts: [{ key: 'segmentation_id', direction: 'asc' }] })) as [
      Segment,
      Segment,
    ];
    const subnet = await f.subnet(id, { segment_id: second.id });
    expect(await failure(segments.delete(f.context, second.id))).toEqual({
      type: 'SegmentInUse',
      message: `Segment '${second.id}' cannot be deleted: The segment is still associated with subnet(s) ${subnet.id}.`,
    });
    await f.plugin.collections.subnets.delete!(f.context, subnet.id);
    const port = await f.port(id, { 'binding:host_id': 'host1' });
    expect(await failure(segments.delete(f.context, first.id))).toEqual({
      type: 'SegmentInUse',
      message: `Segment '${first.id}' cannot be deleted: The segment is still bound with 1 port(s).`,
    });
    await f.plugin.collections.ports.delete!(f.context, port.id);
    await segments.delete(f.context, first.id);
    expect(await failure(segments.get(f.context, first.id))).toEqual({
      type: 'SegmentNotFound',
      message: `Segment ${first.id} could not be found.`,
    });
  });

  it('goes with its network, subnets and all', async () => {
    const { id } = await network();
    const [segment] = (await all(segments)) as [Segment];
    await f.subnet(id, { segment_id: segment.id });
    await f.plugin.collections.networks.delete!(f.context, id);
    expect(await all(segments)).toEqual([]);
  });
});

describe('hosts that reach a segment', () => {
  it('are those whose agents map its physical network, whoever comes first', async () => {
    const mapped = (name: string) => ({ bridge_mappings: { [name]: 'br' } });
    await f.bridgeAgent('host1', mapped('physnet1'));
    await network();
    const [segment] = (await all(segments)) as [Segment];
    expect(await hostsOf(segment.id)).toEqual(['host1']);
    await f.bridgeAgent('host2', { interface_mappings: { physnet1: 'eth1' } });
    await f.bridgeAgent('host3', mapped('physnet2'));
    expect(await hostsOf(segment.id)).toEqual(['host1', 'host2']);
    await f.bridgeAgent('host1', { ...mapped('physnet1'), devices: 7 });
    await f.bridgeAgent('host2', mapped('physnet2'));
    await f.bridgeAgent('host3', { ...mapped('physnet1'), network_types: ['flat'] });
    expect(await hostsOf(segment.id)).toEqual(['host1']);
  });
});
