import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TrunkApi } from '../../rpc/contract.ts';
import { FakeTransport } from '../../rpc/fake.ts';
import type { Collection, Input } from '../contract.ts';
import { createFixture, type Fixture, failure, type Network, type Port } from '../fixture.ts';
import { captured } from '../objects/captures.ts';
import type { Ports } from '../port/ports.ts';
import type { Trunk } from './storage.ts';

let f: Fixture;
let trunks: Collection<Trunk>;
let flat: Network;
let parent: Port;
let web: Port;

beforeEach(async () => {
  f = await createFixture({ service: { service_plugins: ['trunk'] } });
  trunks = f.plugin.collections.trunks!;
  for (const host of ['host1', 'host2']) await f.bridgeAgent(host);
  flat = await f.network({ 'provider:network_type': 'flat', 'provider:physical_network': 'public' });
  parent = await f.port(flat.id, { device_owner: 'compute:nova', device_id: 'vm', 'binding:host_id': 'host1' });
  web = await f.port(flat.id);
  f.transport.hears = () => true;
  await f.told();
});
afterEach(() => f[Symbol.asyncDispose]());

const vlan = ({ id }: Port, segmentation_id = 101) => ({ port_id: id, segmentation_type: 'vlan', segmentation_id });
const make = (...subPorts: Port[]) =>
  trunks.create!(f.context, {
    ...{ project_id: 'p1', name: '', port_id: parent.id },
    sub_ports: subPorts.map((port, index) => vlan(port, 101 + index)),
  });
const change = (action: 'add' | 'remove', id: string, ...sub_ports: object[]) =>
  f.plugin.routes[`PUT trunks/{id}/${action}_subports`]!({
    ...{ context: f.context, params: { id }, input: { sub_ports }, parameters: [], ifRevision: null },
  });
const pushes = async () => (await f.told()).filter(({ method }) => method === 'push');
const portNow = (id: string) => f.plugin.collections.ports.get(f.context, id);
const statusNow = async ({ id }: Trunk) => (await trunks.get(f.context, id)).status;
const bind = (trunk: Trunk, ...ports: Port[]) => {
  const subports = ports.map((port) => ({ ...vlan(port), trunk_id: trunk.id }));
  return f.transport.tell('trunk', 'update_subport_bindings', { subports }) as Promise<Record<string, Port[]>>;
};

describe('what agents are told of trunks', () => {
  it('is what the real server says, field by field', async () => {
    const [created, deleted] = captured('53').filter(({ exchange }) => exchange.startsWith('neutron-vo-Trunk'));
    const trunk = await make(web);
    const ours = await pushes();
    expect(ours.map(({ to }) => to)).toEqual([created!.exchange]);
    const renamed = (args: unknown) => {
      const names = new Map<string, string>();
      const text = JSON.stringify(args).replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => {
        if (!names.has(id)) names.set(id, `id${names.size}`);
        return names.get(id)!;
      });
      return JSON.parse(
        text.replaceAll(/\d{4}-\d\d-\d\dT[\d:]+Z/g, 'time').replace(/"project_id":"\w+"/, '"project_id":""'),
      );
    };
    const sorted = (args: unknown) => {
      // The order in which ids are met must not depend on the order of keys.
      const data = (args as { resource_list: Record<string, unknown>[] }).resource_list[0]!;
      return renamed({ ...data, 'versioned_object.data': sortedKeys(data['versioned_object.data']) });
    };
    expect(sorted(ours[0]!.args)).toEqual(sorted(created!.oslo_message.args));
    expect(ours[0]!.args.event_type).toBe('created');
    await trunks.delete!(f.context, trunk.id);
    const gone = await pushes();
    expect(gone.map(({ to, args }) => [to, args.event_type])).toEqual([[deleted!.exchange, 'deleted']]);
    expect(sorted(gone[0]!.args)).toEqual(sorted(deleted!.oslo_message.args));
  });

  it('names the sub-ports that come and go', async () => {
    const trunk = await make();
    await pushes();
    await change('add', trunk.id, vlan(web));
    await change('remove', trunk.id, { port_id: web.id });
    const told = await pushes();
    expect(told.map(({ to, args }) => [to, args.event_type])).toEqual([
      ['neutron-vo-SubPort-1.0_fanout', 'created'],
      ['neutron-vo-SubPort-1.0_fanout', 'deleted'],
    ]);
    for (const { args } of told) {
      expect(args.resource_list).toEqual([
        {
          'versioned_object.name': 'SubPort',
          'versioned_object.namespace': 'versionedobjects',
          'versioned_object.version': '1.0',
          'versioned_object.data': { ...vlan(web), trunk_id: trunk.id },
        },
      ]);
    }
  });

  it('can be asked for by the parent, and in bulk', async () => {
    const one = (resource_id: string) => f.ask('pull', { resource_type: 'Trunk', version: '1.1', resource_id });
    expect(await one(parent.id)).toBeNull();
    const trunk = await make(web);
    const found = (await new TrunkApi(f.transport).ofParents([web.id, parent.id]))[0]!;
    expect(found).toMatchObject({ id: trunk.id, port_id: parent.id, status: 'DOWN' });
    const carried = found.sub_ports.map((object) => object['versioned_object.data']);
    expect(carried).toEqual([{ ...vlan(web), trunk_id: trunk.id }]);
    expect((await one(parent.id))['versioned_object.data']).toEqual(found);
    expect(await one(web.id)).toBeNull();
    const bulk = (resource_type: string, version: string, filter_kwargs = {}) =>
      f.ask('bulk_pull', { resource_type, version, filter_kwargs });
    expect(await bulk('Trunk', '1.1', { port_id: parent.id })).toHaveLength(1);
    expect(await bulk('Trunk', '1.1', { id: web.id })).toEqual([]);
    expect(await bulk('SubPort', '1.0', { trunk_id: trunk.id })).toHaveLength(1);
    const pull = (resource_type: string, version: string) =>
      failure(f.ask('pull', { resource_type, version, resource_id: parent.id }));
    expect((await pull('Trunk', '2.0')).message).toContain('Invalid target version');
    expect((await pull('SubPort', '1.0')).message).toBe('Callback for SubPort not found');
  });

  it('is nothing where there are none', async () => {
    await using g = await createFixture();
    const asked = { resource_type: 'Trunk', version: '1.1', resource_id: parent.id };
    expect((await failure(g.ask('pull', asked))).message).toBe('Callback for Trunk not found');
  });
});

describe('sub-ports', () => {
  it('are bound to where their parent is, and told of', async () => {
    const trunk = await make(web);
    await f.told();
    const answer = await bind(trunk, web);
    expect(Object.keys(answer)).toEqual([trunk.id]);
    expect(answer[trunk.id]).toMatchObject([{ id: web.id, 'binding:host_id': 'host1', device_owner: 'trunk:subport' }]);
    expect(await portNow(web.id)).toMatchObject({ 'binding:vif_type': 'bridge', 'binding:host_id': 'host1' });
    expect(await statusNow(trunk)).toBe('BUILD');
    expect((await f.told()).map(({ method }) => method)).toContain('port_update');
  });

  it('that are there already stay as they are', async () => {
    const trunk = await make(web);
    await bind(trunk, web);
    const before = await portNow(web.id);
    await bind(trunk, web);
    expect(await portNow(web.id)).toEqual(before);
  });

  it('follow their parent, also while it moves', async () => {
    const trunk = await make(web);
    await bind(trunk, web);
    const { ports } = f.plugin.collections;
    const profile = { 'binding:profile': { migrating_to: 'host2' } };
    await ports.update!(f.context, parent.id, profile);
    await bind(trunk, web);
    expect(await portNow(web.id)).toMatchObject({ 'binding:host_id': 'host2' });
    await ports.update!(f.context, parent.id, { 'binding:profile': {}, 'binding:host_id': 'host1' });
    await bind(trunk, web);
    expect(await portNow(web.id)).toMatchObject({ 'binding:host_id': 'host1' });
  });

  it('of other trunks, or of none by now, are not touched', async () => {
    const trunk = await make();
    expect(await bind(trunk, web)).toEqual({ [trunk.id]: [] });
    expect(await portNow(web.id)).toMatchObject({ 'binding:host_id': '', device_owner: '' });
    await trunks.delete!(f.context, trunk.id);
    expect(await bind(trunk, web)).toEqual({});
  });

  it('that leave while they are being bound stay as they are', async () => {
    const other = await f.port(flat.id);
    const trunk = await make(web, other);
    // The first is bound; before the second is, it leaves the trunk.
    const ports = f.plugin.collections.ports as Ports;
    const update = ports.updateFull.bind(ports);
    ports.updateFull = async (...args) => {
      if (args[1] === other.id) await change('remove', trunk.id, { port_id: other.id });
      return update(...args);
    };
    const answer = await bind(trunk, web, other);
    expect(answer[trunk.id]).toMatchObject([{ id: web.id }]);
    expect(await portNow(other.id)).toMatchObject({ 'binding:host_id': '', device_owner: '' });
    expect(await statusNow(trunk)).not.toBe('DEGRADED');
    expect(f.complaints).toEqual([]);
  });

  it('that nobody can bind make the trunk an error', async () => {
    const elsewhere = await f.network({ 'provider:network_type': 'flat', 'provider:physical_network': 'other' });
    const lost = await f.port(elsewhere.id);
    const trunk = await make(lost);
    expect(await bind(trunk, lost)).toEqual({ [trunk.id]: [] });
    expect(await statusNow(trunk)).toBe('ERROR');
    expect(f.complaints.map(({ message }) => message)).toContain('a sub-port could not be bound where its trunk is');
  });

  it('are sent as objects by some agents', async () => {
    const trunk = await make(web);
    const data = { ...vlan(web), trunk_id: trunk.id };
    const subports = [
      {
        'versioned_object.name': 'SubPort',
        'versioned_object.namespace': 'versionedobjects',
        'versioned_object.version': '1.0',
        'versioned_object.data': data,
      },
    ];
    expect(Object.keys((await f.transport.tell('trunk', 'update_subport_bindings', { subports })) as object)).toEqual([
      trunk.id,
    ]);
  });
});

describe('the status of a trunk', () => {
  const report = (trunk: Trunk, status: string) =>
    f.transport.tell('trunk', 'update_trunk_status', { trunk_id: trunk.id, status });

  it('is what its agent says, until it changes', async () => {
    const trunk = await make(web);
    expect(await report(trunk, 'ACTIVE')).toBeNull();
    expect(await statusNow(trunk)).toBe('ACTIVE');
    await change('remove', trunk.id, { port_id: web.id });
    expect(await statusNow(trunk)).toBe('DOWN');
    expect((await failure(report(trunk, 'GREAT'))).type).toBe('InvalidInput');
    expect(await statusNow(trunk)).toBe('DOWN');
  });

  it('is DOWN when its parent is wired nowhere', async () => {
    const trunk = await make(web);
    await report(trunk, 'ACTIVE');
    const { ports } = f.plugin.collections;
    await ports.update!(f.context, parent.id, { name: 'renamed' });
    expect(await statusNow(trunk)).toBe('ACTIVE');
    await ports.update!(f.context, parent.id, { 'binding:host_id': '' });
    expect(await statusNow(trunk)).toBe('DOWN');
  });
});

it('agents ask in the namespace of trunks, as upstream’s do', async () => {
  const transport = new FakeTransport({ update_trunk_status: null, update_subport_bindings: {} });
  const api = new TrunkApi(transport);
  await api.updateStatus('t', 'ACTIVE');
  await api.updateSubPortBindings([]);
  expect(transport.sent.map(({ topic, method, version, args }) => ({ topic, method, version, args }))).toEqual([
    { topic: 'trunk', method: 'update_trunk_status', version: '1.0', args: { trunk_id: 't', status: 'ACTIVE' } },
    { topic: 'trunk', method: 'update_subport_bindings', version: '1.0', args: { subports: [] } },
  ]);
  expect(transport.sent.every((message) => (message as { namespace?: string }).namespace === 'trunk')).toBe(true);
});

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as Input).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortedKeys(item)]));
}
