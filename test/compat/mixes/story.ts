import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bridgeName, dhcpNamespace, tapName } from '../../../src/lib/names.ts';
import type { Network, Port, Subnet } from '../../../src/resources/shapes.ts';
import { type Guest, plugGuest } from '../../support/guest.ts';
import type { EmulatedHost } from '../../support/hosts.ts';
import type { Program } from '../../support/programs.ts';
import { until } from '../../support/wait.ts';
import { Cloud } from './cloud.ts';
import { type Kind, SHARED_SECRET } from './configuration.ts';
import { withoutLoss } from './pinging.ts';
import { addressOf, makeFlatNetwork, makePort, WAIT } from './ports.ts';

/** What the story is about, for tests that go on with it. */
export interface Told {
  cloud: Cloud;
  host1: EmulatedHost;
  host2: EmulatedHost;
  network: Network;
  near: Port;
  far: Port;
  nearGuest: Guest;
  farGuest: Guest;
}

/**
 * The life of a flat network over two hosts, on a server of one kind with agents of the other: host1 has all three agents,
 * host2 the bridge agent alone. `more` are tests that want to happen before everything is deleted.
 */
export function tellStory(
  { server, agents, groups }: { server: Kind; agents: Kind; groups: boolean },
  more: (told: Told) => void = () => {},
): void {
  const told = {} as Told;
  const running: Record<string, Program> = {};
  let subnet: Subnet;

  beforeAll(async () => {
    told.cloud = await Cloud.raise(server);
    const { cloud } = told;
    told.host1 = await cloud.addHost('host1');
    told.host2 = await cloud.addHost('host2');
    running.bridge1 = await cloud.agent('neutron-linuxbridge-agent', agents, told.host1, { groups });
    running.bridge2 = await cloud.agent('neutron-linuxbridge-agent', agents, told.host2, { groups });
    running.dhcp = await cloud.agent('neutron-dhcp-agent', agents, told.host1);
    running.metadata = await cloud.agent('neutron-metadata-agent', agents, told.host1);
  });
  afterAll(async () => {
    await told.cloud?.[Symbol.asyncDispose]();
  });

  const dhcpPort = async (): Promise<Port> => {
    const [port] = await told.cloud.api.list('port', `network_id=${told.network.id}&device_owner=network:dhcp`);
    return port!;
  };
  const isDnsmasq = ({ command }: { command: string }) =>
    command.includes('dnsmasq') && command.includes(told.network.id);
  const dnsmasq = async () => (await told.host1.processes()).filter(isDnsmasq);

  it('all agents are alive, and say what they are', async () => {
    const seen = await told.cloud.api.list('agent');
    expect(seen.map(({ agent_type, host, alive }) => `${host} ${agent_type} ${alive}`).sort()).toEqual([
      'host1 DHCP agent true',
      'host1 Linux bridge agent true',
      'host1 Metadata agent true',
      'host2 Linux bridge agent true',
    ]);
    const of = (type: string) => seen.find(({ agent_type }) => agent_type === type)!.configurations;
    expect(of('Linux bridge agent').interface_mappings).toEqual({ physnet1: 'eth1' });
    expect(of('DHCP agent')).toMatchObject({ dhcp_driver: expect.stringMatching(/dnsmasq/i), networks: 0 });
    expect(of('Metadata agent').metadata_proxy_socket).toBe('/var/lib/neutron/metadata_proxy');
  });

  it('a guest on each host gets its address', async () => {
    const { cloud, host1, host2 } = told;
    // Addresses are given at random; those that the story asks for by name must be free.
    const allocation_pools = [{ start: '10.7.0.100', end: '10.7.0.254' }];
    told.network = await makeFlatNetwork(cloud, '10.7.0.0/24', { allocation_pools });
    [subnet] = (await cloud.api.list('subnet')) as [Subnet];
    told.near = await makePort(cloud, told.network, 'host1');
    told.far = await makePort(cloud, told.network, 'host2');
    const from = performance.now();
    told.nearGuest = await plugGuest(host1, told.near, 'near');
    told.farGuest = await plugGuest(host2, told.far, 'far');
    for (const [guest, port] of [
      [told.nearGuest, told.near],
      [told.farGuest, told.far],
    ] as const) {
      const lease = await guest.dhcp({ tries: 60 });
      expect(lease).toMatchObject({ address: addressOf(port), prefixLength: 24, router: subnet.gateway_ip });
      const seconds = ((performance.now() - from) / 1000).toFixed(1);
      process.stdout.write(`${agents} agents, ${server} server: a lease ${seconds} s after the tap\n`);
      await cloud.portStatus(port.id, 'ACTIVE');
    }
    expect(await host1.namespaces()).toContain(dhcpNamespace(told.network.id));
    const dhcp = await dhcpPort();
    expect(dhcp).toMatchObject({ status: 'ACTIVE', 'binding:host_id': 'host1' });
    expect(await host1.links()).toContain(tapName(dhcp.id));
  });

  it('they get metadata, each signed as its own instance', async () => {
    const { cloud, host1, nearGuest, farGuest, near, far } = told;
    for (const [guest, port] of [
      [nearGuest, near],
      [farGuest, far],
    ] as const) {
      const answer = await guest.get('http://169.254.169.254/latest/meta-data/', {
        'X-Instance-ID': 'of somebody else',
      });
      expect(answer).toEqual({ status: 200, body: `of ${port.device_id}` });
      const { url, headers } = cloud.metadataRequests(host1).at(-1)!;
      expect(url).toBe('/latest/meta-data/');
      expect(headers).toMatchObject({
        'x-instance-id': port.device_id,
        'x-tenant-id': port.project_id,
        'x-forwarded-for': addressOf(port),
        'x-instance-id-signature': createHmac('sha256', SHARED_SECRET).update(port.device_id).digest('hex'),
      });
    }
  });

  it('they reach each other, until one is switched off, and again when it is on', async () => {
    const { cloud, nearGuest, far } = told;
    if (groups) await allowPings(told);
    await until('a ping is answered', () => nearGuest.ping(addressOf(far), 1), WAIT);
    await cloud.api.update('port', far.id, { admin_state_up: false });
    await cloud.portStatus(far.id, 'DOWN');
    await until('no ping is answered', async () => !(await nearGuest.ping(addressOf(far), 1)), WAIT);
    await cloud.api.update('port', far.id, { admin_state_up: true });
    await cloud.portStatus(far.id, 'ACTIVE');
    await until('a ping is answered', () => nearGuest.ping(addressOf(far), 1), WAIT);
  });

  it('another address and another name server reach the guest with its next lease', async () => {
    const { cloud, farGuest, far } = told;
    await cloud.api.update('port', far.id, { fixed_ips: [{ subnet_id: subnet.id, ip_address: '10.7.0.77' }] });
    await cloud.api.update('subnet', subnet.id, { dns_nameservers: ['10.7.0.53'] });
    told.far = await cloud.api.show('port', far.id);
    const isNew = async () => {
      const { address, dnsServers } = await farGuest.dhcp({ tries: 3 });
      return address === '10.7.0.77' && dnsServers.join() === '10.7.0.53';
    };
    await until('the new lease', isNew, WAIT);
    await until('a ping is answered', () => told.nearGuest.ping('10.7.0.77', 1), WAIT);
  });

  it('an IPv6 subnet comes, serves by DHCPv6, and goes', async () => {
    const { cloud, host1, network, near, nearGuest } = told;
    const stateful = { ip_version: 6, ipv6_address_mode: 'dhcpv6-stateful', ipv6_ra_mode: 'dhcpv6-stateful' };
    const six = await cloud.api.create('subnet', { network_id: network.id, cidr: 'fd07::/64', ...stateful });
    const before = near.fixed_ips;
    const fixed_ips = [...before, { subnet_id: six.id, ip_address: 'fd07::77' }];
    await cloud.api.update('port', near.id, { fixed_ips });
    const lease = join(host1.folder, 'near6.leases');
    const client = ['dhclient', '-6', '-sf', '/bin/true', '-lf', lease, '-pf', join(host1.folder, 'near6.pid')];
    const isLeased = async () => {
      // A server that does not know the address yet gives none, and is asked anew.
      await nearGuest.run([...client, '-1', 'eth0'], { okCodes: [0, 1, 2, 137], timeoutMs: 15_000 });
      return (await host1.read(['cat', lease])).includes('iaaddr fd07::77');
    };
    await until('the lease', isLeased, WAIT);
    await nearGuest.run([...client, '-x', 'eth0'], { okCodes: [0, 1, 2] });
    await cloud.api.update('port', near.id, { fixed_ips: before });
    await cloud.api.remove('subnet', six.id);
    await until('dnsmasq without it', async () => !(await dnsmasq())[0]?.command.includes(six.id), WAIT);
    expect((await nearGuest.dhcp({ tries: 60 })).address).toBe(addressOf(near));
  });

  it('a DHCP agent that loses the network and gets it back has the same port', async () => {
    const { cloud, network, farGuest } = told;
    const before = await dhcpPort();
    const agent = (await cloud.agentOf(running.dhcp!))!;
    await cloud.api.expect('DELETE', `/v2.0/agents/${agent.id}/dhcp-networks/${network.id}`);
    await until('no dnsmasq', async () => (await dnsmasq()).length === 0, WAIT);
    await cloud.api.expect('POST', `/v2.0/agents/${agent.id}/dhcp-networks`, { network_id: network.id });
    await until('dnsmasq runs', async () => (await dnsmasq()).length === 1, WAIT);
    expect((await farGuest.dhcp({ tries: 60 })).address).toBe('10.7.0.77');
    const after = await dhcpPort();
    expect(after).toMatchObject({ id: before.id, device_id: before.device_id, fixed_ips: before.fixed_ips });
  });

  if (groups)
    it('ports without port security are open to all', async () => {
      const { cloud, near, far, nearGuest } = told;
      const closed = { security_groups: [] };
      for (const { id } of [near, far]) await cloud.api.update('port', id, closed);
      await until('no ping is answered', async () => !(await nearGuest.ping(addressOf(far), 1)), WAIT);
      // From here on: Python's agent takes its rules away and makes them anew when it starts, and loses packets in between.
      for (const { id } of [near, far]) await cloud.api.update('port', id, { port_security_enabled: false });
      await until('a ping is answered', () => nearGuest.ping(addressOf(far), 1), WAIT);
      for (const { id } of [near, far]) await cloud.portStatus(id, 'ACTIVE');
    });

  it('all agents are restarted: no packet between the guests is lost, and everything is served as before', async () => {
    const { cloud, near, far, nearGuest, farGuest } = told;
    await withoutLoss(`restart of ${agents} agents on a server of ${server}`, bothWays(told), async () => {
      for (const agent of Object.values(running)) {
        await agent.stop();
        await cloud.startAgent(agent);
      }
      for (const port of [near, far]) await cloud.portStatus(port.id, 'ACTIVE');
    });
    expect((await nearGuest.dhcp({ tries: 60 })).address).toBe(addressOf(near));
    expect((await farGuest.dhcp({ tries: 60 })).address).toBe('10.7.0.77');
    const again = () => nearGuest.get('http://169.254.169.254/latest/meta-data/');
    const answer = await until('metadata', async () => (await again()).status === 200 && again(), WAIT);
    expect(answer.body).toBe(`of ${near.device_id}`);
  });

  it('the server is restarted: the agents stay, and what is made afterwards is served', async () => {
    const { cloud, host1, network } = told;
    await withoutLoss(`restart of the server of ${server}`, bothWays(told), async () => {
      await cloud.server.stop();
      await cloud.startServer();
    });
    const port = await makePort(cloud, network, 'host1');
    const guest = await plugGuest(host1, port, 'later');
    expect((await guest.dhcp({ tries: 60 })).address).toBe(addressOf(port));
    await cloud.portStatus(port.id, 'ACTIVE');
    await cloud.api.remove('port', port.id);
    await guest.remove();
  });

  more(told);

  it('a deleted port has no lease; a deleted network leaves nothing on the hosts', async () => {
    const { cloud, host1, host2, network, near, far, nearGuest, farGuest } = told;
    await cloud.api.remove('port', far.id);
    await until(
      'no lease',
      async () =>
        await farGuest.dhcp({ tries: 2 }).then(
          () => false,
          () => true,
        ),
      WAIT,
    );
    await cloud.api.remove('port', near.id);
    // Nova takes its taps away.
    for (const guest of [nearGuest, farGuest]) await guest.remove();
    await cloud.api.remove('network', network.id);
    await until('no namespace', async () => (await host1.namespaces()).length === 0, WAIT);
    for (const host of [host1, host2]) {
      const isGone = async () => !(await host.links()).includes(bridgeName(network.id));
      await until(`no bridge on ${host.name}`, isGone, WAIT);
    }
    expect(await dnsmasq()).toEqual([]);
  });
}

/** Both guests, each pinging the other. */
export const bothWays = ({ nearGuest, farGuest, near, far }: Told) =>
  [
    [nearGuest, far.fixed_ips[0]!.ip_address],
    [farGuest, near.fixed_ips[0]!.ip_address],
  ] as const;

/** The default group lets its own members in; whoever is not one needs a rule. */
async function allowPings({ cloud, near, far, nearGuest }: Told): Promise<void> {
  const stranger = await cloud.api.expect('POST', '/v2.0/security-groups', { security_group: { name: 'closed' } });
  const { id } = stranger.security_group;
  const group = (await cloud.api.show('port', far.id)).security_groups;
  await cloud.api.update('port', far.id, { security_groups: [id] });
  const address = far.fixed_ips[0]!.ip_address;
  await until('the group closes the port', async () => !(await nearGuest.ping(address, 1)), WAIT);
  const rule = {
    security_group_id: id,
    direction: 'ingress',
    protocol: 'icmp',
    remote_group_id: near.security_groups![0],
  };
  await cloud.api.expect('POST', '/v2.0/security-group-rules', { security_group_rule: rule });
  await until('the rule opens it', () => nearGuest.ping(address, 1), WAIT);
  await cloud.api.update('port', far.id, { security_groups: group });
}
