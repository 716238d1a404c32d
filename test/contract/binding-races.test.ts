import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../support/api.ts';
import { brokenInvariants } from '../support/invariants.ts';
import { type Ask, outcome, raiseServerPair, type ServerPair } from '../support/server-pair.ts';

/** Two server processes on one database: ports that many want to bind at once. */
const HOSTS = ['host1', 'host2'];
const ROUTERS = 4;
const PORTS = 24;
let pair: ServerPair;

beforeAll(async () => {
  const bridges = HOSTS.map((host) => ({
    ...{ agent_type: 'Linux bridge agent', binary: 'neutron-linuxbridge-agent', topic: 'N/A', host },
    ...{ availability_zone: null, configurations: { interface_mappings: {} } },
  }));
  const router = {
    ...{ agent_type: 'L3 agent', binary: 'neutron-l3-agent', topic: 'l3_agent', host: 'host1' },
    ...{ availability_zone: 'nova', configurations: { agent_mode: 'legacy', handle_internal_only_routers: true } },
  };
  pair = await raiseServerPair(
    { DEFAULT: { service_plugins: 'router' }, quotas: { default_quota: -1, quota_router: -1 } },
    [...bridges, router],
  );
});
afterAll(() => pair?.[Symbol.asyncDispose]());
afterEach(async () => expect(await pair.look(brokenInvariants)).toEqual([]));

async function subnet(cidr: string): Promise<Json> {
  const network = await pair.create('networks', {});
  return pair.create('subnets', { network_id: network.id, ip_version: 4, cidr });
}
const guests = async (network_id: string): Promise<Json[]> => {
  const ports = Array.from({ length: PORTS }, () => ({ network_id, device_owner: 'compute:nova' }));
  return (await pair.send(0, ['POST', 'ports', { ports }])).body.ports;
};
const bindTo = (id: string, host: string): Ask => ['PUT', `ports/${id}`, { port: { 'binding:host_id': host } }];
const bound = async (network_id: string) =>
  (await pair.list('ports', `?network_id=${network_id}`)).map((port) => [
    port['binding:host_id'],
    port['binding:vif_type'],
  ]);

describe('of many at once', () => {
  it('ports of routers are bound before their agent is answered, whichever servers it asks', async () => {
    const routers: string[] = [];
    for (let r = 0; r < ROUTERS; r += 1) {
      const { id } = await pair.create('routers', {});
      routers.push(id);
      for (let i = 0; i < PORTS / ROUTERS; i += 1) {
        const { id: subnet_id } = await subnet(`10.${r}.${i}.0/24`);
        const added = await pair.send(i, ['PUT', `routers/${id}/add_router_interface`, { subnet_id }]);
        expect(added.status).toBe(200);
      }
    }
    const sync = (client: number) =>
      pair.askAsAgent(client, 'q-l3-plugin', 'sync_routers', { host: 'host1', router_ids: [] });
    for (const answer of await Promise.all([0, 1, 2, 3].map(sync))) {
      const ports = answer.flatMap(({ _interfaces }: Json) => _interfaces);
      expect(answer.map(({ id }: Json) => id).sort()).toEqual(routers.toSorted());
      expect(ports).toHaveLength(PORTS);
      for (const port of ports) {
        expect(port).toMatchObject({ 'binding:host_id': 'host1', 'binding:vif_type': 'bridge' });
      }
    }
  });

  it('guests are where they were put, though two put each of them there', async () => {
    const { network_id } = await subnet('10.100.0.0/24');
    const ports = await guests(network_id);
    const counts = await pair.atOnce(2 * PORTS, (i) => bindTo(ports[(i >> 1) % PORTS]!.id, 'host1'));
    expect(counts).toEqual({ 200: 2 * PORTS });
    expect(await bound(network_id)).toEqual(ports.map(() => ['host1', 'bridge']));
  });

  it('a guest that two want is with one of them, and wired there', async () => {
    const { network_id } = await subnet('10.101.0.0/24');
    const ports = await guests(network_id);
    const counts = await pair.atOnce(2 * PORTS, (i) => bindTo(ports[i >> 1]!.id, HOSTS[i % 2]!));
    expect(counts).toEqual({ 200: 2 * PORTS });
    for (const [host, type] of await bound(network_id)) expect([HOSTS.includes(host), type]).toEqual([true, 'bridge']);
  });

  it('guests that go meanwhile are gone, and hold up none of the others', async () => {
    const { network_id } = await subnet('10.102.0.0/24');
    const ports = await guests(network_id);
    const asks = ports.flatMap(({ id }, i): Ask[] => [
      bindTo(id, 'host1'),
      ...(i % 2 ? [['DELETE', `ports/${id}`] as const] : []),
    ]);
    const answers = await Promise.all(asks.map((ask, i) => pair.send(i, ask)));
    for (const answer of answers) expect(outcome(answer)).toMatch(/^(200|204|404 PortNotFound)$/);
    expect(await bound(network_id)).toEqual(Array.from({ length: PORTS / 2 }, () => ['host1', 'bridge']));
  });
});
