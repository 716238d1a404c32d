import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routerNamespace } from '../../../src/lib/names.ts';
import type { FloatingIp, Network, Port, Router } from '../../../src/resources/shapes.ts';
import { type Guest, plugGuest } from '../../support/guest.ts';
import type { EmulatedHost } from '../../support/hosts.ts';
import type { Program } from '../../support/programs.ts';
import { until } from '../../support/wait.ts';
import { Cloud } from './cloud.ts';
import type { Kind } from './configuration.ts';
import { withoutLoss } from './pinging.ts';
import { makePort, WAIT } from './ports.ts';

const OUTSIDE = '203.0.113.1';

/** In the logs of ours and of Python's. */
const synced = /synchronized with the server|L3 agent started/;

/**
 * A router of either server, served by Python's L3 agent first; then the host changes hands, and back, while a guest talks to
 * the world by the router's address, and the world to it by its floating IP.
 */
describe.each<Kind>(['ours', 'python'])('routers on a server of %s', (server) => {
  let cloud: Cloud;
  let host: EmulatedHost;
  const agents = {} as Record<Kind, Program>;
  let external: Network;
  let router: Router;
  let guests: { guest: Guest; port: Port }[];
  let floating: FloatingIp;

  beforeAll(async () => {
    cloud = await Cloud.raise(server);
    host = await cloud.addHost('host1');
    await cloud.outside.ipBatch([`addr add ${OUTSIDE}/24 dev physnet1`]);
    for (const kind of ['python', 'ours'] as const)
      agents[kind] = await cloud.makeAgent('neutron-l3-agent', kind, host);
    await cloud.agent('neutron-linuxbridge-agent', 'ours', host);
    await cloud.startAgent(agents.python);
    const { api } = cloud;
    const flat = { 'provider:network_type': 'flat', 'provider:physical_network': 'physnet1' };
    external = await api.create('network', { ...flat, 'router:external': true });
    await api.create('subnet', {
      ...{ network_id: external.id, ip_version: 4, cidr: '203.0.113.0/24', gateway_ip: OUTSIDE, enable_dhcp: false },
    });
    const network = await api.create('network', { 'provider:network_type': 'local' });
    const inside = { network_id: network.id, ip_version: 4, cidr: '10.8.0.0/24', enable_dhcp: false };
    const subnet = await api.create('subnet', inside);
    router = await api.create('router', { external_gateway_info: { network_id: external.id } });
    await api.expect('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
    guests = [await addGuest(network, 'first'), await addGuest(network, 'second')];
  });
  afterAll(async () => {
    await cloud?.[Symbol.asyncDispose]();
  });

  async function addGuest(network: Network, name: string): Promise<{ guest: Guest; port: Port }> {
    const port = await makePort(cloud, network, host.name, { port_security_enabled: false });
    const guest = await plugGuest(host, port, name);
    const address = port.fixed_ips[0]!.ip_address;
    await host.ipBatch([`addr add ${address}/24 dev eth0`, 'route add default via 10.8.0.1 dev eth0'], guest.netns);
    return { guest, port };
  }

  const outsideReaches = async (address: string) =>
    (await cloud.outside.run(['ping', '-n', '-c', '1', '-W', '1', address], { okCodes: [0, 1] })).code === 0;

  /** Stops the agent of one kind, starts that of the other, and waits until it has gone over everything. */
  async function handOver(to: Kind): Promise<void> {
    await agents[to === 'ours' ? 'python' : 'ours'].stop();
    await cloud.startAgent(agents[to]);
    await until('a full sync', () => synced.test(agents[to].recentOutput), WAIT);
    const isSettled = async () => (await cloud.api.show('floatingip', floating.id)).status === 'ACTIVE';
    await until('the floating IP ACTIVE', isSettled, WAIT);
  }

  const talking = () =>
    [
      [guests[1]!.guest, OUTSIDE],
      [cloud.outside, floating.floating_ip_address],
    ] as const;

  it('a guest reaches the world by the router’s address', async () => {
    await until('the world', () => guests[1]!.guest.ping(OUTSIDE, 1), WAIT);
  });

  it('the world reaches a guest by its floating IP', async () => {
    const port_id = guests[0]!.port.id;
    floating = await cloud.api.create('floatingip', { floating_network_id: external.id, port_id });
    await until('the floating IP', () => outsideReaches(floating.floating_ip_address), WAIT);
    const isActive = async () => (await cloud.api.show('floatingip', floating.id)).status === 'ACTIVE';
    await until('it is ACTIVE', isActive, WAIT);
  });

  it('the host is ours, and nobody notices', async () => {
    const before = await linksOf();
    await withoutLoss(`the L3 agent is ours, server of ${server}`, talking(), () => handOver('ours'));
    expect(await linksOf()).toEqual(before);
  });

  it('a floating IP moves to another guest', async () => {
    const { api } = cloud;
    await api.update('floatingip', floating.id, { port_id: guests[1]!.port.id });
    await until('the other guest', () => outsideReaches(floating.floating_ip_address), WAIT);
    await api.update('floatingip', floating.id, { port_id: guests[0]!.port.id });
    await until('the first again', () => outsideReaches(floating.floating_ip_address), WAIT);
  });

  it('the router’s card has the MTU that its network gets', async () => {
    const [port] = await cloud.api.list('port', `device_id=${router.id}&device_owner=network:router_interface`);
    await cloud.api.update('network', port!.network_id, { mtu: 1400 });
    const isSmaller = async () => {
      const links = await host.json<{ ifname: string; mtu: number }[]>(linkList());
      return links.find(({ ifname }) => ifname === `qr-${port!.id.slice(0, 11)}`)?.mtu === 1400;
    };
    await until('the MTU', isSmaller, WAIT);
  });

  it('the host is Python’s again, and nobody notices', async () => {
    const before = await linksOf();
    await withoutLoss(`the L3 agent is Python's again, server of ${server}`, talking(), () => handOver('python'));
    expect(await linksOf()).toEqual(before);
  });

  it('the router goes', async () => {
    const { api } = cloud;
    await api.remove('floatingip', floating.id);
    const [port] = await api.list('port', `device_id=${router.id}&device_owner=network:router_interface`);
    await api.expect('PUT', `/v2.0/routers/${router.id}/remove_router_interface`, { port_id: port!.id });
    await api.remove('router', router.id);
    const isGone = async () => !(await host.namespaces()).includes(routerNamespace(router.id));
    await until('no namespace', isGone, WAIT);
  });

  const linkList = () => ['ip', '-n', routerNamespace(router.id), '-j', 'link', 'show'];

  /** Names and numbers of the cards in the router's namespace. */
  async function linksOf(): Promise<string[]> {
    const links = await host.json<{ ifname: string; ifindex: number }[]>(linkList());
    return links.map(({ ifname, ifindex }) => `${ifindex} ${ifname}`).sort();
  }
});
