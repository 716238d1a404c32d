import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../support/api.ts';
import { brokenInvariants } from '../support/invariants.ts';
import { type Ask, post, raiseServerPair, type ServerPair } from '../support/server-pair.ts';

/** Two server processes on one database: who serves a router, and its VRRP id, when all ask at once. */
const CLIENTS = 8;
const HOSTS = ['host1', 'host2', 'host3', 'host4'];
let pair: ServerPair;

beforeAll(async () => {
  pair = await raiseServerPair(
    { DEFAULT: { service_plugins: 'router' }, quotas: { default_quota: -1, quota_router: -1, quota_network: -1 } },
    HOSTS.map((host) => ({
      ...{ agent_type: 'L3 agent', binary: 'neutron-l3-agent', topic: 'l3_agent', host, availability_zone: 'nova' },
      configurations: { agent_mode: 'legacy', handle_internal_only_routers: true },
    })),
  );
});
afterAll(() => pair?.[Symbol.asyncDispose]());
afterEach(async () => expect(await pair.look(brokenInvariants)).toEqual([]));

const router = (input: Json = {}): Ask => post('routers', { name: 'r', project_id: 'p1', ...input });
const agentsOf = async (id: string): Promise<Json[]> =>
  (await pair.send(0, ['GET', `routers/${id}/l3-agents`])).body.agents;
const agents = async (): Promise<Json[]> => pair.list('agents', '?agent_type=L3%20agent');

describe('of many at once', () => {
  it('one interface after the other gives a router one agent', async () => {
    const { id } = await pair.create('routers', { name: 'r' });
    const subnets: Json[] = [];
    for (let i = 0; i < CLIENTS; i += 1) {
      const network = await pair.create('networks', { name: 'n' });
      subnets.push(await pair.create('subnets', { network_id: network.id, ip_version: 4, cidr: `10.0.${i}.0/24` }));
    }
    const add = (i: number): Ask => ['PUT', `routers/${id}/add_router_interface`, { subnet_id: subnets[i]!.id }];
    expect(await pair.atOnce(CLIENTS, add)).toEqual({ 200: CLIENTS });
    expect(await agentsOf(id)).toHaveLength(1);
  });

  it('one gives a router to its agent', async () => {
    const { id } = await pair.create('routers', { name: 'r' });
    const all = await agents();
    const give = (i: number): Ask => ['POST', `agents/${all[i % all.length]!.id}/l3-routers`, { router_id: id }];
    const counts = await pair.atOnce(CLIENTS, give);
    // The second request for the agent that has it makes no difference.
    expect(counts).toEqual({ 201: 2, '409 RouterHostedByL3Agent': CLIENTS - 2 });
    expect(await agentsOf(id)).toHaveLength(1);
  });

  it('all HA routers get their agents and an id of their own, on one network', async () => {
    expect(await pair.atOnce(CLIENTS, () => router({ ha: true }))).toEqual({ 201: CLIENTS });
    const made = await pair.list('routers', '?project_id=p1');
    for (const { id } of made) expect(await agentsOf(id)).toHaveLength(3);
    expect(await pair.list('networks', '?name=HA%20network%20tenant%20p1')).toHaveLength(1);
    const counts = await pair.atOnce(CLIENTS, (i) => ['DELETE', `routers/${made[i]!.id}`]);
    expect(counts).toEqual({ 204: CLIENTS });
    expect(await pair.list('networks', '?name=HA%20network%20tenant%20p1')).toEqual([]);
  });

  it('HA routers come and go without losing the network of those that stay', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { id } = await pair.create('routers', { name: 'r', project_id: 'p2', ha: true });
      const ask = (i: number): Ask => (i === 0 ? ['DELETE', `routers/${id}`] : router({ project_id: 'p2', ha: true }));
      expect(await pair.atOnce(2, ask)).toEqual({ 201: 1, 204: 1 });
      const [left, ...more] = await pair.list('routers', '?project_id=p2');
      expect(more).toEqual([]);
      expect(await agentsOf(left!.id)).toHaveLength(3);
      expect(await pair.list('networks', '?name=HA%20network%20tenant%20p2')).toHaveLength(1);
      await pair.send(0, ['DELETE', `routers/${left!.id}`]);
    }
  });
});
