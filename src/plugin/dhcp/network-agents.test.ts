import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Agent, Network } from '../../resources/shapes.ts';
import { FinishedJson, type Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure } from '../fixture.ts';

let f: Fixture;
let network: Network;
let one: Agent;
let other: Agent;
beforeEach(async () => {
  f = await createFixture({ core: { network_auto_schedule: false } });
  await f.dhcpAgent('host1');
  await f.dhcpAgent('host2', { resource_versions: { Port: '1.1' } });
  network = await f.network();
  [one, other] = (await all(f.plugin.collections.agents, { sorts: [{ key: 'host', direction: 'asc' }] })) as [
    Agent,
    Agent,
  ];
});
afterEach(() => f[Symbol.asyncDispose]());

const ask = (route: string, params: Record<string, string>, input: Input = {}) =>
  // biome-ignore lint/suspicious/noExplicitAny: answers of all routes
  f.plugin.routes[route]!({ context: f.context, params, input, parameters: [], ifRevision: null }) as Promise<any>;
const networksOf = (id: string) => ask('GET agents/{id}/dhcp-networks', { id });
const agentsOf = (id: string) => ask('GET networks/{id}/dhcp-agents', { id });
const add = (id: string, network_id = network.id) => ask('POST agents/{id}/dhcp-networks', { id }, { network_id });
const remove = (id: string, network_id = network.id) =>
  ask('DELETE agents/{id}/dhcp-networks/{network_id}', { id, network_id });

describe('the DHCP agents of a network', () => {
  it('are chosen by hand, and told', async () => {
    expect(await networksOf(one.id)).toEqual([]);
    expect(await agentsOf(network.id)).toEqual([]);
    expect(await add(one.id)).toBeNull();
    await add(other.id);
    expect(await f.told()).toMatchObject([
      { to: 'dhcp_agent.host1', method: 'network_create_end', args: { payload: { network: { id: network.id } } } },
      { to: 'dhcp_agent.host2', method: 'network_create_end' },
    ]);
    expect(await networksOf(one.id)).toMatchObject([{ id: network.id, name: 'net' }]);
    const agents: (Agent & { resource_versions: unknown })[] = await agentsOf(network.id);
    expect(agents.toSorted((a, b) => (a.host < b.host ? -1 : 1))).toMatchObject([
      { id: one.id, host: 'host1', alive: true, resource_versions: {} },
      { id: other.id, host: 'host2', resource_versions: { Port: '1.1' } },
    ]);
  });

  it('lose it, and leave their port to the next', async () => {
    await add(one.id);
    const subnet = await f.subnet(network.id);
    const port = await f.ask('create_dhcp_port', {
      host: 'host1',
      port: {
        port: {
          network_id: network.id,
          tenant_id: 'p1',
          device_id: `dhcp-${network.id}`,
          fixed_ips: [{ subnet_id: subnet.id }],
          admin_state_up: true,
        },
      },
    });
    await f.told();
    await remove(one.id);
    const told = await f.told();
    expect(told).toContainEqual(expect.objectContaining({ to: 'dhcp_agent.host1', method: 'network_delete_end' }));
    expect(await agentsOf(network.id)).toEqual([]);
    expect(await f.plugin.collections.ports.get(f.context, port.id)).toMatchObject({
      device_id: 'reserved_dhcp_port',
      fixed_ips: port.fixed_ips,
    });
  });

  it('are agents for DHCP, enabled, each once', async () => {
    await add(one.id);
    expect(await failure(add(one.id))).toEqual({
      type: 'NetworkHostedByDHCPAgent',
      message: `The network ${network.id} has been already hosted by the DHCP Agent ${one.id}.`,
    });
    expect(await failure(remove(other.id))).toEqual({
      type: 'NetworkNotHostedByDhcpAgent',
      message: `The network ${network.id} is not hosted by the DHCP Agent ${other.id}.`,
    });
    await f.plugin.collections.agents.update!(f.context, other.id, { admin_state_up: false });
    const invalid = (id: string) => ({
      type: 'InvalidDHCPAgent',
      message: `Agent ${id} is not a valid DHCP Agent or has been disabled.`,
    });
    expect(await failure(add(other.id))).toEqual(invalid(other.id));
    await f.bridgeAgent('host9');
    const bridge = (await all(f.plugin.collections.agents)).find(({ host }) => host === 'host9')!;
    expect(await failure(add(bridge.id))).toEqual(invalid(bridge.id));
  });

  it('and networks must be there', async () => {
    expect((await failure(networksOf('nothing'))).type).toBe('AgentNotFound');
    expect((await failure(remove('nothing'))).type).toBe('AgentNotFound');
    expect((await failure(add('nothing'))).type).toBe('AgentNotFound');
    expect((await failure(add(one.id, 'nothing'))).type).toBe('NetworkNotFound');
    expect(await agentsOf('nothing')).toEqual([]);
  });

  it('may be many: a long list comes as finished text', async () => {
    const { networks } = f.plugin.collections;
    const many = await networks.createBulk!(f.context, Array(60).fill({ project_id: 'p1', name: 'n' }));
    for (const { id } of many) await add(one.id, id);
    const list = await networksOf(one.id);
    expect(list).toBeInstanceOf(FinishedJson);
    expect(JSON.parse(new TextDecoder().decode(list.bytes))).toHaveLength(60);
  });
});

it('without traditional DHCP there is nothing to schedule', async () => {
  await using plain = await createFixture({ core: { enable_traditional_dhcp: false } });
  expect(plain.plugin.extensions).not.toContain('dhcp_agent_scheduler');
  expect(plain.plugin.routes).not.toHaveProperty(['GET networks/{id}/dhcp-agents']);
});
