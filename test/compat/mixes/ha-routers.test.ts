import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routerNamespace } from '../../../src/lib/names.ts';
import type { FloatingIp, Network, Port, Router } from '../../../src/resources/shapes.ts';
import { type Guest, plugGuest } from '../../support/guest.ts';
import type { EmulatedHost } from '../../support/hosts.ts';
import { until } from '../../support/wait.ts';
import { Cloud } from './cloud.ts';
import { type Kind, STATE_PATH } from './configuration.ts';
import { makePort, WAIT } from './ports.ts';

const OUTSIDE = '203.0.113.1';
const kinds = ['ours', 'python'] as const;
/** Python's agent makes an HA router by some forty commands, each a program of Python's that starts. */
const PATIENCE = { timeoutMs: 180_000, everyMs: 250 };
/** What answers ARP on a tunnel is not told where HA routers are (docs/l2-population.md). */
const learning = { vxlan: { arp_responder: false } };
/** The same for both, or they do not hear each other. */
const vrrp = { DEFAULT: { ha_vrrp_advert_int: 1, ha_vrrp_auth_password: 'secret' } };

/**
 * An HA router of either server that Python's L3 agent has on one host and ours on the other. Whoever's keepalived ends, the
 * other host takes the router over; a guest on a third reaches the world, and the world its floating IP.
 */
describe.each<Kind>(['ours', 'python'])('an HA router of both agents on a server of %s', (server) => {
  let cloud: Cloud;
  const hosts = {} as Record<Kind, EmulatedHost>;
  let external: Network;
  let router: Router;
  let guest: Guest;
  let port: Port;
  let floating: FloatingIp;

  beforeAll(async () => {
    cloud = await Cloud.raise(server, { tunnels: true });
    const compute = await cloud.addHost('compute');
    hosts.python = await cloud.addHost('net-python');
    hosts.ours = await cloud.addHost('net-ours');
    await cloud.outside.ipBatch([`addr add ${OUTSIDE}/24 dev physnet1`]);
    for (const host of [compute, hosts.python, hosts.ours])
      await cloud.agent('neutron-linuxbridge-agent', 'ours', host, { options: learning });
    for (const kind of kinds) await cloud.agent('neutron-l3-agent', kind, hosts[kind], { options: vrrp });
    const { api } = cloud;
    const flat = { 'provider:network_type': 'flat', 'provider:physical_network': 'physnet1' };
    external = await api.create('network', { ...flat, 'router:external': true });
    await api.create('subnet', {
      ...{ network_id: external.id, ip_version: 4, cidr: '203.0.113.0/24', gateway_ip: OUTSIDE, enable_dhcp: false },
    });
    const network = await api.create('network');
    const inside = { network_id: network.id, ip_version: 4, cidr: '10.8.0.0/24', enable_dhcp: false };
    const subnet = await api.create('subnet', inside);
    router = await api.create('router', { ha: true, external_gateway_info: { network_id: external.id } });
    await api.expect('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
    port = await makePort(cloud, network, compute.name, { port_security_enabled: false });
    guest = await plugGuest(compute, port, 'guest');
    await compute.ipBatch(
      [
        `addr add ${port.fixed_ips[0]!.ip_address}/24 dev eth0`,
        'link set eth0 mtu 1450',
        'route add default via 10.8.0.1 dev eth0',
      ],
      guest.netns,
    );
  });
  afterAll(async () => {
    await cloud?.[Symbol.asyncDispose]();
  });

  async function states(): Promise<Record<string, string>> {
    const { agents } = await cloud.api.expect('GET', `/v2.0/routers/${router.id}/l3-agents`);
    return Object.fromEntries(agents.map((agent: { host: string; ha_state: string }) => [agent.host, agent.ha_state]));
  }

  /** Of the cards of networks: the active one has them all, the other none. */
  async function addressesOn(kind: Kind): Promise<string[]> {
    const { stdout } = await hosts[kind].run(['ip', '-n', routerNamespace(router.id), '-j', 'addr'], {
      okCodes: [0, 1],
    });
    const links: { ifname: string; addr_info: { local: string }[] }[] = JSON.parse(stdout || '[]');
    return links
      .filter(({ ifname }) => /^q[rg]-/.test(ifname))
      .flatMap(({ addr_info }) => addr_info.map(({ local }) => local));
  }

  /** Waits until hosts and server agree on one that is active; on a certain one, if said. */
  async function settled(wanted?: Kind): Promise<Kind> {
    return await until(
      `${wanted ?? 'one of the two'} active`,
      async () => {
        const told = await states();
        const seen = await Promise.all(
          kinds.map(async (kind) => ({
            kind,
            told: told[hosts[kind].name],
            // The server calls an agent that has not reported yet a standby.
            wrote: await stateOf(kind),
            addresses: await addressesOn(kind),
          })),
        );
        const active = seen.filter((one) => one.told === 'active' && one.wrote === 'primary');
        const standby = seen.filter((one) => one.told === 'standby' && one.wrote === 'backup');
        const isSettled =
          active.length === 1 && standby.length === 1 && (wanted ?? active[0]!.kind) === active[0]!.kind;
        if (isSettled && active[0]!.addresses.includes('10.8.0.1') && standby[0]!.addresses.length === 0)
          return active[0]!.kind;
        throw new Error(JSON.stringify(seen));
      },
      PATIENCE,
    );
  }

  /** What an agent has written down; both kinds do it in one place. */
  async function stateOf(kind: Kind): Promise<string> {
    const file = `${STATE_PATH}/ha_confs/${router.id}/state`;
    return (await hosts[kind].run(['cat', file], { okCodes: [0, 1] })).stdout.trim();
  }

  const outsideReaches = async (address: string) =>
    (await cloud.outside.run(['ping', '-n', '-c', '1', '-W', '1', address], { okCodes: [0, 1] })).code === 0;

  async function allReach(): Promise<void> {
    await until('the guest reaches the world', () => guest.ping(OUTSIDE, 1), WAIT);
    await until('the world reaches the guest', () => outsideReaches(floating.floating_ip_address), WAIT);
  }

  const keepaliveds = async (kind: Kind) =>
    (await hosts[kind].processes()).filter(
      ({ command }) => /(^|\/)keepalived /.test(command) && command.includes(router.id),
    );

  it('one is active', async () => {
    await settled();
    for (const kind of kinds)
      await until(`keepalived on the host of ${kind}`, async () => (await keepaliveds(kind)).length > 0, PATIENCE);
    const asked = { floating_network_id: external.id, port_id: port.id };
    floating = await cloud.api.create('floatingip', asked);
    await allReach();
  });

  it.each([1, 2, 3])('the other takes over when keepalived ends, change %i', { timeout: 600_000 }, async () => {
    const from = await settled();
    const to = from === 'ours' ? 'python' : 'ours';
    const running = await keepaliveds(from);
    expect(running.length).toBeGreaterThan(0);
    await hosts[from].run(['kill', ...running.map(({ pid }) => `${pid}`)]);
    expect(await settled(to)).toBe(to);
    await allReach();
    process.stdout.write(`server of ${server}: the router went from the agent of ${from} to that of ${to}\n`);
    // Python's looks after its children once a minute.
    const isBack = async () => (await keepaliveds(from)).length > 0;
    await until('keepalived of the first again', isBack, PATIENCE);
    expect(await settled(to)).toBe(to);
  });

  it('a floating IP more is on whoever is active', async () => {
    const { api } = cloud;
    const active = await settled();
    const more = await api.create('floatingip', { floating_network_id: external.id });
    await api.update('floatingip', floating.id, { port_id: null });
    await api.update('floatingip', more.id, { port_id: port.id });
    await until('the other address', () => outsideReaches(more.floating_ip_address), WAIT);
    const has = async () => (await addressesOn(active)).includes(floating.floating_ip_address);
    await until('the first gone', async () => !(await has()), WAIT);
    await api.remove('floatingip', more.id);
    expect(await settled()).toBe(active);
  });

  it('the router goes from both', async () => {
    const { api } = cloud;
    await api.remove('floatingip', floating.id);
    const [leg] = await api.list('port', `device_id=${router.id}&fixed_ips=ip_address%3D10.8.0.1`);
    await api.expect('PUT', `/v2.0/routers/${router.id}/remove_router_interface`, { port_id: leg!.id });
    await api.remove('router', router.id);
    for (const kind of kinds) {
      const isGone = async () => !(await hosts[kind].namespaces()).includes(routerNamespace(router.id));
      await until(`no namespace on the host of ${kind}`, isGone, PATIENCE);
      expect(await keepaliveds(kind)).toEqual([]);
    }
  });
});
