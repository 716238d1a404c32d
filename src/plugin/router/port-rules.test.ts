import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Input } from '../contract.ts';
import { all, failure, member } from '../fixture.ts';
import { gateway, type Lan, RouterFixture } from './router-fixture.ts';

let r: RouterFixture;
let lan: Lan;
let id: string;
let port_id: string;

beforeEach(async () => {
  r = await RouterFixture.make();
  lan = await r.lan();
  ({ id } = await r.router());
  ({ port_id } = await r.add(id, { subnet_id: lan.subnet.id }));
});
afterEach(() => r[Symbol.asyncDispose]());

const p1 = member('p1');
const p2 = member('p2');
const ports = () => r.f.plugin.collections.ports;
const update = (changes: Input, port = port_id, context = r.f.context) => ports().update!(context, port, changes);

describe('the port of an interface', () => {
  it('is not deleted by hand', async () => {
    expect(await failure(ports().delete!(p1, port_id))).toEqual({
      type: 'ServicePortInUse',
      message: `Port ${port_id} cannot be deleted directly via the port API: has device owner network:router_interface.`,
    });
    expect((await failure(ports().delete!(p2, port_id))).type).toBe('PortNotFound');
  });

  it('belongs to the router until it is taken from it', async () => {
    for (const changes of [{ device_id: '' }, { device_owner: 'compute:nova' }, { device_id: 'x', device_owner: '' }]) {
      expect((await failure(update(changes))).type).toBe('ServicePortInUse');
    }
    await update({ device_id: id, device_owner: 'network:router_interface', name: 'inside' });
  });

  it('keeps its IPv4 address', async () => {
    const refused = {
      type: 'BadRequest',
      message: `Bad ports request: IP updates for port ${port_id} are not allowed.`,
    };
    for (const fixed_ips of [
      [{ ip_address: '10.0.0.9' }],
      [],
      [{ subnet_id: lan.subnet.id }, { subnet_id: lan.subnet.id }],
    ]) {
      expect(await failure(update({ fixed_ips }))).toEqual(refused);
    }
    const same = [{ ip_address: '10.0.0.1' }];
    expect(await update({ fixed_ips: same })).toMatchObject({ fixed_ips: same });
    const six = await r.f.subnet(lan.network.id, { ip_version: 6, cidr: '2001:db8::/64' });
    await update({ fixed_ips: [{ ip_address: '10.0.0.1' }, { subnet_id: six.id }] });
  });

  it('leaves no IPv6 subnet that something leads to, and joins none whose addresses the router has elsewhere', async () => {
    const six = { ip_version: 6, cidr: '2001:db8::/64' };
    const own = await r.f.subnet(lan.network.id, six);
    const other = await r.lan('10.0.9.0/24');
    const twin = await r.f.subnet(other.network.id, six);
    const { port_id: beside } = await r.add(id, { subnet_id: own.id });
    const { port_id: second } = await r.add(id, { subnet_id: other.subnet.id });
    const joined = [{ ip_address: '10.0.9.1' }, { subnet_id: twin.id }];
    expect((await failure(update({ fixed_ips: joined }, second, p1))).message).toContain('overlaps with cidr');
    const routes = [{ destination: '2001:db8:9::/48', nexthop: '2001:db8::9' }];
    await r.update(id, { routes });
    expect((await failure(update({ fixed_ips: [] }, beside, p1))).type).toBe('RouterInterfaceInUseByRoute');
    await update({ fixed_ips: [{ ip_address: '2001:db8::7' }] }, beside, p1);
    await r.update(id, { routes: [] });
    await update({ fixed_ips: [] }, beside, p1);
    expect(await update({ fixed_ips: joined }, second, p1)).toMatchObject({ id: second });
  });

  it('may be renamed, switched off and given a description', async () => {
    expect(await update({ name: 'x', admin_state_up: false }, port_id, p1)).toMatchObject({ admin_state_up: false });
  });
});

describe('the port of a gateway', () => {
  it('is not deleted by hand, and may get another address', async () => {
    const world = await r.world();
    await r.update(id, gateway(world.network.id));
    const [port] = await all(ports(), { filters: { device_owner: ['network:router_gateway'] } });
    expect((await failure(ports().delete!(r.f.context, port!.id))).type).toBe('ServicePortInUse');
    await update({ fixed_ips: [{ ip_address: '198.51.100.77' }] }, port!.id);
    expect((await r.show(id)).external_gateway_info).toMatchObject({
      external_fixed_ips: [{ ip_address: '198.51.100.77' }],
    });
  });
});

describe('other ports', () => {
  it('do not become those of other projects’ routers', async () => {
    const network = await r.f.network({ project_id: 'p2' });
    const pretended = { device_owner: 'network:router_interface', device_id: id };
    const refused = {
      type: 'DeviceIDNotOwnedByTenant',
      message: `The following device_id ${id} is not owned by your tenant or matches another tenants router.`,
    };
    const input = { network_id: network.id, project_id: 'p2' };
    expect(await failure(ports().create!(p2, { ...input, ...pretended }))).toEqual(refused);
    const port = await ports().create!(p2, { ...input, device_owner: 'network:router_interface' });
    expect(await failure(update({ device_id: id }, port.id, p2))).toEqual(refused);
    const own = await r.router({ project_id: 'p2' });
    await update({ device_id: own.id }, port.id, p2);
    await ports().delete!(p2, port.id);
  });

  it('of others on a network are no interfaces of its owner’s router', async () => {
    const { id: port } = await r.f.port(lan.network.id, { project_id: 'p2' });
    const other = await r.router();
    expect((await failure(r.add(other.id, { port_id: port }, p1))).type).toBe('DeviceIDNotOwnedByTenant');
    const own = await r.f.port(lan.network.id);
    expect(await r.add(other.id, { port_id: own.id }, p1)).toMatchObject({ port_id: own.id });
    await ports().delete!(p2, port);
  });

  it('that only say so are deleted like any', async () => {
    const port = await r.f.port(lan.network.id, { device_owner: 'network:router_interface', device_id: id });
    await ports().delete!(p1, port.id);
    const floating = await r.f.port(lan.network.id, { device_owner: 'network:floatingip', device_id: 'gone' });
    await ports().delete!(p1, floating.id);
  });

  it('that hold a floating address stay, and keep it', async () => {
    const world = await r.world();
    const guest = await r.f.port(lan.network.id, { fixed_ips: [{ ip_address: '10.0.0.9' }] });
    await r.floats(id, world, { port_id: guest.id, address: '10.0.0.9' });
    const [held] = await all(ports(), { filters: { device_owner: ['network:floatingip'] } });
    expect((await failure(ports().delete!(r.f.context, held!.id))).type).toBe('ServicePortInUse');
    for (const changes of [
      { device_owner: '' },
      { device_id: 'x' },
      { fixed_ips: [] },
      { fixed_ips: [{ ip_address: '198.51.100.98' }] },
    ]) {
      expect((await failure(update(changes, held!.id))).type).toBe('ServicePortInUse');
    }
    const same = { fixed_ips: [{ ip_address: '198.51.100.99' }], device_owner: 'network:floatingip', name: 'outside' };
    expect(await update(same, held!.id)).toMatchObject({ fixed_ips: held!.fixed_ips, name: 'outside' });
  });
});
