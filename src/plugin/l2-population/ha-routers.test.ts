import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Port } from '../../resources/shapes.ts';
import { FLOODING_ENTRY } from '../../rpc/contract.ts';
import { all, createFixture, type Fixture, type Network } from '../fixture.ts';
import { attach } from '../floatingip/routed.ts';

/** Where ports of HA routers are told to be: on all hosts of their router, as what is flooded, and on none as what is known. */
const ends: Record<string, string> = { host1: '192.0.2.1', host2: '192.0.2.2', host3: '192.0.2.3' };

let f: Fixture;
let network: Network;
let router: string;
let leg: Port;

beforeEach(async () => {
  f = await createFixture({
    ml2: { mechanism_drivers: ['linuxbridge', 'l2population'], tenant_network_types: ['vxlan'] },
    vxlan: { vni_ranges: ['101:199'] },
    service: { service_plugins: ['router'] },
    l3Agent: { max_l3_agents_per_router: 2 },
  });
  const report = () =>
    Promise.all(
      Object.entries(ends).map(([host, tunneling_ip]) =>
        f.bridgeAgent(host, { tunneling_ip, tunnel_types: ['vxlan'], l2_population: true }),
      ),
    );
  await report();
  f.clock.nowMs += 181_000;
  await report();
  for (const host of ['host1', 'host2']) await f.l3Agent(host);
  network = await f.network();
  const subnet = await f.subnet(network.id, { enable_dhcp: false });
  router = (await f.plugin.collections.routers!.create!(f.context, { project_id: 'p1', name: '', ha: true })).id;
  await attach(f, router, { subnet_id: subnet.id });
  [leg] = (await all(f.plugin.collections.ports, { filters: { network_id: [network.id] } })) as [Port];
  await f.told();
});
afterEach(() => f[Symbol.asyncDispose]());

const say = (method: string, host: string) => f.ask(method, { device: leg.id, agent_id: 'lb', host });
const primary = (host: string, state = 'active') =>
  f.askL3('update_ha_routers_states', { host, states: { [router]: state } });
/** What was said of this network, by whom it is heard: `add *`, `add host1` … */
async function told(): Promise<[string, unknown][]> {
  return (await f.told()).flatMap(({ to, method, args }) => {
    const { fdb_entries } = args as { fdb_entries?: Record<string, { ports: unknown }> };
    if (!method.includes('fdb') || !fdb_entries?.[network.id]) return [];
    const host = to.endsWith('_fanout') ? '*' : to.slice(to.lastIndexOf('.') + 1);
    return [[`${method.split('_')[0]} ${host}`, fdb_entries[network.id]!.ports]];
  });
}
const asked = async (host: string) => {
  const question = { host, networks: { [network.id]: null } };
  const answer = await f.transport.tell('neutrino-forwarding', 'get_fdb_entries', question);
  return (answer as { fdb_entries: Record<string, { ports: unknown }> }).fdb_entries[network.id]?.ports;
};

it('hosts of an HA router are flooded to, where it is active and where it stands by', async () => {
  const guest = await f.port(network.id, { 'binding:host_id': 'host3', device_owner: 'compute:nova' });
  await f.ask('get_devices_details_list', { devices: [guest.id], agent_id: 'lb', host: 'host3' });
  await f.ask('update_device_up', { device: guest.id, agent_id: 'lb', host: 'host3' });
  const flooded = { [ends.host1!]: [FLOODING_ENTRY], [ends.host2!]: [FLOODING_ENTRY] };
  expect(await asked('host3')).toEqual(flooded);
  await told();
  await say('update_device_up', 'host2');
  const known = { [ends.host3!]: [FLOODING_ENTRY, [guest.mac_address, guest.fixed_ips[0]!.ip_address]] };
  const messages = await told();
  expect(messages).toContainEqual(['add *', flooded]);
  expect(messages).toContainEqual(['add host2', { [ends.host1!]: [FLOODING_ENTRY], ...known }]);
});

it('its MAC is learned, not told: who takes over is found without a message', async () => {
  await primary('host1');
  await say('get_device_details', 'host1');
  await say('update_device_up', 'host1');
  await told();
  await primary('host1', 'standby');
  await primary('host2');
  expect(await told()).toEqual([]);
  expect(await asked('host3')).toEqual({ [ends.host1!]: [FLOODING_ENTRY], [ends.host2!]: [FLOODING_ENTRY] });
});

it('a host that the router is taken from is flooded to no longer', async () => {
  const agents = await all(f.plugin.collections.agents, { filters: { host: ['host2'], agent_type: ['L3 agent'] } });
  const params = { id: agents[0]!.id, router_id: router };
  const call = { context: f.context, params, input: {}, parameters: [], ifRevision: null };
  await f.plugin.routes['DELETE agents/{id}/l3-routers/{router_id}']!(call);
  expect(await told()).toEqual([['remove *', { [ends.host2!]: [FLOODING_ENTRY] }]]);
});

it('a router that ceases to be highly available is where it is bound, as others', async () => {
  await f.plugin.collections.routers!.update!(f.context, router, { admin_state_up: false, ha: false });
  expect(await told()).toEqual([['remove *', { [ends.host1!]: [FLOODING_ENTRY], [ends.host2!]: [FLOODING_ENTRY] }]]);
});
