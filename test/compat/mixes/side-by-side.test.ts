import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bridgeName, dhcpNamespace } from '../../../src/lib/names.ts';
import type { Network, Port } from '../../../src/resources/shapes.ts';
import { type Guest, type Lease, plugGuest } from '../../support/guest.ts';
import type { EmulatedHost } from '../../support/hosts.ts';
import type { Program } from '../../support/programs.ts';
import { until } from '../../support/wait.ts';
import { Cloud } from './cloud.ts';
import type { Kind } from './configuration.ts';
import { withoutLoss } from './pinging.ts';
import { addressOf, makeFlatNetwork, makePort, WAIT } from './ports.ts';

/** One flat network over two hosts: our three agents on one, Python's on the other. */
describe.each<Kind>(['ours', 'python'])('on a server of %s', (server) => {
  const hosts = {} as Record<Kind, EmulatedHost>;
  const agents = {} as Record<Kind, Program>;
  const guests = {} as Record<Kind, Guest>;
  const ports = {} as Record<Kind, Port>;
  let cloud: Cloud;
  let network: Network;

  beforeAll(async () => {
    cloud = await Cloud.raise(server);
    for (const kind of ['ours', 'python'] as const) {
      hosts[kind] = await cloud.addHost(`host-${kind}`);
      await cloud.agent('neutron-linuxbridge-agent', kind, hosts[kind]);
      agents[kind] = await cloud.agent('neutron-dhcp-agent', kind, hosts[kind]);
      await cloud.agent('neutron-metadata-agent', kind, hosts[kind]);
    }
  });
  afterAll(async () => {
    await cloud?.[Symbol.asyncDispose]();
  });

  it('both DHCP agents take the network, each with a port of its own', async () => {
    network = await makeFlatNetwork(cloud, '10.7.0.0/24');
    for (const kind of ['ours', 'python'] as const) {
      // The server has chosen one of them; a second one is the operator's wish.
      await giveNetwork(kind);
      const port = await until(`the DHCP port of ${kind}`, () => dhcpPort(kind), WAIT);
      await cloud.portStatus(port.id, 'ACTIVE');
      await until(`the network on ${hosts[kind].name}`, () => hasNetwork(kind), WAIT);
    }
  });

  it('guests of both hosts get their addresses, and reach each other', async () => {
    for (const kind of ['ours', 'python'] as const) {
      ports[kind] = await makePort(cloud, network, hosts[kind].name, { port_security_enabled: false });
      guests[kind] = await plugGuest(hosts[kind], ports[kind], 'guest');
    }
    for (const kind of ['ours', 'python'] as const) {
      expect((await guests[kind].dhcp({ tries: 60 })).address).toBe(addressOf(ports[kind]));
      await cloud.portStatus(ports[kind].id, 'ACTIVE');
      expect(await hosts[kind].links()).toContain(bridgeName(network.id));
    }
    const both = [
      [guests.ours, addressOf(ports.python)],
      [guests.python, addressOf(ports.ours)],
    ] as const;
    await withoutLoss(`between hosts of both kinds, server of ${server}`, both, async () => {});
  });

  it('either DHCP agent alone serves both guests, and tells them the same', async () => {
    const told = {} as Record<Kind, Record<Kind, Lease>>;
    const servers = new Set<string>();
    for (const [kind, other] of [
      ['ours', 'python'],
      ['python', 'ours'],
    ] as const) {
      await takeNetwork(other);
      await until(`the network leaves ${hosts[other].name}`, async () => !(await hasNetwork(other)), WAIT);
      const leases = {
        ours: await guests.ours.dhcp({ tries: 60 }),
        python: await guests.python.dhcp({ tries: 60 }),
      };
      const serving = await dhcpPort(kind);
      for (const guest of ['ours', 'python'] as const) {
        expect(leases[guest]).toMatchObject({ address: addressOf(ports[guest]), server: addressOf(serving!) });
        await isServedMetadata(guest, kind);
      }
      told[kind] = leases;
      servers.add(addressOf(serving!));
      await giveNetwork(other);
      await until(`the network is back on ${hosts[other].name}`, () => hasNetwork(other), WAIT);
    }
    for (const guest of ['ours', 'python'] as const)
      expect(withoutServers(told.ours[guest], servers)).toEqual(withoutServers(told.python[guest], servers));
  });

  async function dhcpPort(kind: Kind): Promise<Port | undefined> {
    const query = `network_id=${network.id}&device_owner=network:dhcp&binding:host_id=${hosts[kind].name}`;
    const [port] = await cloud.api.list('port', query);
    return port;
  }

  /** A guest's request goes to the DHCP server it was told of, whose host asks its Nova. */
  async function isServedMetadata(guest: Kind, by: Kind): Promise<void> {
    const get = () => guests[guest].get('http://169.254.169.254/latest/');
    const answer = await until('metadata', async () => (await get()).status === 200 && get(), WAIT);
    expect(answer.body).toBe(`of ${ports[guest].device_id}`);
    expect(cloud.metadataRequests(hosts[by]).at(-1)!.headers['x-instance-id']).toBe(ports[guest].device_id);
  }

  const hasNetwork = async (kind: Kind) => (await hosts[kind].namespaces()).includes(dhcpNamespace(network.id));

  async function networksOf(kind: Kind): Promise<string> {
    return `/v2.0/agents/${(await cloud.agentOf(agents[kind]))!.id}/dhcp-networks`;
  }

  /** 409: it has it already. */
  async function giveNetwork(kind: Kind): Promise<void> {
    const { status } = await cloud.api.request('POST', await networksOf(kind), { network_id: network.id });
    expect([201, 409]).toContain(status);
  }

  async function takeNetwork(kind: Kind): Promise<void> {
    await cloud.api.expect('DELETE', `${await networksOf(kind)}/${network.id}`);
  }

  /** All that a lease says but by whom: the server is also a name server, and the way to the metadata. */
  function withoutServers({ raw, ...lease }: Lease, servers: Set<string>): object {
    let text = JSON.stringify({ ...lease, options: Object.keys(raw).sort() });
    for (const server of servers) text = text.replaceAll(`"${server}"`, '"a server"');
    return JSON.parse(text);
  }
});
