import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentsHosting } from '../../db/write/network-agents.ts';
import { all, createFixture, type Fixture, failure } from '../fixture.ts';

let f: Fixture;
beforeEach(async () => {
  f = await createFixture();
});
afterEach(() => f[Symbol.asyncDispose]());

const hosts = async (networkId: string) => (await agentsHosting(f.database.db, [networkId])).map(({ host }) => host);
const active = (host: string) => f.ask('get_active_networks_info', { host, enable_dhcp_filter: false });

describe('heartbeats', () => {
  it('make an agent new, alive, and revived', async () => {
    expect(await f.bridgeAgent()).toBe('new');
    f.clock.nowMs += 75_000;
    expect(await f.bridgeAgent()).toBe('alive');
    f.clock.nowMs += 76_000;
    expect((await all(f.plugin.collections.agents))[0]!.alive).toBe(false);
    expect(await f.bridgeAgent()).toBe('revived');
    expect((await all(f.plugin.collections.agents))[0]).toMatchObject({
      agent_type: 'Linux bridge agent',
      binary: 'neutron-linuxbridge-agent',
      topic: 'N/A',
      host: 'host1',
      alive: true,
      admin_state_up: true,
      availability_zone: 'nova',
      configurations: { interface_mappings: { public: 'eth0' } },
      created_at: '2026-11-23 12:00:00',
      started_at: '2026-11-23 12:00:00',
      heartbeat_timestamp: '2026-11-23 12:02:31',
    });
  });

  it('note a new start', async () => {
    await f.dhcpAgent();
    f.clock.nowMs += 10_000;
    await f.dhcpAgent('host1', { start_flag: true, configurations: { networks: 7 } });
    const [agent] = await all(f.plugin.collections.agents);
    expect(agent).toMatchObject({ started_at: '2026-11-23 12:00:10', configurations: { networks: 7 } });
  });

  it('from before this server started are ignored', async () => {
    const state = { agent_type: 'DHCP agent', binary: 'b', host: 'h', topic: 't', configurations: {} };
    const time = '2026-11-23T11:00:00.000000';
    const answer = await f.transport.tell('q-reports-plugin', 'report_state', {
      agent_state: { agent_state: state },
      time,
    });
    expect(answer).toBeNull();
    expect(await all(f.plugin.collections.agents)).toEqual([]);
  });

  it('of a clock that is far off are taken, with a complaint', async () => {
    const state = {
      agent_type: 'DHCP agent',
      binary: 'b',
      host: 'h',
      topic: 't',
      configurations: {},
      start_flag: true,
    };
    const time = '2026-11-23T13:00:00.000000';
    const answer = await f.transport.tell('q-reports-plugin', 'report_state', {
      agent_state: { agent_state: state },
      time,
    });
    expect(answer).toBe('new');
    expect(f.complaints).toMatchObject([{ level: 'error', fields: { host: 'h', seconds: 3600 } }]);
  });

  it('of a clock that is an hour behind are taken, and complained of once', async () => {
    const report = () => {
      const time = `${new Date(f.clock.nowMs - 3_600_000).toISOString().slice(0, -1)}000`;
      const state = { agent_type: 'DHCP agent', binary: 'b', host: 'h', topic: 't', configurations: {} };
      return f.transport.tell('q-reports-plugin', 'report_state', { agent_state: { agent_state: state }, time });
    };
    const answers: unknown[] = [];
    for (let i = 0; i < 4; i++) {
      answers.push(await report());
      f.clock.nowMs += 30_000;
    }
    // The first might have waited in the queue since before the server started.
    expect(answers).toEqual([null, 'new', 'alive', 'alive']);
    expect(f.complaints).toMatchObject([{ level: 'error', fields: { host: 'h', seconds: 3600 } }]);
    expect((await all(f.plugin.collections.agents))[0]).toMatchObject({ alive: true });
  });

  it('of two servers at once register one agent', async () => {
    await using second = await createFixture({}, { database: f.database });
    const answers = await Promise.all([f.dhcpAgent(), second.dhcpAgent(), f.dhcpAgent()]);
    expect(answers.toSorted()).toEqual(['alive', 'alive', 'new']);
    expect((await all(f.plugin.collections.agents)).length).toBe(1);
  });
});

describe('administration', () => {
  it('switches and describes agents, and tells a DHCP agent of it', async () => {
    await f.dhcpAgent();
    const [agent] = await all(f.plugin.collections.agents);
    const { agents } = f.plugin.collections;
    expect(await agents.update!(f.context, agent!.id, { description: 'x' })).toMatchObject({ description: 'x' });
    expect(await f.told()).toEqual([]);
    expect((await agents.update!(f.context, agent!.id, { admin_state_up: false })).admin_state_up).toBe(false);
    expect(await f.told()).toEqual([
      { to: 'dhcp_agent.host1', method: 'agent_updated', args: { payload: { admin_state_up: false } } },
    ]);
  });

  it('removes agents; one that lives comes back', async () => {
    await f.dhcpAgent();
    const [agent] = await all(f.plugin.collections.agents);
    await f.plugin.collections.agents.delete!(f.context, agent!.id);
    expect(await failure(f.plugin.collections.agents.get(f.context, agent!.id))).toEqual({
      type: 'AgentNotFound',
      message: `Agent ${agent!.id} could not be found.`,
    });
    expect((await failure(f.plugin.collections.agents.delete!(f.context, agent!.id))).type).toBe('AgentNotFound');
    expect(await f.dhcpAgent()).toBe('new');
  });
});

describe('availability zones', () => {
  it('are those of the agents that serve networks, available while one of them is', async () => {
    const zones = f.plugin.collections.availability_zones!;
    expect(await all(zones)).toEqual([]);
    await f.bridgeAgent();
    await f.dhcpAgent('host1');
    await f.dhcpAgent('host2', { availability_zone: 'other' });
    f.clock.nowMs += 76_000;
    await f.dhcpAgent('host3');
    expect(await all(zones)).toEqual([
      { name: 'nova', resource: 'network', state: 'available' },
      { name: 'other', resource: 'network', state: 'unavailable' },
    ]);
    await f.dhcpAgent('host4', { agent_type: 'L3 agent' });
    expect(await all(zones, { filters: { resource: ['router'] } })).toEqual([
      { name: 'nova', resource: 'router', state: 'available' },
    ]);
    expect(await all(zones, { filters: { state: ['unavailable'] }, fields: ['name'] })).toEqual([{ name: 'other' }]);
    expect((await failure(zones.get(f.context, 'nova'))).type).toBe('AvailabilityZoneNotFound');
  });
});

describe('DHCP scheduling', () => {
  it('waits for the first subnet or port, and takes the agent with least to do', async () => {
    await f.dhcpAgent('host1');
    await f.dhcpAgent('host2');
    const networks = [await f.network(), await f.network(), await f.network(), await f.network()];
    expect(await hosts(networks[0]!.id)).toEqual([]);
    for (const { id } of networks.slice(0, 3)) await f.subnet(id);
    await f.port(networks[3]!.id);
    const served = await Promise.all(networks.map(({ id }) => hosts(id)));
    expect(served.flat().toSorted()).toEqual(['host1', 'host1', 'host2', 'host2']);
  });

  it('passes over agents that are dead or switched off', async () => {
    await f.dhcpAgent('host1');
    f.clock.nowMs += 76_000;
    await f.dhcpAgent('host2');
    const off = (await all(f.plugin.collections.agents)).find(({ host }) => host === 'host2')!;
    await f.plugin.collections.agents.update!(f.context, off.id, { admin_state_up: false });
    const { id } = await f.network();
    await f.subnet(id);
    expect(await hosts(id)).toEqual([]);
    await f.dhcpAgent('host3');
    await f.port(id);
    expect(await hosts(id)).toEqual(['host3']);
  });

  it('gives what nobody serves to an agent that asks for its networks', async () => {
    const { id } = await f.network();
    await f.subnet(id);
    const other = await f.network();
    await f.subnet(other.id, { enable_dhcp: false });
    await f.dhcpAgent();
    expect((await active('host1')).map((network: { id: string }) => network.id)).toEqual([id]);
    expect(await active('nobody')).toEqual([]);
  });

  it('leaves an agent that is switched off without networks', async () => {
    await f.dhcpAgent();
    const { id } = await f.network();
    await f.subnet(id);
    const [agent] = await all(f.plugin.collections.agents);
    await f.plugin.collections.agents.update!(f.context, agent!.id, { admin_state_up: false });
    expect(await active('host1')).toEqual([]);
  });
});
