import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FloatingIp, Port } from '../../resources/shapes.ts';
import type { VersionedObject } from '../../rpc/contract.ts';
import type { Collection, Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, member } from '../fixture.ts';
import { connect, type Routed, routed } from '../floatingip/routed.ts';
import { captured } from '../objects/captures.ts';
import type { PortForwarding } from './storage.ts';

let f: Fixture;
let world: Routed;
let fip: FloatingIp;
let guest: Port;

beforeEach(async () => {
  f = await createFixture({ service: { service_plugins: ['router', 'port_forwarding'] } });
  world = await routed(f);
  fip = await makeFip();
  guest = await f.port(world.inside.id, { fixed_ips: [{ ip_address: '10.0.0.20' }, { ip_address: '10.0.0.21' }] });
  f.transport.hears = () => true;
  await f.told();
});
afterEach(() => f[Symbol.asyncDispose]());

const fips = () => f.plugin.collections.floatingips!;
const makeFip = (input: Input = {}) =>
  fips().create!(f.context, { project_id: 'p1', floating_network_id: world.outside.id, ...input });
const of = (id = fip.id) => f.plugin.children['floatingips/port_forwardings']!(id) as Collection<PortForwarding>;
const body = (input: Input = {}) => ({
  protocol: 'tcp',
  external_port: 2222,
  internal_port: 22,
  internal_port_id: guest.id,
  internal_ip_address: '10.0.0.20',
  ...input,
});
const make = (input: Input = {}, context = f.context) => of().create!(context, body(input));
const range = (external: string, internal: string, more: Input = {}) => ({
  external_port: undefined,
  internal_port: undefined,
  external_port_range: external,
  internal_port_range: internal,
  ...more,
});
const update = (id: string, changes: Input) => of().update!(f.context, id, changes);
const pushes = async () => (await f.told()).filter(({ to }) => to === 'neutron-vo-PortForwarding-1.3_fanout');
const refusal = async (promise: Promise<unknown>) => {
  const { type, message } = await failure(promise);
  expect(type).toBe('BadRequest');
  return message;
};

describe('a port forwarding', () => {
  it('shows port and range, on both sides', async () => {
    const made = await make({ description: 'ssh' });
    expect(made).toEqual({
      ...{ id: made.id, protocol: 'tcp', internal_port_id: guest.id, internal_ip_address: '10.0.0.20' },
      ...{ external_port: 2222, external_port_range: '2222:2222', internal_port: 22, internal_port_range: '22:22' },
      description: 'ssh',
    });
    expect(await of().get(f.context, made.id)).toEqual(made);
    expect(await all(of())).toEqual([made]);
  });

  it('may be for many ports, to as many or to one', async () => {
    const many = await make(range('8000:8009', '80:89'));
    expect(many).toMatchObject({ external_port: null, external_port_range: '8000:8009', internal_port: null });
    const one = await make(range('9000:9009', '443'));
    expect(one).toMatchObject({ internal_port: 443, internal_port_range: '443:443' });
    const seen = (await fips().get(f.context, fip.id)).port_forwardings;
    const common = { protocol: 'tcp', internal_port_id: guest.id, internal_ip_address: '10.0.0.20' };
    expect(seen).toEqual([
      { id: many.id, ...common },
      { id: one.id, ...common, internal_port: 443 },
    ]);
  });

  it('leads its floating IP through the router between, until the last one goes', async () => {
    const [a, b] = [await make(), await make({ external_port: 80, internal_port: 80 })];
    expect(await fips().get(f.context, fip.id)).toMatchObject({ router_id: world.router, port_id: null });
    await of().delete!(f.context, a.id);
    expect(await fips().get(f.context, fip.id)).toMatchObject({ router_id: world.router });
    await of().delete!(f.context, b.id);
    expect(await fips().get(f.context, fip.id)).toMatchObject({ router_id: null });
  });

  it('changes in part', async () => {
    const { id } = await make();
    expect(await update(id, { external_port: 2223 })).toMatchObject({ external_port: 2223, internal_port: 22 });
    expect(await update(id, { protocol: 'udp' })).toMatchObject({ protocol: 'udp', external_port: 2223 });
    const wide = await update(id, range('30:31', '40:41'));
    expect(wide).toMatchObject({ external_port_range: '30:31', internal_port_range: '40:41' });
    expect([wide.external_port, wide.internal_port]).toEqual([undefined, undefined]);
    expect(await update(id, { internal_ip_address: '10.0.0.21' })).toMatchObject({ internal_ip_address: '10.0.0.21' });
  });

  it('takes the address of another port with it', async () => {
    const { id } = await make();
    const other = await f.port(world.inside.id, { fixed_ips: [{ ip_address: '10.0.0.30' }] });
    expect(await update(id, { internal_port_id: other.id })).toMatchObject({
      internal_port_id: other.id,
      internal_ip_address: '10.0.0.30',
    });
  });

  it('is found by what it shows', async () => {
    const made = await make();
    await make({ external_port: 80, internal_port: 80 });
    expect(await all(of(), { filters: { external_port: [2222] } })).toEqual([made]);
    expect(await all(of(), { filters: { external_port_range: ['2222:2222'] } })).toEqual([made]);
    expect(await all(of(), { filters: { external_port: [] } })).toEqual([]);
  });

  it('belongs to its floating IP, and that to its project', async () => {
    const { id } = await make();
    const other = await makeFip();
    expect(await failure(of(other.id).get(f.context, id))).toEqual({
      type: 'PortForwardingNotFound',
      message: `Port Forwarding ${id} could not be found.`,
    });
    expect((await failure(of().get(member('p2'), id))).type).toBe('FloatingIPNotFound');
    expect((await failure(make({}, member('p2')))).type).toBe('FloatingIPNotFound');
    await make({ external_port: 1, internal_port: 1 }, member('p1'));
  });

  it('raises the revisions of the floating IP and the port', async () => {
    const before = await f.plugin.collections.ports.get(f.context, guest.id);
    await make();
    const after = await f.plugin.collections.ports.get(f.context, guest.id);
    expect(after.revision_number).toBe(before.revision_number! + 1);
    expect((await fips().get(f.context, fip.id)).revision_number).toBe(1);
  });
});

describe('a port forwarding is refused', () => {
  it('where another has one of its ports', async () => {
    await make(range('8000:8009', '80:89'));
    expect(await refusal(make({ external_port: 8005 }))).toBe(
      'Bad port_forwarding request: There is a port collision with the external_port_range. The following ranges collide: 8000:8009 and 8005:8005.',
    );
    expect(await refusal(make({ internal_port: 85 }))).toContain('internal_port_range');
    await make({ protocol: 'udp', external_port: 8005 });
    await make({ external_port: 8010, internal_ip_address: '10.0.0.21', internal_port: 85 });
    // Two floating IPs must not lead to one socket, either.
    const other = await makeFip();
    expect(await refusal(of(other.id).create!(f.context, body({ internal_port: 85 })))).toContain('collision');
  });

  it('when its changes run into another', async () => {
    const [a, b] = [await make(), await make({ external_port: 80, internal_port: 80 })];
    expect(await refusal(update(b.id, { external_port: 2222 }))).toContain('collision');
    expect(await refusal(update(b.id, { internal_port: 22 }))).toContain('collision');
    await update(b.id, { internal_port: 22, internal_ip_address: '10.0.0.21' });
    expect(await refusal(update(a.id, { internal_ip_address: '10.0.0.21' }))).toContain('collision');
  });

  it('when the ranges do not fit each other', async () => {
    expect(await refusal(make(range('8000:8009', '80:88')))).toContain('must be N-N or 1-N');
    expect(await refusal(make(range('8000:8009', '80:89', { external_port: 8000 })))).toContain('not the same');
    expect(await refusal(make({ external_port: undefined }))).toContain('must be given');
    const { id } = await make(range('8000:8009', '80:89'));
    expect(await refusal(update(id, { external_port: 8000 }))).toContain('must be N-N or 1-N');
  });

  it('for protocols without ports', async () => {
    expect(await refusal(make({ protocol: 'icmp' }))).toContain('has no ports');
  });

  it('to what the port does not have', async () => {
    expect(await refusal(make({ internal_ip_address: '10.0.0.99' }))).toContain('is not suitable');
    const bare = await f.port(world.inside.id, { fixed_ips: [] });
    expect(await refusal(make({ internal_port_id: bare.id }))).toContain('must allocate an IPv4 address');
    const missing = '6467eb18-75ae-4530-a39a-ed5c639f2c1f';
    expect((await failure(make({ internal_port_id: missing }))).type).toBe('PortNotFound');
  });

  it('to ports of others, and to those that no router connects', async () => {
    const apart = await f.network();
    await f.subnet(apart.id, { cidr: '10.9.0.0/24' });
    const far = await f.port(apart.id, { fixed_ips: [{ ip_address: '10.9.0.9' }] });
    const there = { internal_port_id: far.id, internal_ip_address: '10.9.0.9' };
    expect(await refusal(make(there))).toContain('is not reachable');
    const foreign = await f.port(world.inside.id, { project_id: 'p2', fixed_ips: [{ ip_address: '10.0.0.40' }] });
    const others = { internal_port_id: foreign.id, internal_ip_address: '10.0.0.40' };
    expect(await refusal(make(others, member('p1')))).toContain('different tenant');
  });

  it('through another router than the first one’s', async () => {
    await make();
    const second = await f.network();
    await connect(f, await f.subnet(second.id, { cidr: '10.9.0.0/24' }), world.outside);
    const far = await f.port(second.id, { fixed_ips: [{ ip_address: '10.9.0.9' }] });
    const there = { internal_port_id: far.id, internal_ip_address: '10.9.0.9', external_port: 99 };
    expect(await refusal(make(there))).toContain('had been set on router');
  });

  it('where floating IP or port lead to each other as a whole', async () => {
    const other = await f.port(world.inside.id);
    const bound = await makeFip({ port_id: other.id });
    expect((await failure(of(bound.id).create!(f.context, body()))).type).toBe('FloatingIPPortAlreadyAssociated');
    await make();
    expect(await refusal(of(bound.id).create!(f.context, body()))).toContain('collision');
    const there = {
      internal_port_id: other.id,
      internal_ip_address: other.fixed_ips[0]!.ip_address,
      external_port: 80,
    };
    expect((await failure(make(there))).type).toBe('PortHasBindingFloatingIP');
  });
});

describe('a floating IP with forwardings', () => {
  it('leads to no port, and stays', async () => {
    await make();
    const other = await f.port(world.inside.id);
    const inUse = {
      type: 'FipInUseByPortForwarding',
      message: `Floating IP ${fip.id} in use by Port Forwarding resources.`,
    };
    expect(await failure(fips().update!(f.context, fip.id, { port_id: other.id }))).toEqual(inUse);
    expect(await failure(fips().delete!(f.context, fip.id))).toEqual(inUse);
    expect(await fips().update!(f.context, fip.id, { port_id: null })).toMatchObject({ router_id: world.router });
  });
});

describe('the port behind forwardings', () => {
  it('takes them along', async () => {
    const { id } = await make();
    await pushes();
    await f.plugin.collections.ports.delete!(f.context, guest.id);
    expect(await all(of())).toEqual([]);
    expect(await fips().get(f.context, fip.id)).toMatchObject({ router_id: null });
    expect(
      (await pushes()).map(({ args }) => [args.event_type, args.resource_list[0]['versioned_object.data'].id]),
    ).toEqual([['deleted', id]]);
  });

  it('loses those to an address that it loses', async () => {
    await make();
    const kept = await make({ external_port: 80, internal_port: 80, internal_ip_address: '10.0.0.21' });
    await f.plugin.collections.ports.update!(f.context, guest.id, { fixed_ips: [{ ip_address: '10.0.0.21' }] });
    expect(await all(of())).toEqual([kept]);
  });
});

describe('what agents are told of forwardings', () => {
  it('is what the real server says, field by field', async () => {
    const [created] = captured('36').filter(({ exchange }) => exchange.startsWith('neutron-vo-PortForwarding'));
    const [deleted] = captured('37').filter(({ exchange }) => exchange.startsWith('neutron-vo-PortForwarding'));
    const made = await make();
    const [told] = await pushes();
    await update(made.id, { external_port: 2223 });
    const [changed] = await pushes();
    await of().delete!(f.context, made.id);
    const [gone] = await pushes();
    const keysOf = (args: unknown) => {
      const { event_type, resource_list } = args as { event_type: string; resource_list: VersionedObject[] };
      return [event_type, ...Object.keys(resource_list[0]!['versioned_object.data']).sort()];
    };
    for (const [ours, theirs] of [
      [told!, created!],
      [gone!, deleted!],
    ] as const) {
      expect(ours.to).toBe(theirs.exchange);
      expect(keysOf(ours.args)).toEqual(keysOf(theirs.oslo_message.args));
    }
    expect(told!.args.resource_list[0]['versioned_object.data']).toMatchObject({
      ...{ floatingip_id: fip.id, floating_ip_address: fip.floating_ip_address, router_id: world.router },
      ...{ external_port: 2222, external_port_range: '2222:2222', internal_ip_address: '10.0.0.20' },
    });
    expect(changed!.args).toMatchObject({ event_type: 'updated' });
    expect(gone!.args.resource_list[0]['versioned_object.data']).toMatchObject({ router_id: world.router });
  });

  it('can be asked for by floating IP', async () => {
    const made = await make();
    const ask = (filter_kwargs: object) =>
      f.ask('bulk_pull', { resource_type: 'PortForwarding', version: '1.3', filter_kwargs });
    const found = await ask({ floatingip_id: [fip.id] });
    expect(found.map((object: VersionedObject) => object['versioned_object.data'].id)).toEqual([made.id]);
    expect(await ask({ floatingip_id: [world.router] })).toEqual([]);
  });
});

it('needs routers', async () => {
  const bare = createFixture({ service: { service_plugins: ['port_forwarding'] } });
  expect((await failure(bare as Promise<unknown>)).type).toBe('DriverConfigurationError');
});
