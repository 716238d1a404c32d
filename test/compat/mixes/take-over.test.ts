import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bridgeName, dhcpDeviceName, dhcpNamespace, tapName } from '../../../src/lib/names.ts';
import type { Network, Port } from '../../../src/resources/shapes.ts';
import { type Guest, plugGuest } from '../../support/guest.ts';
import type { EmulatedHost } from '../../support/hosts.ts';
import type { Program } from '../../support/programs.ts';
import { until } from '../../support/wait.ts';
import { Cloud } from './cloud.ts';
import type { AgentName, Kind } from './configuration.ts';
import { withoutLoss } from './pinging.ts';
import { addressOf, makeFlatNetwork, makePort, WAIT } from './ports.ts';

const names = ['neutron-linuxbridge-agent', 'neutron-dhcp-agent', 'neutron-metadata-agent'] as const;

/** In the logs of ours and of Python's. */
const synced = /synchronized with the server|Synchronizing state complete/;

/**
 * A host changes hands: Python's agents stop and ours start, and back. Two guests on its bridge, one on another host, and the
 * hosts themselves, whose card is in the bridge, go on talking.
 */
describe.each<Kind>(['ours', 'python'])('on a server of %s', (server) => {
  let cloud: Cloud;
  let host: EmulatedHost;
  let other: EmulatedHost;
  let network: Network;
  const agents = {} as Record<Kind, Record<AgentName, Program>>;
  const guests: { guest: Guest; port: Port }[] = [];
  let dhcpPort: Port;

  beforeAll(async () => {
    cloud = await Cloud.raise(server);
    host = await cloud.addHost('host1');
    other = await cloud.addHost('host2');
    await host.ipBatch(['addr add 10.7.1.1/24 dev eth1']);
    await other.ipBatch(['addr add 10.7.1.2/24 dev eth1']);
    for (const kind of ['python', 'ours'] as const) {
      const made = names.map(async (name) => [name, await cloud.makeAgent(name, kind, host)]);
      agents[kind] = Object.fromEntries(await Promise.all(made));
    }
    for (const name of names) await cloud.startAgent(agents.python[name]);
    await cloud.agent('neutron-linuxbridge-agent', 'ours', other);
    network = await makeFlatNetwork(cloud, '10.7.0.0/24');
    await addGuest(host);
    await addGuest(host);
    await addGuest(other);
    dhcpPort = await theDhcpPort();
  });
  afterAll(async () => {
    await cloud?.[Symbol.asyncDispose]();
  });

  async function addGuest(on: EmulatedHost): Promise<void> {
    const port = await makePort(cloud, network, on.name, { port_security_enabled: false });
    const guest = await plugGuest(on, port, `guest${guests.length}`);
    expect((await guest.dhcp({ tries: 60 })).address).toBe(addressOf(port));
    await cloud.portStatus(port.id, 'ACTIVE');
    guests.push({ guest, port });
  }

  async function theDhcpPort(): Promise<Port> {
    const ports = await cloud.api.list('port', `network_id=${network.id}&device_owner=network:dhcp`);
    expect(ports).toHaveLength(1);
    return ports[0]!;
  }

  /** Stops the agent of one kind, starts that of the other, and waits until it has gone over the whole host. */
  async function handOver(name: AgentName, to: Kind): Promise<void> {
    const before = await portsOfHost();
    await agents[to === 'ours' ? 'python' : 'ours'][name].stop();
    await cloud.startAgent(agents[to][name]);
    if (name === 'neutron-linuxbridge-agent') await until('each port has been asked for and is up', isUpAgain, WAIT);
    if (name === 'neutron-dhcp-agent')
      await until('a full sync', () => agents[to][name].recentOutput.match(synced), WAIT);

    async function isUpAgain(): Promise<boolean> {
      const revisions = new Map(before.map((port) => [port.id, port.revision_number]));
      const now = await portsOfHost();
      return now.every((port) => port.status === 'ACTIVE' && port.revision_number > revisions.get(port.id)!);
    }
  }

  const portsOfHost = () => cloud.api.list('port', `network_id=${network.id}&binding:host_id=${host.name}`);

  /** Everything that has a name or a number on the host and must keep it. */
  async function fixtures(): Promise<object> {
    type Link = { ifname: string; ifindex: number; master?: string; address: string; mtu: number };
    const links = await host.json<Link[]>(['ip', '-j', 'link', 'show']);
    const inside = await host.json<Link[]>(['ip', '-n', dhcpNamespace(network.id), '-j', 'link', 'show']);
    const facts = ({ ifname, ifindex, master }: Link) => ({ ifname, ifindex, master });
    return { namespaces: await host.namespaces(), links: links.map(facts), inside: inside.map(facts) };
  }

  const dnsmasqPids = async () => {
    const processes = await host.processes();
    return processes.filter(({ command }) => command.includes('dnsmasq')).map(({ pid }) => pid);
  };

  /** Near guests, a far one, the DHCP port, and the hosts themselves: who pings whom while a host changes hands. */
  function everybody() {
    const [a, b, far] = guests as [(typeof guests)[0], (typeof guests)[0], (typeof guests)[0]];
    return [
      [a.guest, addressOf(b.port)],
      [b.guest, addressOf(a.port)],
      [a.guest, addressOf(far.port)],
      [far.guest, addressOf(b.port)],
      [b.guest, addressOf(dhcpPort)],
      [other, '10.7.1.1'],
    ] as const;
  }

  it('names are as Neutron has them', async () => {
    const links = await host.links();
    expect(links).toEqual(expect.arrayContaining([bridgeName(network.id), tapName(dhcpPort.id), 'eth1']));
    expect(await host.links(dhcpNamespace(network.id))).toContain(dhcpDeviceName(dhcpPort.id));
  });

  // Under Python's server it would set the ports to BUILD.
  const onOurs = server === 'ours' ? it : () => {};
  onOurs('our bridge agent would change nothing on a host that is Python’s', async () => {
    const argv = await cloud.argvOf('neutron-linuxbridge-agent', 'ours', host);
    expect((await host.read([...argv, '--dry-run'])).trim()).toBe('nothing to change: this host is as it should be');
  });

  it.each<[string, AgentName, Kind]>([
    ['the bridge agent is ours', 'neutron-linuxbridge-agent', 'ours'],
    ["the bridge agent is Python's again", 'neutron-linuxbridge-agent', 'python'],
    ['the DHCP agent is ours', 'neutron-dhcp-agent', 'ours'],
    ["the DHCP agent is Python's again", 'neutron-dhcp-agent', 'python'],
  ])('%s: no packet is lost, and nothing on the host is another one', async (what, name, to) => {
    const before = await fixtures();
    await withoutLoss(`${what}, server of ${server}`, everybody(), async () => {
      await handOver(name, to);
      await until('dnsmasq runs', async () => (await dnsmasqPids()).length === 1, WAIT);
    });
    expect(await fixtures()).toEqual(before);
    // Not meanwhile: a guest's card is without address for a moment when it gets a lease.
    for (const { guest, port } of guests) expect((await guest.dhcp({ tries: 60 })).address).toBe(addressOf(port));
    expect(await theDhcpPort()).toMatchObject({ id: dhcpPort.id, device_id: dhcpPort.device_id, status: 'ACTIVE' });
  });

  it.each<Kind>(['ours', 'python'])('the metadata agent is %s', async (kind) => {
    await handOver('neutron-metadata-agent', kind);
    const { guest, port } = guests[0]!;
    const get = () => guest.get('http://169.254.169.254/latest/');
    const answer = await until('metadata', async () => (await get()).status === 200 && get(), WAIT);
    expect(answer.body).toBe(`of ${port.device_id}`);
  });

  it('dnsmasq goes on serving while no DHCP agent runs', async () => {
    const before = await dnsmasqPids();
    await agents.python['neutron-dhcp-agent'].stop();
    const { guest, port } = guests[0]!;
    expect((await guest.dhcp({ tries: 10 })).address).toBe(addressOf(port));
    expect(await dnsmasqPids()).toEqual(before);
    await cloud.startAgent(agents.ours['neutron-dhcp-agent']);
  });

  it('all three are ours: a new guest is served, one that goes leaves nothing', async () => {
    for (const name of ['neutron-linuxbridge-agent', 'neutron-metadata-agent'] as const) await handOver(name, 'ours');
    await withoutLoss(`a new guest on the host that is ours now, server of ${server}`, everybody(), async () => {
      await addGuest(host);
      const { guest, port } = guests.pop()!;
      expect((await guest.get('http://169.254.169.254/latest/')).body).toBe(`of ${port.device_id}`);
      await cloud.api.remove('port', port.id);
      await guest.remove();
      await until('no tap', async () => !(await host.links()).includes(tapName(port.id)), WAIT);
    });
  });
});
