import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordingDatabase } from '../../../test/support/recorded-statements.ts';
import { temporaryDatabase } from '../../db/temporary.ts';
import { readOnlyContext } from '../../lib/context.ts';
import type { WireRouter } from '../../rpc/contract.ts';
import { all, createFixture, type Fixture, failure, type Options } from '../fixture.ts';
import { attach, connect, type Routed, routed } from '../floatingip/routed.ts';

let f: Fixture;
let world: Routed;

beforeEach(() => begin());
afterEach(() => f[Symbol.asyncDispose]());

async function begin(options: Options = {}): Promise<void> {
  f = await createFixture({ ...options, service: { service_plugins: ['router', 'qos'] } });
  await f.bridgeAgent();
  await f.l3Agent();
  world = await routed(f);
}

const ids = (host = 'host1'): Promise<string[]> => f.askL3('get_router_ids', { host });
const sync = (host = 'host1', router_ids: string[] = []): Promise<WireRouter[]> =>
  f.askL3('sync_routers', { host, router_ids });
const floatingIp = async () => {
  const port = await f.port(world.inside.id);
  return f.plugin.collections.floatingips!.create!(f.context, {
    project_id: 'p1',
    floating_network_id: world.outside.id,
    port_id: port.id,
  }) as Promise<{ id: string; status: string }>;
};
const shownAddress = (id: string) => f.plugin.collections.floatingips!.get(f.context, id);

/** What a real server answered to sync_routers. */
function answered(scenario: string): WireRouter[] {
  const file = new URL(`../../../test/data/rpc-captures/${scenario}.json`, import.meta.url);
  const messages = JSON.parse(readFileSync(file, 'utf8')).messages.map((m: { oslo_message: object }) => m.oslo_message);
  const asked = messages.find(({ method }: { method?: string }) => method === 'sync_routers');
  return messages.find((m: { _msg_id?: string; method?: string }) => m._msg_id === asked._msg_id && !m.method).result;
}

/** Members of a value and what kinds of things they are; text is text. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (value === null || typeof value !== 'object') return value === null ? null : typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, member]) => [key, shape(member)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

describe('routers as L3 agents are told of them', () => {
  it('are those a real server tells of, member by member', async () => {
    const dns_nameservers = ['192.0.2.54'];
    await f.plugin.collections.subnets.update!(f.context, world.insideSubnet.id, { dns_nameservers });
    await floatingIp();
    await ids();
    const [ours] = await sync();
    const [theirs] = answered('34-floatingip-create-associate');
    const known = shape(theirs) as Record<string, unknown>;
    const found = shape(ours) as typeof known;
    // The real server's network there has an IPv6 subnet besides. How floating IPs are counted in its tables nobody reads.
    const { standard_attr_id: _, ...address } = (known._floatingips as Record<string, unknown>[])[0]!;
    expect(found).toMatchObject({
      ...known,
      _interfaces: [{ ...(known._interfaces as object[])[0], extra_subnets: [] }],
      _floatingips: [address],
    });
    // Ours alone: extensions that were not loaded there.
    const more = Object.keys(found).filter((key) => !(key in known));
    expect(more.sort()).toEqual(['conntrack_helpers', 'enable_ndp_proxy']);
  });

  it('have their ports with what is around them', async () => {
    const pool = await f.plugin.collections.address_scopes!.create!(f.context, {
      project_id: 'p1',
      name: 'scope',
      ip_version: 4,
      shared: false,
    });
    const subnetpool = await f.plugin.collections.subnetpools!.create!(f.context, {
      ...{ project_id: 'p1', name: 'pool', prefixes: ['10.7.0.0/16'], address_scope_id: pool.id, shared: false },
      ...{ default_prefixlen: 24, min_prefixlen: 8, max_prefixlen: 32, is_default: false, default_quota: null },
    });
    const network = await f.network();
    const subnet = await f.subnet(network.id, {
      subnetpool_id: subnetpool.id,
      cidr: '10.7.3.0/24',
      dns_nameservers: ['192.0.2.5'],
    });
    await attach(f, world.router, { subnet_id: subnet.id });
    await f.subnet(world.outside.id, { cidr: '203.0.113.0/24', enable_dhcp: false, project_id: 'admin' });
    await ids();
    const [router] = await sync();
    expect(router).toMatchObject({ id: world.router, enable_snat: true, gw_port_host: 'host1' });
    expect(router!.gw_port).toMatchObject({
      'binding:host_id': 'host1',
      subnets: [{ id: world.outsideSubnet.id, cidr: '198.18.210.0/24', gateway_ip: '198.18.210.1' }],
      extra_subnets: [{ cidr: '203.0.113.0/24' }],
      address_scopes: { 4: null, 6: null },
      mtu: 1500,
    });
    const legs = router!._interfaces!.toSorted((a) => (a.network_id === network.id ? 1 : -1));
    expect(legs).toMatchObject([
      { network_id: world.inside.id, fixed_ips: [{ ip_address: '10.0.0.1', prefixlen: 24 }] },
      {
        network_id: network.id,
        fixed_ips: [{ ip_address: '10.7.3.1', prefixlen: 24 }],
        subnets: [{ id: subnet.id, dns_nameservers: ['192.0.2.5'], subnetpool_id: subnetpool.id }],
        address_scopes: { 4: pool.id, 6: null },
      },
    ]);
  });

  it('have no member for what they lack', async () => {
    const { id } = (await f.plugin.collections.routers!.create!(f.context, {
      project_id: 'p1',
      name: '',
    })) as WireRouter;
    const router = (await ids().then(() => sync())).find((one) => one.id === id)!;
    expect(router).toMatchObject({ external_gateway_info: null, gw_port_id: null, gw_port_host: null });
    for (const key of ['gw_port', 'enable_snat', '_interfaces', '_floatingips', '_ha_interface']) {
      expect(router).not.toHaveProperty(key);
    }
  });

  it('are left out while they are switched off, and where another host serves them', async () => {
    await ids();
    await f.l3Agent('host2');
    expect(await sync('host2', [world.router])).toEqual([]);
    await f.plugin.collections.routers!.update!(f.context, world.router, { admin_state_up: false });
    expect(await sync('host1', [world.router])).toEqual([]);
    expect(await ids()).toEqual([world.router]);
  });

  it('say with which address scope a floating address leads to its fixed one', async () => {
    const { id } = await floatingIp();
    await ids();
    const [router] = await sync();
    expect(router!._floatingips).toMatchObject([
      { id, fixed_ip_address_scope: null, port_details: { status: 'DOWN' } },
    ]);
  });

  it('are read in a number of statements that does not grow with them', async () => {
    await f[Symbol.asyncDispose]();
    const bare = await temporaryDatabase();
    const { recorded, statements } = await recordingDatabase(bare);
    f = await createFixture({ service: { service_plugins: ['router', 'qos'] } }, { database: recorded });
    await f.bridgeAgent();
    await f.l3Agent();
    world = await routed(f);
    const count = async () => {
      await f.plugin.idle();
      statements.length = 0;
      await sync();
      return statements.length;
    };
    const more = async (from: number, to: number) => {
      for (let i = from; i <= to; i += 1) {
        const network = await f.network();
        await connect(f, await f.subnet(network.id, { cidr: `10.1.${i}.0/24` }), world.outside);
      }
      await ids();
      return sync();
    };
    await more(1, 3);
    const few = await count();
    expect(await more(4, 7)).toHaveLength(8);
    expect(await count()).toBe(few);
    expect(few).toBeLessThan(35);
    await f.plugin.close();
    await bare.close();
  });
});

describe('an L3 agent', () => {
  it('that is unknown has no routers, and is told so when it asks for some', async () => {
    expect(await ids('nohost')).toEqual([]);
    expect(await failure(sync('nohost'))).toEqual({
      type: 'AgentNotFoundByTypeHost',
      message: 'Agent with agent_type=L3 agent and host=nohost could not be found.',
    });
  });

  it('that is switched off has none', async () => {
    await ids();
    const [agent] = await all(f.plugin.collections.agents, { filters: { agent_type: ['L3 agent'] } });
    await f.told();
    await f.plugin.collections.agents.update!(f.context, agent!.id, { admin_state_up: false });
    expect(await f.told()).toContainEqual({
      to: 'l3_agent.host1',
      method: 'agent_updated',
      args: { payload: { admin_state_up: false } },
    });
    expect(await ids()).toEqual([]);
    expect(await sync()).toEqual([]);
  });

  it('that only looks binds and schedules nothing', async () => {
    expect(await f.askL3('sync_routers', { host: 'host1' }, readOnlyContext())).toMatchObject([{ gw_port_host: null }]);
    const { id } = (await f.plugin.collections.routers!.create!(f.context, {
      project_id: 'p1',
      name: '',
    })) as WireRouter;
    expect(await f.askL3('get_router_ids', { host: 'host1' }, readOnlyContext())).not.toContain(id);
    expect(await ids()).toContain(id);
  });

  it('reports what became of floating addresses', async () => {
    const { id } = await floatingIp();
    await ids();
    const report = (status: string) =>
      f.askL3('update_floatingip_statuses', {
        router_id: world.router,
        fip_statuses: { [id]: status, unknown: 'ACTIVE' },
      });
    await report('ACTIVE');
    expect(await shownAddress(id)).toMatchObject({ status: 'ACTIVE' });
    await report('ERROR');
    expect(await shownAddress(id)).toMatchObject({ status: 'ERROR' });
  });
});

describe('a prefix that a router was delegated', () => {
  const pending = async () => {
    const network = await f.network();
    const subnet = await f.subnet(network.id, {
      ...{ ip_version: 6, cidr: undefined, subnetpool_id: 'prefix_delegation' },
      ...{ ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' },
    });
    await attach(f, world.router, { subnet_id: subnet.id });
    const guest = await f.port(network.id, { mac_address: 'fa:16:3e:00:00:07' });
    return { network, subnet, guest };
  };
  const shown = (id: string) => f.plugin.collections.subnets.get(f.context, id);

  it('is the subnet’s, and its ports have addresses of it', async () => {
    const { network, subnet, guest } = await pending();
    await ids();
    await f.told();
    await f.askL3('process_prefix_update', { subnets: { [subnet.id]: '2001:db8:7:1::/64' } });
    expect(await shown(subnet.id)).toMatchObject({ cidr: '2001:db8:7:1::/64', gateway_ip: '2001:db8:7:1::' });
    const { fixed_ips } = await f.plugin.collections.ports.get(f.context, guest.id);
    expect(fixed_ips).toEqual([{ subnet_id: subnet.id, ip_address: '2001:db8:7:1:f816:3eff:fe00:7' }]);
    const [leg] = (await sync())[0]!._interfaces!.filter(({ network_id }) => network_id === network.id);
    expect(leg!.fixed_ips).toMatchObject([{ ip_address: '2001:db8:7:1::', prefixlen: 64 }]);
    expect((await f.told()).map(({ to, method }) => `${to} ${method}`)).toContain('l3_agent.host1 routers_updated');
  });

  it('is not taken for another subnet, or where it is none', async () => {
    const { subnet } = await pending();
    const before = [await shown(subnet.id), await shown(world.insideSubnet.id)];
    const wrong = { [world.insideSubnet.id]: '2001:db8:7:1::/64', [subnet.id]: '2001:db8:7::/48', none: '::/64' };
    await f.askL3('process_prefix_update', { subnets: wrong });
    expect([await shown(subnet.id), await shown(world.insideSubnet.id)]).toEqual(before);
  });
});

describe('routers_updated', () => {
  const updated = async () => (await f.told()).filter(({ method }) => method === 'routers_updated');
  const toHost1 = [{ to: 'l3_agent.host1', method: 'routers_updated', args: { routers: [] as string[] } }];
  beforeEach(async () => {
    await ids();
    await sync();
    await f.told();
    toHost1[0]!.args.routers = [world.router];
  });

  it.each([
    ['a name', () => f.plugin.collections.routers!.update!(f.context, world.router, { name: 'other' })],
    ['a floating address', () => floatingIp()],
    ['a subnet inside', () => f.subnet(world.inside.id, { cidr: '10.1.0.0/24' })],
    ['a subnet outside', () => f.subnet(world.outside.id, { cidr: '203.0.113.0/24' })],
    [
      'name servers',
      () => f.plugin.collections.subnets.update!(f.context, world.insideSubnet.id, { dns_nameservers: ['192.0.2.1'] }),
    ],
    ['the MTU', () => f.plugin.collections.networks.update!(f.context, world.inside.id, { mtu: 1400 })],
  ])('follows %s', async (_, change) => {
    await change();
    expect(await updated()).toEqual(toHost1);
  });

  it('follows the address scope of a pool', async () => {
    const { address_scopes, subnetpools } = f.plugin.collections;
    const input = { project_id: 'p1', name: '', shared: false };
    const pool = await subnetpools!.create!(f.context, {
      ...{ ...input, prefixes: ['10.7.0.0/16'], is_default: false, default_quota: null },
      ...{ default_prefixlen: 24, min_prefixlen: 8, max_prefixlen: 32 },
    });
    const network = await f.network();
    const subnet = await f.subnet(network.id, { subnetpool_id: pool.id, cidr: '10.7.1.0/24' });
    await attach(f, world.router, { subnet_id: subnet.id });
    await f.told();
    const scope = await address_scopes!.create!(f.context, { ...input, ip_version: 4 });
    await subnetpools!.update!(f.context, pool.id, { address_scope_id: scope.id });
    expect(await updated()).toEqual(toHost1);
  });

  it('is not sent where nothing of routers changed', async () => {
    await f.plugin.collections.networks.update!(f.context, world.inside.id, { name: 'other' });
    await f.port(world.inside.id);
    expect(await updated()).toEqual([]);
  });

  it('goes once to a host, for all its routers', async () => {
    const network = await f.network();
    const second = await connect(f, await f.subnet(network.id, { cidr: '10.9.0.0/24' }), world.outside);
    await f.told();
    await f.subnet(world.outside.id, { cidr: '203.0.113.0/24' });
    const [message, ...more] = await updated();
    expect(message!.to).toBe('l3_agent.host1');
    expect(message!.args.routers.toSorted()).toEqual([world.router, second].toSorted());
    expect(more).toEqual([]);
  });

  it('is not sent to a dead agent', async () => {
    f.clock.nowMs += 100_000;
    await f.plugin.collections.routers!.update!(f.context, world.router, { name: 'other' });
    expect(await updated()).toEqual([]);
  });
});

it('router_deleted is told to all L3 agents', async () => {
  const { id } = (await f.plugin.collections.routers!.create!(f.context, { project_id: 'p1', name: '' })) as WireRouter;
  await f.told();
  await f.plugin.collections.routers!.delete!(f.context, id);
  expect(await f.told()).toEqual([{ to: 'l3_agent_fanout', method: 'router_deleted', args: { router_id: id } }]);
});
