import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Agent } from '../../resources/shapes.ts';
import { all, createFixture, type Fixture, failure, type Options } from '../fixture.ts';
import { attach, type Routed, routed } from '../floatingip/routed.ts';

let f: Fixture;

afterEach(() => f[Symbol.asyncDispose]());

async function begin(options: Options = {}): Promise<void> {
  f = await createFixture({ ...options, service: { service_plugins: ['router'] } });
}

const call = (name: string, params: Record<string, string>, input = {}) =>
  f.plugin.routes[name]!({ context: f.context, params, input, parameters: [], ifRevision: null });
const agentsOf = (id: string) =>
  call('GET routers/{id}/l3-agents', { id }) as Promise<(Agent & { ha_state: string | null })[]>;
const hostsOf = async (id: string) => (await agentsOf(id)).map(({ host }) => host);
const routersOf = async (id: string) =>
  ((await call('GET agents/{id}/l3-routers', { id })) as { id: string }[]).map((router) => router.id);
const add = (id: string, router_id: string) => call('POST agents/{id}/l3-routers', { id }, { router_id });
const remove = (id: string, router_id: string) => call('DELETE agents/{id}/l3-routers/{router_id}', { id, router_id });
const agentOn = async (host: string, agent_type = 'L3 agent') =>
  (await all(f.plugin.collections.agents, { filters: { host: [host], agent_type: [agent_type] } }))[0]!;
const newRouter = async (input = {}) =>
  ((await f.plugin.collections.routers!.create!(f.context, { project_id: 'p1', name: '', ...input })) as { id: string })
    .id;

/** A router with an interface: it has its agents then. */
async function served(input = {}): Promise<string> {
  const id = await newRouter(input);
  const network = await f.network();
  await attach(f, id, { subnet_id: (await f.subnet(network.id)).id });
  return id;
}

describe('a router', () => {
  beforeEach(() => begin());

  it('gets its agent with its first interface, not before, and that one hears of it', async () => {
    await f.l3Agent();
    const id = await newRouter();
    expect(await agentsOf(id)).toEqual([]);
    const network = await f.network();
    await f.told();
    await attach(f, id, { subnet_id: (await f.subnet(network.id)).id });
    expect(await agentsOf(id)).toMatchObject([{ host: 'host1', ha_state: null, resource_versions: {} }]);
    expect(await f.told()).toContainEqual({ to: 'l3_agent.host1', method: 'routers_updated', args: { routers: [id] } });
    expect(await f.plugin.collections.routers!.get(f.context, id)).toMatchObject({ availability_zones: ['nova'] });
  });

  it('gets its agent with its first gateway as well', async () => {
    await f.l3Agent();
    const world = await f.network({ 'router:external': true });
    await f.subnet(world.id, { cidr: '198.51.100.0/24' });
    expect(await hostsOf(await newRouter({ external_gateway_info: { network_id: world.id } }))).toEqual(['host1']);
  });

  it('goes to the agent with the fewest routers, and stays there', async () => {
    for (const host of ['host1', 'host2', 'host3']) await f.l3Agent(host);
    const routers = [];
    for (let i = 0; i < 6; i += 1) routers.push(await served());
    const hosts = await Promise.all(routers.map(async (id) => (await hostsOf(id)).join()));
    expect(hosts.toSorted()).toEqual(['host1', 'host1', 'host2', 'host2', 'host3', 'host3']);
    const network = await f.network();
    await attach(f, routers[0]!, { subnet_id: (await f.subnet(network.id, { cidr: '10.2.0.0/24' })).id });
    expect(await hostsOf(routers[0]!)).toEqual([hosts[0]]);
  });

  it.each([
    [
      'dead',
      async () => {
        await f.l3Agent();
        f.clock.nowMs += 100_000;
      },
    ],
    [
      'switched off',
      async () => {
        await f.l3Agent();
        await f.plugin.collections.agents.update!(f.context, (await agentOn('host1')).id, { admin_state_up: false });
      },
    ],
    ['for what is distributed', () => f.l3Agent('host1', { agent_mode: 'dvr' })],
    ['for routers with a way outside', () => f.l3Agent('host1', { handle_internal_only_routers: false })],
    ['for one other router', () => f.l3Agent('host1', { router_id: 'b0c1d2e3-0000-4000-8000-000000000000' })],
  ])('does not go to an agent that is %s', async (_, make) => {
    await make();
    expect(await agentsOf(await served())).toEqual([]);
    expect(await f.askL3('get_router_ids', { host: 'host1' })).toEqual([]);
  });

  it('goes to an agent of the zones that it names', async () => {
    await f.l3Agent('host1', {}, { availability_zone: 'az1' });
    await f.l3Agent('host2', {}, { availability_zone: 'az2' });
    for (let i = 0; i < 2; i += 1)
      expect(await hostsOf(await served({ availability_zone_hints: ['az2'] }))).toEqual(['host2']);
    expect(await hostsOf(await served())).toEqual(['host1']);
  });

  it('that nobody serves is not found by who asks for its agents under a wrong id', async () => {
    const id = 'b0c1d2e3-0000-4000-8000-000000000000';
    expect((await failure(agentsOf(id))).type).toBe('RouterNotFound');
    expect((await failure(routersOf(id))).type).toBe('AgentNotFound');
  });
});

describe('by hand a router', () => {
  beforeEach(async () => {
    await begin();
    await f.l3Agent('host1');
    await f.l3Agent('host2');
    await f.told();
  });

  it('is given to an agent, which hears of it; again makes no difference', async () => {
    const id = await newRouter();
    const agent = await agentOn('host2');
    await f.told();
    expect(await add(agent.id, id)).toBeNull();
    expect(await f.told()).toEqual([
      { to: 'l3_agent.host2', method: 'router_added_to_agent', args: { payload: [id] } },
    ]);
    expect(await routersOf(agent.id)).toEqual([id]);
    expect(await add(agent.id, id)).toBeNull();
    expect(await f.told()).toEqual([]);
  });

  it('is taken from its agent, which hears of it; a second time makes no difference', async () => {
    const id = await served();
    const [agent] = await agentsOf(id);
    await f.told();
    for (let time = 1; time <= 2; time += 1) {
      expect(await remove(agent!.id, id)).toBeUndefined();
      expect(await f.told()).toEqual([
        { to: `l3_agent.${agent!.host}`, method: 'router_removed_from_agent', args: { payload: { router_id: id } } },
      ]);
      expect(await agentsOf(id)).toEqual([]);
    }
  });

  it('that has an agent cannot have another one', async () => {
    const id = await served();
    const [agent] = await agentsOf(id);
    const other = await agentOn(agent!.host === 'host1' ? 'host2' : 'host1');
    expect(await failure(add(other.id, id))).toEqual({
      type: 'RouterHostedByL3Agent',
      message: `The router ${id} has been already hosted by the L3 Agent ${agent!.id}.`,
    });
  });

  it('is refused to what is no L3 agent, is switched off, cannot serve it or is not there', async () => {
    const id = await newRouter();
    const unknown = 'b0c1d2e3-0000-4000-8000-000000000000';
    await f.dhcpAgent('host3');
    await f.l3Agent('host4', { handle_internal_only_routers: false });
    await f.l3Agent('host5', { agent_mode: 'dvr' });
    const off = await agentOn('host2');
    await f.plugin.collections.agents.update!(f.context, off.id, { admin_state_up: false });
    const type = async (agent: string, router = id) => (await failure(add(agent, router))).type;
    expect(await type((await agentOn('host3', 'DHCP agent')).id)).toBe('InvalidL3Agent');
    expect(await type(off.id)).toBe('InvalidL3Agent');
    expect(await type((await agentOn('host4')).id)).toBe('InvalidL3Agent');
    expect(await type((await agentOn('host5')).id)).toBe('DVRL3CannotAssignToDvrAgent');
    expect((await failure(remove((await agentOn('host5')).id, id))).type).toBe('DVRL3CannotRemoveFromDvrAgent');
    expect(await type(unknown)).toBe('AgentNotFound');
    expect(await type((await agentOn('host1')).id, unknown)).toBe('RouterNotFound');
    expect((await failure(remove((await agentOn('host1')).id, unknown))).type).toBe('RouterNotFound');
    expect(await agentsOf(id)).toEqual([]);
  });
});

describe('without router_auto_schedule', () => {
  beforeEach(() => begin({ l3Agent: { router_auto_schedule: false } }));

  it('an agent that asks gets no router that nobody serves', async () => {
    const id = await served();
    await f.l3Agent();
    expect(await f.askL3('get_router_ids', { host: 'host1' })).toEqual([]);
    expect(await agentsOf(id)).toEqual([]);
  });
});

describe('of the ports of a router', () => {
  let world: Routed;
  beforeEach(async () => {
    await begin();
    for (const host of ['host1', 'host2']) {
      await f.bridgeAgent(host);
      await f.l3Agent(host);
    }
    world = await routed(f);
  });

  it('all go to the host of the agent that has it now', async () => {
    const [agent] = await agentsOf(world.router);
    const other = agent!.host === 'host1' ? 'host2' : 'host1';
    const hosts = async () => {
      const ports = await all(f.plugin.collections.ports, { filters: { device_id: [world.router] } });
      return ports.map((port) => `${port['binding:host_id']} ${port['binding:vif_type']}`);
    };
    const sync = (host: string) => f.askL3('sync_routers', { host, router_ids: [world.router] });
    await sync(agent!.host);
    expect(await hosts()).toEqual([`${agent!.host} bridge`, `${agent!.host} bridge`]);
    await remove(agent!.id, world.router);
    await add((await agentOn(other)).id, world.router);
    expect(await sync(agent!.host)).toEqual([]);
    expect(await sync(other)).toMatchObject([{ gw_port_host: other }]);
    expect(await hosts()).toEqual([`${other} bridge`, `${other} bridge`]);
  });
});
