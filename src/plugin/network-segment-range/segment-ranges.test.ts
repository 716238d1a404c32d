import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Collection, Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, type Options } from '../fixture.ts';
import type { NetworkSegmentRange } from './segment-ranges.ts';

const options: Options = {
  service: { service_plugins: ['network_segment_range'] },
  ml2: { tenant_network_types: ['vlan'] },
  vlan: { network_vlan_ranges: ['physnet1:1:5'] },
  vxlan: { vni_ranges: ['1:10', '20:30'] },
};
let f: Fixture;
let ranges: Required<Collection<NetworkSegmentRange>>;
beforeEach(async () => {
  f = await createFixture(options);
  await f.plugin.start();
  ranges = f.plugin.collections.network_segment_ranges as Required<Collection<NetworkSegmentRange>>;
});
afterEach(() => f[Symbol.asyncDispose]());

const vlan = (minimum: number, maximum: number, more: Input = {}): Input => ({
  name: 'r',
  network_type: 'vlan',
  physical_network: 'physnet1',
  minimum,
  maximum,
  shared: true,
  project_id: 'p1',
  ...more,
});
const ofProject = (project_id: string, minimum: number, maximum: number) =>
  vlan(minimum, maximum, { shared: false, project_id });
const facts = ({ network_type, physical_network, minimum, maximum }: NetworkSegmentRange) =>
  [network_type, physical_network, minimum, maximum].join(' ');
const idsOf = async (count: number, project_id = 'p1') => {
  const ids: number[] = [];
  for (let i = 0; i < count; i++) ids.push((await f.network({ project_id }))['provider:segmentation_id']!);
  return ids.toSorted((a, b) => a - b);
};

describe('default ranges', () => {
  it('are those of the configuration', async () => {
    const made = await all(ranges);
    expect(made.map(facts).sort()).toEqual(['vlan physnet1 1 5', 'vxlan  1 10', 'vxlan  20 30']);
    expect(made.find(({ network_type }) => network_type === 'vlan')).toEqual({
      id: expect.any(String),
      name: '',
      description: '',
      default: true,
      shared: true,
      project_id: null,
      tenant_id: null,
      network_type: 'vlan',
      physical_network: 'physnet1',
      minimum: 1,
      maximum: 5,
      used: {},
      available: [1, 2, 3, 4, 5],
      tags: [],
      created_at: '2026-11-23T12:00:00Z',
      updated_at: '2026-11-23T12:00:00Z',
      revision_number: 0,
    });
  });

  it('follow the configuration at the next start, and keep their ids', async () => {
    const before = new Map((await all(ranges)).map((range) => [facts(range), range.id]));
    const own = await ranges.create(f.context, vlan(100, 110));
    const changed = {
      ...options,
      vlan: { network_vlan_ranges: ['physnet1:1:5', 'physnet2'] },
      vxlan: { vni_ranges: [] },
    };
    await using next = await createFixture(changed, { database: f.database });
    await next.plugin.start();
    const after = new Map((await all(ranges)).map((range) => [facts(range), range.id]));
    expect([...after.keys()].sort()).toEqual(['vlan physnet1 1 5', 'vlan physnet1 100 110', 'vlan physnet2 1 4094']);
    expect(after.get('vlan physnet1 1 5')).toBe(before.get('vlan physnet1 1 5'));
    expect(after.get('vlan physnet1 100 110')).toBe(own.id);
  });

  it('are nobody’s to change', async () => {
    const [range] = (await all(ranges)) as [NetworkSegmentRange];
    const readOnly = {
      type: 'NetworkSegmentRangeDefaultReadOnly',
      message: `Network Segment Range ${range.id} is a default segment range which could not be updated or deleted.`,
    };
    expect(await failure(ranges.update(f.context, range.id, { name: 'x' }))).toEqual(readOnly);
    expect(await failure(ranges.delete(f.context, range.id))).toEqual(readOnly);
  });
});

describe('a range', () => {
  it('is made, changed and removed', async () => {
    const made = await ranges.create(f.context, vlan(100, 103));
    expect(made).toMatchObject({ default: false, shared: true, project_id: null, available: [100, 101, 102, 103] });
    const mine = await ranges.create(f.context, ofProject('p1', 200, 201));
    expect(mine).toMatchObject({ shared: false, project_id: 'p1' });
    expect(await ranges.update(f.context, made.id, { name: 'wider', maximum: 104 })).toMatchObject({
      name: 'wider',
      maximum: 104,
      available: [100, 101, 102, 103, 104],
      revision_number: 1,
    });
    expect(await ranges.get(f.context, made.id, ['name'])).toEqual({ id: made.id, name: 'wider' });
    await ranges.delete(f.context, made.id);
    expect(await failure(ranges.get(f.context, made.id))).toEqual({
      type: 'NetworkSegmentRangeNotFound',
      message: `Network Segment Range ${made.id} could not be found.`,
    });
  });

  it.each<[Input, string, RegExp]>([
    [vlan(5, 4), 'NetworkVlanRangeError', /^Invalid network VLAN range: '5:4' - 'End of VLAN range is less than/],
    [vlan(1, 5000), 'NetworkVlanRangeError', /'1:5000' - '5000 is not a valid VLAN tag'\.$/],
    [
      { ...vlan(1, 20_000_000), network_type: 'vxlan' },
      'NetworkTunnelRangeError',
      /'1:20000000' - 20000000 is not a valid vxlan identifier\.$/,
    ],
    [
      vlan(1, 5, { physical_network: undefined }),
      'BadRequest',
      /^Bad network_segment_range request: Network type vlan req/,
    ],
    [vlan(1, 5, { network_type: undefined }), 'NetworkSegmentRangeNetTypeNotSupported', /^Network type None does not/],
    [vlan(310, 320), 'NetworkSegmentRangeOverlaps', /^Network segment range overlaps with range\(s\) with id /],
  ])('is refused: %j', async (input, type, message) => {
    await ranges.create(f.context, vlan(300, 310));
    expect(await failure(ranges.create(f.context, input))).toEqual({ type, message: expect.stringMatching(message) });
  });

  it('shows who uses it, and keeps what is used', async () => {
    const range = await ranges.create(f.context, vlan(100, 109));
    const wired = (id: number, project_id: string) =>
      f.network({
        project_id,
        'provider:network_type': 'vlan',
        'provider:physical_network': 'physnet1',
        'provider:segmentation_id': id,
      });
    const networks = [await wired(102, 'p1'), await wired(104, 'p2'), await wired(500, 'p2')];
    const shown = await ranges.get(f.context, range.id);
    expect(shown).toMatchObject({
      used: { 102: 'p1', 104: 'p2' },
      available: [100, 101, 103, 105, 106, 107, 108, 109],
    });
    const referenced = {
      type: 'NetworkSegmentRangeReferencedByProject',
      message: `Network Segment Range ${range.id} is referenced by one or more tenant networks.`,
    };
    expect(await failure(ranges.delete(f.context, range.id))).toEqual(referenced);
    expect(await failure(ranges.update(f.context, range.id, { minimum: 103 }))).toEqual(referenced);
    await ranges.update(f.context, range.id, { minimum: 102, maximum: 104 });
    for (const { id } of networks) await f.plugin.collections.networks.delete!(f.context, id);
    await ranges.delete(f.context, range.id);
  });
});

describe('networks', () => {
  it('get ids of ranges as they are at that moment', async () => {
    expect(await idsOf(5)).toEqual([1, 2, 3, 4, 5]);
    expect((await failure(f.network())).type).toBe('NoNetworkAvailable');
    const range = await ranges.create(f.context, vlan(100, 101));
    expect(await idsOf(2)).toEqual([100, 101]);
    await ranges.update(f.context, range.id, { maximum: 102 });
    expect(await idsOf(1)).toEqual([102]);
  });

  it('of a project get its own ids first, and nobody else those', async () => {
    await ranges.create(f.context, ofProject('p1', 2, 3));
    await ranges.create(f.context, ofProject('p1', 50, 50));
    expect(await idsOf(3, 'p2')).toEqual([1, 4, 5]);
    expect((await failure(f.network({ project_id: 'p2' }))).type).toBe('NoNetworkAvailable');
    expect(await idsOf(3, 'p1')).toEqual([2, 3, 50]);
    expect((await failure(f.network({ project_id: 'p1' }))).type).toBe('NoNetworkAvailable');
  });

  it('may be on physical networks that only ranges know', async () => {
    const provider = { 'provider:network_type': 'vlan', 'provider:physical_network': 'new' };
    expect((await failure(f.network(provider))).type).toBe('InvalidInput');
    await ranges.create(f.context, vlan(7, 7, { physical_network: 'new' }));
    expect(await f.network(provider)).toMatchObject({ ...provider, 'provider:segmentation_id': 7 });
    await f.network({ ...provider, 'provider:segmentation_id': 4000 });
  });
});

it('is there only when the configuration names it', async () => {
  await using bare = await createFixture({ vlan: { network_vlan_ranges: ['physnet1:1:5'] } });
  expect(bare.plugin.collections.network_segment_ranges).toBeUndefined();
  expect(bare.plugin.extensions.has('network-segment-range')).toBe(false);
});
