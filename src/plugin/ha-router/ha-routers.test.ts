import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Agent, Network, Router } from '../../resources/shapes.ts';
import type { WireRouter } from '../../rpc/contract.ts';
import type { Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, member, type Options } from '../fixture.ts';
import { attach } from '../floatingip/routed.ts';

let f: Fixture;
const HOSTS = ['host1', 'host2', 'host3', 'host4'];

beforeEach(() => begin());
afterEach(() => f[Symbol.asyncDispose]());

async function begin(options: Options = {}): Promise<void> {
  if (f) await f[Symbol.asyncDispose]();
  f = await createFixture({ ...options, service: { service_plugins: ['router'] } });
  for (const host of HOSTS) {
    await f.bridgeAgent(host);
    await f.l3Agent(host);
  }
}

const routers = () => f.plugin.collections.routers!;
const haRouter = (input: Input = {}) =>
  routers().create!(f.context, { project_id: 'p1', name: '', ha: true, ...input }) as Promise<Router>;
const haNetwork = async (project = 'p1') =>
  (await all<Network>(f.plugin.collections.networks, { filters: { name: [`HA network tenant ${project}`] } }))[0];
const haPorts = (id: string) =>
  all(f.plugin.collections.ports, { filters: { device_id: [id], device_owner: ['network:router_ha_interface'] } });
const call = (name: string, params: Record<string, string>, input = {}) =>
  f.plugin.routes[name]!({ context: f.context, params, input, parameters: [], ifRevision: null });
const agentsOf = (id: string) =>
  call('GET routers/{id}/l3-agents', { id }) as Promise<(Agent & { ha_state: string })[]>;
const states = async (id: string) =>
  Object.fromEntries((await agentsOf(id)).map(({ host, ha_state }) => [host, ha_state]));
const sync = async (host: string, id: string): Promise<WireRouter | undefined> =>
  (await f.askL3('sync_routers', { host, router_ids: [id] }))[0];
const report = (host: string, id: string, state: string) =>
  f.askL3('update_ha_routers_states', { host, states: { [id]: state } });
const vrIds = async () =>
  (await f.database.db.selectFrom('routers').select('ha_vr_id').execute()).map(({ ha_vr_id }) => ha_vr_id);

describe('an HA router', () => {
  it('is served by three agents at once, each with a port on the hidden network of its project', async () => {
    const { id } = await haRouter();
    const network = (await haNetwork())!;
    expect(network).toMatchObject({ project_id: '', admin_state_up: true, shared: false });
    const [subnet] = await all(f.plugin.collections.subnets, { filters: { network_id: [network.id] } });
    expect(subnet).toMatchObject({
      ...{
        name: 'HA subnet tenant p1',
        cidr: '169.254.192.0/18',
        gateway_ip: null,
        enable_dhcp: false,
        project_id: '',
      },
    });
    const agents = await agentsOf(id);
    expect(agents.map(({ host }) => host)).toEqual(['host1', 'host2', 'host3']);
    expect(agents.every(({ ha_state }) => ha_state === 'standby')).toBe(true);
    const ports = await haPorts(id);
    expect(ports).toHaveLength(3);
    expect(ports[0]).toMatchObject({ network_id: network.id, project_id: '', name: 'HA port tenant p1' });
    const ofHost2 = await sync('host2', id);
    expect(ofHost2).toMatchObject({
      ...{ ha: true, _ha_state: 'standby' },
      _ha_interface: { 'binding:host_id': 'host2', 'binding:vif_type': 'bridge', mtu: 1500 },
    });
    expect((await sync('host3', id))!._ha_interface!.id).not.toBe(ofHost2!._ha_interface!.id);
    expect(await sync('host4', id)).toBeUndefined();
    expect(await f.askL3('get_host_ha_router_count', { host: 'host1' })).toBe(1);
    expect(await f.askL3('get_host_ha_router_count', { host: 'host4' })).toBe(0);
  });

  it('gets agents later where there are too few at first', async () => {
    await begin({ l3Agent: { max_l3_agents_per_router: 0 } });
    const { id } = await haRouter();
    expect(Object.keys(await states(id))).toHaveLength(4);
    await f.l3Agent('host5');
    expect(await f.askL3('get_router_ids', { host: 'host5' })).toEqual([id]);
    expect(Object.keys(await states(id))).toHaveLength(5);
    expect(await sync('host5', id)).toHaveProperty('_ha_interface');
  });

  it('has its ports where it is active, and takes them along', async () => {
    const { id } = await haRouter();
    const inside = await f.network();
    await attach(f, id, { subnet_id: (await f.subnet(inside.id)).id });
    const host = async () =>
      (await all(f.plugin.collections.ports, { filters: { network_id: [inside.id], device_id: [id] } }))[0]!;
    expect(await host()).toMatchObject({ device_owner: 'network:ha_router_replicated_interface' });
    await sync('host1', id);
    expect(await host()).toMatchObject({ 'binding:host_id': '' });
    await report('host2', id, 'active');
    expect(await host()).toMatchObject({ 'binding:host_id': 'host2', 'binding:vif_type': 'bridge' });
    expect(await states(id)).toEqual({ host1: 'standby', host2: 'active', host3: 'standby' });
    await sync('host1', id);
    expect(await host()).toMatchObject({ 'binding:host_id': 'host2' });
    await report('host2', id, 'backup');
    await report('host3', id, 'primary');
    expect(await host()).toMatchObject({ 'binding:host_id': 'host3' });
    expect(await states(id)).toEqual({ host1: 'standby', host2: 'standby', host3: 'active' });
    expect(await sync('host3', id)).toMatchObject({ _ha_state: 'active' });
  });

  it('has its ports back where it is active when the cut is healed that made two hosts active', async () => {
    const { id } = await haRouter();
    const inside = await f.network();
    await attach(f, id, { subnet_id: (await f.subnet(inside.id)).id });
    const host = async () =>
      (await all(f.plugin.collections.ports, { filters: { network_id: [inside.id], device_id: [id] } }))[0]![
        'binding:host_id'
      ];
    await report('host1', id, 'active');
    await report('host2', id, 'active');
    expect(await host()).toBe('host2');
    await report('host2', id, 'standby');
    expect(await host()).toBe('host1');
    // What stands by elsewhere moves nothing.
    await report('host3', id, 'standby');
    expect(await host()).toBe('host1');
  });

  it('has its ports wired where it stands by, too, which says nothing of their status', async () => {
    const { id } = await haRouter();
    const inside = await f.network();
    await attach(f, id, { subnet_id: (await f.subnet(inside.id)).id });
    await report('host2', id, 'active');
    const [port] = await all(f.plugin.collections.ports, { filters: { network_id: [inside.id], device_id: [id] } });
    const ask = async (host: string) =>
      (await f.ask('get_devices_details_list', { devices: [port!.id], agent_id: 'lb', host }))[0];
    const status = async () => (await f.plugin.collections.ports.get(f.context, port!.id)).status;
    expect(await ask('host3')).toMatchObject({ port_id: port!.id, network_id: inside.id, network_type: 'local' });
    await f.ask('update_device_up', { device: port!.id, agent_id: 'lb', host: 'host3' });
    expect(await status()).toBe('DOWN');
    expect(await ask('host4')).toEqual({ device: port!.id });
    await ask('host2');
    expect(await status()).toBe('BUILD');
    await ask('host1');
    await f.ask('update_device_up', { device: port!.id, agent_id: 'lb', host: 'host2' });
    await ask('host3');
    await f.ask('update_device_down', { device: port!.id, agent_id: 'lb', host: 'host3' });
    expect(await status()).toBe('ACTIVE');
  });

  it('is not active on an agent that is dead: standby while others live, unknown where none does', async () => {
    const { id } = await haRouter();
    await report('host1', id, 'active');
    f.clock.nowMs += 100_000;
    await f.l3Agent('host2');
    expect(await states(id)).toEqual({ host1: 'standby', host2: 'standby', host3: 'standby' });
    f.clock.nowMs += 100_000;
    expect(await states(id)).toMatchObject({ host1: 'unknown' });
    await f.l3Agent('host1');
    expect(await states(id)).toMatchObject({ host1: 'active' });
  });

  it('is told to its agents when one of its ports there is wired', async () => {
    const { id } = await haRouter();
    const port = (await sync('host1', id))!._ha_interface!;
    await f.told();
    await f.ask('update_device_up', { device: port.id, agent_id: 'lb', host: 'host1' });
    expect(await f.told()).toContainEqual({ to: 'l3_agent.host1', method: 'routers_updated', args: { routers: [id] } });
    await f.askL3('update_all_ha_network_port_statuses', { host: 'host1' });
    expect(await f.plugin.collections.ports.get(f.context, port.id)).toMatchObject({ status: 'DOWN' });
  });

  it('loses the port of an agent that it is taken from, and gets one for another', async () => {
    const { id } = await haRouter();
    const [first] = await agentsOf(id);
    await f.told();
    await call('DELETE agents/{id}/l3-routers/{router_id}', { id: first!.id, router_id: id });
    expect(await haPorts(id)).toHaveLength(2);
    expect(await sync('host1', id)).toBeUndefined();
    const [fourth] = await all(f.plugin.collections.agents, {
      filters: { host: ['host4'], agent_type: ['L3 agent'] },
    });
    await call('POST agents/{id}/l3-routers', { id: fourth!.id }, { router_id: id });
    expect(await haPorts(id)).toHaveLength(3);
    expect(await sync('host4', id)).toHaveProperty('_ha_interface');
    const heard = (await f.told()).filter(({ method }) => method.startsWith('router_')).map(({ to }) => to);
    expect(heard).toEqual(['l3_agent.host1', 'l3_agent.host4']);
  });
});

it('an HA router is taken from an agent by whomever policy lets, with a port that is nobody’s', async () => {
  const { id } = await haRouter();
  const [first] = await agentsOf(id);
  const params = { id: first!.id, router_id: id };
  const given = { params, input: {}, parameters: [], ifRevision: null };
  await f.plugin.routes['DELETE agents/{id}/l3-routers/{router_id}']!({ context: member('ops'), ...given });
  expect(await haPorts(id)).toHaveLength(2);
});

it('an HA router loses the port of an agent that is deleted', async () => {
  const { id } = await haRouter();
  const [first] = await agentsOf(id);
  await f.told();
  await f.plugin.collections.agents.delete!(f.context, first!.id);
  expect(await haPorts(id)).toHaveLength(2);
  expect((await agentsOf(id)).map(({ id: agent }) => agent)).not.toContain(first!.id);
  expect(await f.told()).toContainEqual({
    to: `l3_agent.${first!.host}`,
    method: 'router_removed_from_agent',
    args: { payload: { router_id: id } },
  });
});

describe('the HA network of a project', () => {
  it('goes with its last HA router, and each project has its own', async () => {
    const [one, two] = [await haRouter(), await haRouter()];
    const other = await haRouter({ project_id: 'p2' });
    expect((await haNetwork('p2'))!.id).not.toBe((await haNetwork())!.id);
    await routers().delete!(f.context, one.id);
    expect(await haNetwork()).toBeDefined();
    await routers().delete!(f.context, two.id);
    expect(await haNetwork()).toBeUndefined();
    expect(await haNetwork('p2')).toBeDefined();
    await routers().delete!(f.context, other.id);
    expect(await all(f.plugin.collections.networks)).toEqual([]);
    expect(await all(f.plugin.collections.ports)).toEqual([]);
  });

  it('comes and goes with its routers: at no moment could a server end and leave it behind', async () => {
    const transaction = f.database.transaction.bind(f.database);
    const leftBehind: unknown[] = [];
    f.database.transaction = async (work, options) => {
      const result = await transaction(work, options);
      const networks = await f.database.db.selectFrom('networks').select('id').execute();
      const used = await f.database.db.selectFrom('ha_router_vrid_allocations').select('network_id').execute();
      leftBehind.push(...networks.filter(({ id }) => !used.some(({ network_id }) => network_id === id)));
      return result;
    };
    const { id } = await haRouter();
    await routers().update!(f.context, id, { admin_state_up: false, ha: false });
    await routers().update!(f.context, id, { ha: true });
    await routers().delete!(f.context, id);
    await failure(haRouter({ external_gateway_info: { network_id: randomUUID() } }));
    expect(leftBehind).toEqual([]);
    expect(await all(f.plugin.collections.networks)).toEqual([]);
  });

  it('is seen by no project, nor has a port of one', async () => {
    await haRouter();
    const { id: network_id } = (await haNetwork())!;
    const { networks, ports } = f.plugin.collections;
    expect((await failure(networks.get(member('p1'), network_id))).type).toBe('NetworkNotFound');
    const port = ports.create!(member('p1'), { network_id, project_id: 'p1' });
    expect((await failure(port)).type).toBe('NetworkNotFound');
  });

  it('is made once by routers that are made at once', async () => {
    await Promise.all([1, 2, 3, 4, 5].map(() => haRouter()));
    const named = await all(f.plugin.collections.networks, { filters: { name: ['HA network tenant p1'] } });
    expect(named).toHaveLength(1);
    expect(new Set(await vrIds()).size).toBe(5);
  });

  it('cannot be deleted by hand while routers need it', async () => {
    for (const host of HOSTS) await f.l3Agent(host, { agent_mode: 'dvr' });
    const { id } = await haRouter();
    expect(await agentsOf(id)).toEqual([]);
    const { id: network } = (await haNetwork())!;
    expect((await failure(f.plugin.collections.networks.delete!(f.context, network))).type).toBe('NetworkInUse');
    await routers().delete!(f.context, id);
    expect(await haNetwork()).toBeUndefined();
  });

  it('is of the kind that the operator names', async () => {
    await begin({
      l3Agent: { l3_ha_network_type: 'flat', l3_ha_network_physical_name: 'public', l3_ha_net_cidr: '169.254.64.0/24' },
    });
    await haRouter();
    expect(await haNetwork()).toMatchObject({
      'provider:network_type': 'flat',
      'provider:physical_network': 'public',
    });
    const [subnet] = await all(f.plugin.collections.subnets);
    expect(subnet).toMatchObject({ cidr: '169.254.64.0/24' });
  });

  it('has room for 254 routers', async () => {
    const { id } = await haRouter();
    const network_id = (await haNetwork())!.id;
    const [first] = await vrIds();
    await f.database.transaction(async (tx) => {
      for (let vr_id = 1; vr_id <= 254; vr_id += 1) {
        if (vr_id !== first) await tx.insertInto('ha_router_vrid_allocations').values({ network_id, vr_id }).execute();
      }
    });
    expect((await failure(haRouter())).type).toBe('NoVRIDAvailable');
    await routers().delete!(f.context, id);
    await haRouter();
    expect(await vrIds()).toEqual([first]);
  });
});

describe('a router that is switched off', () => {
  it('becomes highly available, and ceases to be', async () => {
    const { id } = (await routers().create!(f.context, { project_id: 'p1', name: '' })) as Router;
    const inside = await f.network();
    await attach(f, id, { subnet_id: (await f.subnet(inside.id)).id });
    const [single] = await agentsOf(id);
    await f.told();
    await routers().update!(f.context, id, { admin_state_up: false, ha: true });
    expect(Object.keys(await states(id))).toHaveLength(3);
    expect(await haPorts(id)).toHaveLength(3);
    const port = async () =>
      (await all(f.plugin.collections.ports, { filters: { network_id: [inside.id], device_id: [id] } }))[0]!;
    expect(await port()).toMatchObject({ device_owner: 'network:ha_router_replicated_interface' });
    expect(await f.told()).toContainEqual({
      to: `l3_agent.${single!.host}`,
      method: 'router_removed_from_agent',
      args: { payload: { router_id: id } },
    });
    await routers().update!(f.context, id, { ha: false });
    expect(await agentsOf(id)).toMatchObject([{ ha_state: null }]);
    expect(await haPorts(id)).toEqual([]);
    expect(await port()).toMatchObject({ device_owner: 'network:router_interface' });
    expect(await haNetwork()).toBeUndefined();
    expect(await vrIds()).toEqual([0]);
  });
});
