import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adminContext, type Context } from '../../lib/context.ts';
import type { Collection, Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, member, type Network, type Port } from '../fixture.ts';
import type { Trunk } from './storage.ts';

let f: Fixture;
let trunks: Collection<Trunk>;
let network: Network;

beforeEach(async () => {
  f = await createFixture({
    ml2: { type_drivers: ['local', 'flat', 'vlan'], tenant_network_types: ['local'] },
    vlan: { network_vlan_ranges: ['physnet1:100:199'] },
    service: { service_plugins: ['trunk'] },
    quota: { default_quota: -1 },
  });
  trunks = f.plugin.collections.trunks!;
  network = await f.network();
});
afterEach(() => f[Symbol.asyncDispose]());

const port = (input: Input = {}) => f.port(network.id, input);
const vlan = ({ id }: Port, segmentation_id: unknown) => ({
  port_id: id,
  segmentation_type: 'vlan',
  segmentation_id,
});
const make = async (input: Input = {}) =>
  trunks.create!(f.context, { project_id: 'p1', name: 't', sub_ports: [], port_id: (await port()).id, ...input });
const route = (method: 'GET' | 'PUT', action: string, id: string, input: Input = {}, context: Context = f.context) =>
  f.plugin.routes[`${method} trunks/{id}/${action}_subports`]!({
    ...{ context, params: { id }, input, parameters: [], ifRevision: null },
  }) as Promise<Trunk>;
const add = (id: string, ...sub_ports: unknown[]) => route('PUT', 'add', id, { sub_ports });
const remove = (id: string, ...sub_ports: unknown[]) => route('PUT', 'remove', id, { sub_ports });

describe('trunks', () => {
  it('are made with sub-ports, which their parent shows', async () => {
    const [parent, web] = [await port(), await port()];
    const trunk = await make({ port_id: parent.id, sub_ports: [vlan(web, '100')] });
    const [carried] = trunk.sub_ports;
    expect(carried).toEqual({ port_id: web.id, segmentation_type: 'vlan', segmentation_id: 100 });
    expect(trunk).toMatchObject({
      status: 'DOWN',
      admin_state_up: true,
      revision_number: 0,
      tags: [],
      tenant_id: 'p1',
    });
    const details = { trunk_id: trunk.id, sub_ports: [{ ...carried, mac_address: web.mac_address }] };
    const { ports } = f.plugin.collections;
    expect(await ports.get(f.context, parent.id)).toMatchObject({ trunk_details: details, revision_number: 1 });
    expect(await ports.get(f.context, web.id)).not.toHaveProperty('trunk_details');
    expect(await all(trunks)).toEqual([trunk]);
    expect(await route('GET', 'get', trunk.id)).toEqual({ sub_ports: trunk.sub_ports });
  });

  it('show in lists of ports that are kept from one to the next', async () => {
    for (let n = 0; n < 55; n++) await port();
    const { ports } = f.plugin.collections;
    const shown = async () => (await all(ports)).filter((one) => 'trunk_details' in one);
    expect(await shown()).toEqual([]);
    const parent = await port();
    const { id } = await make({ port_id: parent.id });
    expect(await shown()).toMatchObject([{ id: parent.id, trunk_details: { trunk_id: id, sub_ports: [] } }]);
    const web = await port();
    await add(id, vlan(web, 100));
    expect(await shown()).toMatchObject([
      { trunk_details: { sub_ports: [{ port_id: web.id, segmentation_id: 100 }] } },
    ]);
    await remove(id, { port_id: web.id });
    await trunks.delete!(f.context, id);
    expect(await shown()).toEqual([]);
  });

  it('take and lose sub-ports, all of a request or none', async () => {
    const { id, port_id } = await make();
    const [a, b, c] = [await port(), await port(), await port()];
    expect(await add(id, vlan(a, 10), vlan(b, 11))).toMatchObject({
      sub_ports: [vlan(a, 10), vlan(b, 11)],
      revision_number: 1,
    });
    expect(await failure(add(id, vlan(c, 12), vlan(await port(), 10)))).toEqual({
      type: 'DuplicateSubPort',
      message: `segmentation_type vlan and segmentation_id 10 already in use on trunk ${id}.`,
    });
    expect(await failure(remove(id, { port_id: a.id }, { port_id: c.id }))).toEqual({
      type: 'SubPortNotFound',
      message: `SubPort ${c.id} on trunk ${id} could not be found.`,
    });
    expect((await failure(add(id, vlan({ id: port_id } as Port, 13)))).type).toBe('ParentPortInUse');
    expect(await remove(id, { port_id: a.id })).toMatchObject({ sub_ports: [vlan(b, 11)], revision_number: 2 });
    expect(await add(id)).toMatchObject({ revision_number: 2 });
    // What was let go may be carried again.
    expect((await add(id, vlan(a, 10))).sub_ports).toHaveLength(2);
  });

  it('inherit what the network of a sub-port is', async () => {
    const provider = {
      'provider:network_type': 'vlan',
      'provider:physical_network': 'physnet1',
      'provider:segmentation_id': 123,
    };
    const tagged = await f.network(provider);
    const { id } = await make();
    const inherit = (port_id: string) => ({ port_id, segmentation_type: 'inherit' });
    const web = await f.port(tagged.id);
    expect((await add(id, inherit(web.id))).sub_ports).toEqual([vlan(web, 123)]);
    expect(await failure(add(id, inherit((await port()).id)))).toEqual({
      type: 'InvalidInput',
      message: expect.stringContaining("segmentation_id 'None' is not an integer"),
    });
  });

  it('are another when they are disabled: nothing of them changes but their own attributes', async () => {
    const a = await port();
    const { id } = await make({ sub_ports: [vlan(a, 10)] });
    expect(await trunks.update!(f.context, id, { admin_state_up: false })).toMatchObject({ revision_number: 1 });
    const disabled = { type: 'TrunkDisabled', message: `Trunk ${id} is currently disabled.` };
    expect(await failure(add(id, vlan(await port(), 11)))).toEqual(disabled);
    expect(await failure(remove(id, { port_id: a.id }))).toEqual(disabled);
    expect(await failure(trunks.delete!(f.context, id))).toEqual(disabled);
    expect(await trunks.update!(f.context, id, { admin_state_up: true, name: 'x' })).toMatchObject({ name: 'x' });
    await trunks.delete!(f.context, id);
    expect((await failure(trunks.get(f.context, id))).type).toBe('TrunkNotFound');
  });

  it('keep their ports from being deleted', async () => {
    const [parent, a] = [await port(), await port()];
    const { id } = await make({ port_id: parent.id, sub_ports: [vlan(a, 10)] });
    const { ports } = f.plugin.collections;
    expect(await failure(ports.delete!(f.context, a.id))).toEqual({
      type: 'PortInUseAsSubPort',
      message: `Port ${a.id} is currently a subport for trunk ${id}.`,
    });
    expect(await failure(ports.delete!(f.context, parent.id))).toEqual({
      type: 'PortInUseAsTrunkParent',
      message: `Port ${parent.id} is currently a parent port for trunk ${id}.`,
    });
    await trunks.delete!(f.context, id);
    await ports.delete!(f.context, a.id);
    await ports.delete!(f.context, parent.id);
  });

  it('are seen by their project alone, and stand on ports that it sees', async () => {
    const mine = member('p2');
    const { id } = await make();
    expect(await all(trunks, {}, mine)).toEqual([]);
    expect((await failure(trunks.get(mine, id))).type).toBe('TrunkNotFound');
    expect((await failure(route('GET', 'get', id, {}, mine))).type).toBe('TrunkNotFound');
    const hidden = await port();
    const ask = (input: Input) => failure(trunks.create!(mine, { project_id: 'p2', sub_ports: [], ...input }));
    expect((await ask({ port_id: hidden.id })).type).toBe('PortNotFound');
    const own = await port({ project_id: 'p2' });
    expect((await ask({ port_id: own.id, sub_ports: [vlan(hidden, 10)] })).type).toBe('PortNotFound');
    expect(await ask({ port_id: own.id, sub_ports: [vlan(await port({ project_id: 'p2' }), 10)] })).toMatchObject({
      type: 'nothing',
    });
  });

  it('stay within the quota of their project', async () => {
    await using g = await createFixture({ service: { service_plugins: ['trunk'] }, quota: { default_quota: 1 } });
    const { id } = await g.network();
    const of = async (project_id: string) =>
      g.plugin.collections.trunks!.create!(adminContext(), {
        project_id,
        sub_ports: [],
        port_id: (await g.port(id)).id,
      });
    await of('p1');
    expect(await failure(of('p1'))).toEqual({ type: 'OverQuota', message: "Quota exceeded for resources: ['trunk']." });
    await of('p2');
  });

  it('need a driver that makes them', async () => {
    const bare = createFixture({ ml2: { mechanism_drivers: ['logger'] }, service: { service_plugins: ['trunk'] } });
    expect(await failure(bare as Promise<unknown>)).toEqual({
      type: 'DriverConfigurationError',
      message: expect.stringMatching(/service_plugins in \[DEFAULT\].*mechanism_drivers of \[ml2\]/),
    });
  });
});

describe('a parent', () => {
  const onHost = { device_owner: 'compute:nova', 'binding:host_id': 'host1' };
  const flat = { 'provider:network_type': 'flat', 'provider:physical_network': 'public' };

  it('is no other trunk’s, and nobody’s sub-port', async () => {
    const [parent, a] = [await port(), await port()];
    await make({ port_id: parent.id, sub_ports: [vlan(a, 10)] });
    expect(await failure(make({ port_id: parent.id }))).toEqual({
      type: 'ParentPortInUse',
      message: `Port ${parent.id} is currently in use and is not eligible for use as a parent port.`,
    });
    expect(await failure(make({ port_id: a.id }))).toEqual({
      type: 'TrunkPortInUse',
      message: `Port ${a.id} is in use by another trunk.`,
    });
    expect((await failure(make({ port_id: 'cacb9319-1371-45a9-bf85-a46276de90d2' }))).type).toBe('PortNotFound');
  });

  it('may be wired, where its host has a bridge agent', async () => {
    await f.bridgeAgent();
    const { id } = await f.network(flat);
    const wired = await f.port(id, onHost);
    expect(wired['binding:vif_type']).toBe('bridge');
    const trunk = await make({ port_id: wired.id });
    await trunks.delete!(f.context, trunk.id);
    const nowhere = await f.port(id, { 'binding:host_id': 'elsewhere' });
    expect((await failure(make({ port_id: nowhere.id }))).type).toBe('ParentPortInUse');
    const later = await make();
    await f.plugin.collections.ports.update!(f.context, later.port_id, { 'binding:host_id': 'elsewhere' });
    expect(await failure(trunks.delete!(f.context, later.id))).toEqual({
      type: 'TrunkInUse',
      message: `Trunk ${later.id} is currently in use.`,
    });
  });
});

describe('a sub-port is refused', () => {
  const refused = async (entry: unknown) => failure(add((await make()).id, entry));
  const invalid = (why: string) => ({ type: 'InvalidInput', message: `Invalid input for operation: ${why}.` });

  it.each([
    ['is no object', () => 'x', "Invalid data format for subport: 'x' is not a dict"],
    ['names no port', () => ({ segmentation_type: 'vlan' }), 'A valid port UUID must be specified'],
    ['names no UUID', () => ({ port_id: 7 }), "Invalid UUID for subport: '7'"],
    [
      'has no VLAN',
      (id: string) => ({ port_id: id }),
      (id: string) =>
        `Invalid subport details '{'port_id': '${id}'}': missing segmentation information. Must specify both segmentation_id and segmentation_type`,
    ],
    [
      'has half a VLAN',
      (id: string) => ({ port_id: id, segmentation_type: 'vlan' }),
      (id: string) =>
        `Invalid subport details '{'port_id': '${id}', 'segmentation_type': 'vlan'}': missing segmentation information. Must specify both segmentation_id and segmentation_type`,
    ],
    [
      'has another kind',
      (id: string) => ({ port_id: id, segmentation_type: 'vxlan', segmentation_id: 1 }),
      "Unknown segmentation_type 'vxlan'",
    ],
    [
      'has a list for a kind',
      (id: string) => ({ port_id: id, segmentation_type: [1], segmentation_id: 1 }),
      "Unknown segmentation_type '[1]'",
    ],
    [
      'has no number',
      (id: string) => ({ port_id: id, segmentation_type: 'vlan', segmentation_id: 'x' }),
      "Invalid subport details: segmentation_id 'x' is not an integer",
    ],
    [
      'has no tag',
      (id: string) => ({ port_id: id, segmentation_type: 'vlan', segmentation_id: 0 }),
      "Segmentation ID '0' is not in range",
    ],
    [
      'has too large a tag',
      (id: string) => ({ port_id: id, segmentation_type: 'vlan', segmentation_id: 4095 }),
      "Segmentation ID '4095' is not in range",
    ],
  ] as const)('that %s', async (_, entry, why) => {
    const { id } = await port();
    expect(await refused(entry(id))).toEqual(invalid(typeof why === 'string' ? why : why(id)));
  });

  it('twice in one request, by its port or by its VLAN', async () => {
    const { id } = await make();
    const [a, b] = [await port(), await port()];
    expect((await failure(add(id, vlan(a, 1), vlan(a, 2)))).message).toContain(
      `Non unique UUID for subport: '${a.id}'`,
    );
    expect((await failure(add(id, vlan(a, 1), vlan(b, 1)))).message).toContain(
      `Segmentation ID '1' for '${b.id}' is not unique`,
    );
    expect((await failure(add(id, vlan(a, 1), vlan(b, '1')))).type).toBe('DuplicateSubPort');
    expect((await failure(route('PUT', 'add', id, { sub_ports: { a: 1 } }))).message).toContain(
      "Invalid data format for subports: '{'a': 1}' is not a list",
    );
  });

  it('when it is on a trunk, is one’s parent or something else’s', async () => {
    const [a, own] = [await port(), await port()];
    await make({ port_id: own.id, sub_ports: [vlan(a, 10)] });
    expect((await refused(vlan(a, 11))).type).toBe('TrunkPortInUse');
    expect((await refused(vlan(own, 11))).type).toBe('ParentPortInUse');
    const used = await port({ device_id: 'vm' });
    expect(await refused(vlan(used, 11))).toEqual({
      type: 'PortInUse',
      message: `Unable to complete operation on port ${used.id} for network ${network.id}. Port already has an attached device vm.`,
    });
  });

  it('when its packets would be too large for the trunk', async () => {
    const small = await f.network({ mtu: 1400 });
    const parent = await f.port(small.id);
    const a = await port();
    expect(await failure(make({ port_id: parent.id, sub_ports: [vlan(a, 10)] }))).toEqual({
      type: 'SubPortMtuGreaterThanTrunkPortMtu',
      message: `MTU 1500 of subport ${a.id} cannot be greater than MTU 1400 of trunk ${parent.id}.`,
    });
  });

  it('from a trunk in an error, until that is resolved', async () => {
    const a = await port();
    const { id } = await make({ sub_ports: [vlan(a, 10)] });
    await f.transport.tell('trunk', 'update_trunk_status', { trunk_id: id, status: 'ERROR' });
    expect(await failure(add(id, vlan(await port(), 11)))).toEqual({
      type: 'TrunkInErrorState',
      message: `Trunk ${id} is in error state. Attempt to resolve the error condition before proceeding.`,
    });
    expect(await remove(id, { port_id: a.id })).toMatchObject({ status: 'DOWN' });
    await add(id, vlan(a, 11));
  });
});
