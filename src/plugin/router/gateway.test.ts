import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Router } from '../../resources/shapes.ts';
import { all, failure, member } from '../fixture.ts';
import { gateway, type Lan, RouterFixture } from './router-fixture.ts';

let r: RouterFixture;
let world: Lan;

beforeEach(async () => {
  r = await RouterFixture.make();
  world = await r.world();
});
afterEach(() => r[Symbol.asyncDispose]());

const p1 = member('p1');
const bad = (msg: string) => ({ type: 'BadRequest', message: `Bad router request: ${msg}.` });
const portsOf = (id: string) => all(r.f.plugin.collections.ports, { filters: { device_id: [id] } });
const addressOf = ({ external_gateway_info: info }: Router) => info!.external_fixed_ips[0]!.ip_address;

describe('a gateway', () => {
  it('is a port of nobody on the external network', async () => {
    const { id } = await r.router();
    const set = await r.update(id, gateway(world.network.id), p1);
    expect(set.external_gateway_info).toEqual({
      network_id: world.network.id,
      enable_snat: true,
      external_fixed_ips: [{ subnet_id: world.subnet.id, ip_address: expect.stringMatching(/^198\.51\.100\./) }],
    });
    expect(await portsOf(id)).toMatchObject([{ device_owner: 'network:router_gateway', project_id: '' }]);
    expect(await all(r.f.plugin.collections.ports, {}, p1)).toEqual([]);
    expect((await r.update(id, { external_gateway_info: null }, p1)).external_gateway_info).toBeNull();
    expect(await portsOf(id)).toEqual([]);
  });

  it('comes with a router that asks for it, and goes with the router', async () => {
    const { id, external_gateway_info } = await r.router(gateway(world.network.id), p1);
    expect(external_gateway_info).toMatchObject({ network_id: world.network.id });
    await r.routers.delete(p1, id);
    expect(await portsOf(id)).toEqual([]);
  });

  it('that cannot be had leaves no router behind', async () => {
    const { network } = await r.lan();
    expect(await failure(r.router(gateway(network.id)))).toEqual(
      bad(`Network ${network.id} is not an external network`),
    );
    const nobody = '00000000-0000-0000-0000-000000000000';
    expect((await failure(r.router(gateway(nobody)))).type).toBe('NetworkNotFound');
    expect(await all(r.routers)).toEqual([]);
  });

  it('is not where guests find their metadata, asked for or by chance', async () => {
    const metadata = bad('169.254.169.254 is where guests find their metadata');
    const at = { gateway_ip: '169.254.169.253', enable_dhcp: false };
    const { network } = await r.world('169.254.169.252/30', at);
    expect(await failure(r.router(gateway(network.id)))).toEqual(metadata);
    const wide = await r.world('169.254.168.0/23');
    const external_fixed_ips = [{ ip_address: '169.254.169.254' }];
    expect(await failure(r.router(gateway(wide.network.id, { external_fixed_ips })))).toEqual(metadata);
    const { id } = await r.router(gateway(wide.network.id, { external_fixed_ips: [{ ip_address: '169.254.169.9' }] }));
    expect((await failure(r.update(id, gateway(wide.network.id, { external_fixed_ips })))).type).toBe('BadRequest');
    const [port] = await portsOf(id);
    const move = r.f.plugin.collections.ports.update!(r.f.context, port!.id, { fixed_ips: external_fixed_ips });
    expect((await failure(move)).type).toBe('BadRequest');
    expect(addressOf(await r.show(id))).toBe('169.254.169.9');
  });

  it('has the addresses that are asked for', async () => {
    const { network, subnet } = world;
    const { id } = await r.router(gateway(network.id, { external_fixed_ips: [{ ip_address: '198.51.100.77' }] }));
    expect(addressOf(await r.show(id))).toBe('198.51.100.77');
    const same = { external_fixed_ips: [{ subnet_id: subnet.id, ip_address: '198.51.100.77' }] };
    const before = (await r.show(id)).revision_number;
    expect(await r.update(id, gateway(network.id, same))).toMatchObject({ revision_number: before });
    const [port] = await portsOf(id);
    const moved = await r.update(id, gateway(network.id, { external_fixed_ips: [{ ip_address: '198.51.100.78' }] }));
    expect(addressOf(moved)).toBe('198.51.100.78');
    expect((await portsOf(id))[0]!.id).toBe(port!.id);
    const own = { external_fixed_ips: [{ ip_address: '198.51.100.1' }] };
    expect(await failure(r.update(id, gateway(network.id, own)))).toEqual(
      bad('External IP 198.51.100.1 is the same as the gateway IP'),
    );
    const taken = r.router(gateway(network.id, { external_fixed_ips: [{ ip_address: '198.51.100.78' }] }));
    expect((await failure(taken)).type).toBe('IpAddressAlreadyAllocated');
  });

  it('hides what is behind it when it is told to, else as is configured', async () => {
    const { network } = world;
    const { id } = await r.router(gateway(network.id, { enable_snat: false }));
    expect((await r.show(id)).external_gateway_info!.enable_snat).toBe(false);
    expect((await r.update(id, gateway(network.id))).external_gateway_info!.enable_snat).toBe(true);
    await r[Symbol.asyncDispose]();
    r = await RouterFixture.make({ router: { enable_snat_by_default: false } });
    const other = await r.router(gateway((await r.world()).network.id));
    expect(other.external_gateway_info!.enable_snat).toBe(false);
  });

  it('leads to another network when that is asked for', async () => {
    const { id } = await r.router(gateway(world.network.id));
    const other = await r.world('203.0.113.0/24');
    const { external_gateway_info } = await r.update(id, gateway(other.network.id));
    expect(external_gateway_info).toMatchObject({ network_id: other.network.id });
    expect(await portsOf(id)).toHaveLength(1);
  });

  it('has no address in common with what is behind it', async () => {
    const { id } = await r.router();
    const { subnet } = await r.lan('198.51.100.128/25');
    await r.add(id, { subnet_id: subnet.id });
    expect((await failure(r.update(id, gateway(world.network.id)))).message).toContain('overlaps with cidr');
    expect((await r.show(id)).external_gateway_info).toBeNull();
  });

  it('knows no policy where there is none for gateways', async () => {
    const refused = await failure(r.router(gateway(world.network.id, { qos_policy_id: null })));
    expect(refused).toEqual({
      type: 'HTTPBadRequest',
      message: 'Invalid input for external_gateway_info. Reason: Unexpected keys supplied: qos_policy_id.',
    });
  });

  it('may have no address on a network without subnets', async () => {
    const network = await r.f.network({ 'router:external': true });
    const { external_gateway_info } = await r.router(gateway(network.id));
    expect(external_gateway_info).toMatchObject({ network_id: network.id, external_fixed_ips: [] });
  });

  it('says when there are no addresses left', async () => {
    const { network } = await r.world('203.0.113.0/30');
    await r.router(gateway(network.id));
    expect((await failure(r.router(gateway(network.id)))).type).toBe('IpAddressGenerationFailure');
  });

  it('gives the router an agent', async () => {
    await r.f.l3Agent('host1', {}, { availability_zone: 'nova' });
    const { id } = await r.router();
    await r.update(id, gateway(world.network.id));
    expect((await r.show(id)).availability_zones).toEqual(['nova']);
  });
});

describe('a gateway that is used', () => {
  it('by floating addresses stays, and its router with it', async () => {
    const { id } = await r.router(gateway(world.network.id));
    const lan = await r.lan();
    const guest = await r.f.port(lan.network.id, { fixed_ips: [{ ip_address: '10.0.0.9' }] });
    await r.add(id, { subnet_id: lan.subnet.id });
    await r.floats(id, world, { port_id: guest.id, address: '10.0.0.9' });
    const other = await r.world('203.0.113.0/24');
    for (const changes of [{ external_gateway_info: null }, gateway(other.network.id)]) {
      expect(await failure(r.update(id, changes))).toEqual({
        type: 'RouterExternalGatewayInUseByFloatingIp',
        message: `Gateway cannot be updated for router ${id}, since a gateway to external network ${world.network.id} is required by one or more floating IPs.`,
      });
    }
    expect(await r.update(id, gateway(world.network.id, { enable_snat: false }))).toMatchObject({ id });
  });

  it('by routes stays, unless they go with it', async () => {
    const { id } = await r.router(gateway(world.network.id));
    const routes = [{ destination: '10.9.0.0/16', nexthop: '198.51.100.200' }];
    await r.update(id, { routes });
    expect((await failure(r.update(id, { external_gateway_info: null }))).type).toBe('InvalidRoutes');
    expect(await r.update(id, { external_gateway_info: null, routes: [] })).toMatchObject({ routes: [] });
    expect(await r.update(id, { ...gateway(world.network.id), routes })).toMatchObject({ routes });
  });

  it('keeps its subnet', async () => {
    await r.router(gateway(world.network.id));
    const { subnets, networks } = r.f.plugin.collections;
    expect((await failure(subnets.delete!(r.f.context, world.subnet.id))).type).toBe('SubnetInUse');
    expect((await failure(networks.delete!(r.f.context, world.network.id))).type).toBe('NetworkInUse');
  });
});

describe('an external network', () => {
  it('stays external while routers lead there', async () => {
    const { id } = await r.router(gateway(world.network.id));
    const inside = () =>
      r.f.plugin.collections.networks.update!(r.f.context, world.network.id, { 'router:external': false });
    expect(await failure(inside())).toEqual({
      type: 'ExternalNetworkInUse',
      message: `External network ${world.network.id} cannot be updated to be made non-external, since it has existing gateway ports.`,
    });
    await r.update(id, { external_gateway_info: null });
    expect(await inside()).toMatchObject({ 'router:external': false });
  });

  it('stays open to projects whose routers lead there', async () => {
    const policies = r.f.plugin.collections.rbac_policies!;
    const { id } = await r.router(gateway(world.network.id));
    const [everybody] = await all<{ id: string }>(policies, { filters: { object_id: [world.network.id] } });
    const close = () => policies.delete!(r.f.context, everybody!.id);
    expect(await failure(close())).toMatchObject({
      type: 'RbacPolicyInUse',
      message: expect.stringContaining('routers attached to this network'),
    });
    const entry = { object_type: 'network', object_id: world.network.id, action: 'access_as_external' };
    const own = await policies.create!(r.f.context, { ...entry, target_tenant: 'p1', project_id: 'admin' });
    await close();
    expect((await failure(policies.delete!(r.f.context, own.id))).type).toBe('RbacPolicyInUse');
    await r.update(id, { external_gateway_info: null });
    await policies.delete!(r.f.context, own.id);
    expect(await r.f.plugin.collections.networks.get(r.f.context, world.network.id)).toMatchObject({
      'router:external': false,
    });
  });

  it('stays external for the routers of its own project', async () => {
    const policies = r.f.plugin.collections.rbac_policies!;
    await r.router({ project_id: 'admin', ...gateway(world.network.id) });
    const [everybody] = await all<{ id: string }>(policies, { filters: { object_id: [world.network.id] } });
    expect((await failure(policies.delete!(r.f.context, everybody!.id))).type).toBe('ExternalNetworkInUse');
  });

  it('gets no subnet with the addresses over which HA routers speak while such a router leads there', async () => {
    const { id } = await r.router({ ha: true, ...gateway(world.network.id) });
    const widen = () => r.f.subnet(world.network.id, { project_id: 'admin', cidr: '169.254.200.0/24' });
    expect(await failure(widen())).toMatchObject({
      type: 'BadRequest',
      message: expect.stringContaining('over which HA routers speak'),
    });
    await r.update(id, { external_gateway_info: null });
    expect(await widen()).toMatchObject({ cidr: '169.254.200.0/24' });
  });

  it('with a new subnet gives gateways an address of the other IP version', async () => {
    const { id } = await r.router(gateway(world.network.id));
    const more = { project_id: 'admin' };
    await r.f.subnet(world.network.id, { ...more, cidr: '203.0.113.0/24' });
    expect((await r.show(id)).external_gateway_info!.external_fixed_ips).toHaveLength(1);
    const six = await r.f.subnet(world.network.id, { ...more, ip_version: 6, cidr: '2001:db8::/64' });
    expect((await r.show(id)).external_gateway_info!.external_fixed_ips).toMatchObject([
      { subnet_id: world.subnet.id },
      { subnet_id: six.id },
    ]);
  });
});
