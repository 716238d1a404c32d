import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tapName } from '../../../src/lib/names.ts';
import type { Network, Port } from '../../../src/resources/shapes.ts';
import { type Guest, plugGuest } from '../../support/guest.ts';
import type { EmulatedHost } from '../../support/hosts.ts';
import type { Program } from '../../support/programs.ts';
import { until } from '../../support/wait.ts';
import { Cloud } from './cloud.ts';
import type { Kind } from './configuration.ts';
import { addressOf, makePort, WAIT } from './ports.ts';

/** A VXLAN network over a host of Python's agent and one of ours, on each server: what one is told the other is told, too. */
describe.each<Kind>(['ours', 'python'])('l2 population on a server of %s', (server) => {
  let cloud: Cloud;
  let pythons: EmulatedHost;
  let ours: EmulatedHost;
  let agent: Program;
  let network: Network;
  let device: string;
  const guests: { port: Port; guest: Guest; host: EmulatedHost }[] = [];

  beforeAll(async () => {
    cloud = await Cloud.raise(server, { tunnels: true });
    pythons = await cloud.addHost('pythons');
    ours = await cloud.addHost('ours');
    await cloud.agent('neutron-linuxbridge-agent', 'python', pythons);
    agent = await cloud.agent('neutron-linuxbridge-agent', 'ours', ours);
    network = await cloud.api.create('network');
    await cloud.api.create('subnet', {
      network_id: network.id,
      ip_version: 4,
      cidr: '10.7.0.0/24',
      // Addresses are given at random; those that are asked for by name must be free.
      allocation_pools: [{ start: '10.7.0.10', end: '10.7.0.200' }],
      enable_dhcp: false,
    });
    device = `vxlan-${network['provider:segmentation_id']}`;
  });
  afterAll(async () => {
    await cloud?.[Symbol.asyncDispose]();
  });

  async function addGuest(host: EmulatedHost): Promise<(typeof guests)[number]> {
    const port = await makePort(cloud, network, host.name);
    const guest = await plugGuest(host, port);
    await host.ipBatch([`addr add ${addressOf(port)}/24 dev eth0`, 'link set eth0 mtu 1450'], guest.netns);
    await cloud.portStatus(port.id, 'ACTIVE');
    const made = { port, guest, host };
    guests.push(made);
    return made;
  }

  async function entries(host: EmulatedHost): Promise<string> {
    const fdb = await host.run(['bridge', 'fdb', 'show', 'dev', device], { okCodes: [0, 1, 255] });
    const neighbours = await host.run(['ip', 'neigh', 'show', 'nud', 'permanent', 'dev', device], { okCodes: [0, 1] });
    const places = [...fdb.stdout.matchAll(/^(\S+) dst (\S+) .*permanent/gm)].map(
      ([, mac, remote]) => `${mac} ${remote}`,
    );
    const answers = [...neighbours.stdout.matchAll(/^(\S+) lladdr (\S+)/gm)].map(([, ip, mac]) => `${ip} ${mac}`);
    return [...places, ...answers].sort().join('\n');
  }

  /** Waits until a host knows of these ports on the other host, and of nothing else. */
  const untilKnown = (host: EmulatedHost, remote: EmulatedHost, ports: Port[]) => {
    const flood = ports.length > 0 ? [`00:00:00:00:00:00 ${remote.address}`] : [];
    const each = ports.flatMap((port) => [
      `${port.mac_address} ${remote.address}`,
      `${addressOf(port)} ${port.mac_address}`,
    ]);
    const wanted = [...flood, ...each].sort().join('\n');
    return until(
      `${host.name} to know\n${wanted}\n`,
      async () => {
        const found = await entries(host);
        return found === wanted || Promise.reject(new Error(`it knows\n${found}`));
      },
      WAIT,
    );
  };

  it('guests on both hosts reach each other, and each host has the entries of the other', async () => {
    const near = await addGuest(pythons);
    const far = await addGuest(ours);
    await untilKnown(ours, pythons, [near.port]);
    await untilKnown(pythons, ours, [far.port]);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      await until('a ping', () => from.guest.ping(addressOf(to.port), 1), WAIT);
    }
  });

  it('more ports come and go', async () => {
    const [near, far] = guests as [(typeof guests)[number], (typeof guests)[number]];
    const more = [await addGuest(ours), await addGuest(pythons)] as const;
    await untilKnown(pythons, ours, [far.port, more[0].port]);
    await untilKnown(ours, pythons, [near.port, more[1].port]);
    for (const { port, guest } of more) {
      await cloud.api.remove('port', port.id);
      await guest.remove();
      guests.pop();
    }
    await untilKnown(pythons, ours, [far.port]);
    await untilKnown(ours, pythons, [near.port]);
  });

  it('another address of a port is known', async () => {
    for (const [made, other, last] of [
      [guests[0]!, ours, 201],
      [guests[1]!, pythons, 202],
    ] as const) {
      const subnet_id = made.port.fixed_ips[0]!.subnet_id;
      const fixed_ips = [{ subnet_id, ip_address: `10.7.0.${last}` }];
      const change = [`addr del ${addressOf(made.port)}/24 dev eth0`, `addr add 10.7.0.${last}/24 dev eth0`];
      await made.host.ipBatch(change, made.guest.netns);
      made.port = await cloud.api.update('port', made.port.id, { fixed_ips });
      await untilKnown(other, made.host, [made.port]);
    }
    await until('a ping', () => guests[0]!.guest.ping('10.7.0.202', 1), WAIT);
  });

  it('our agent is restarted, and has what it had', async () => {
    await agent.stop();
    expect(await entries(ours)).toContain(guests[0]!.port.mac_address);
    await cloud.startAgent(agent);
    await cloud.portStatus(guests[1]!.port.id, 'ACTIVE');
    await untilKnown(ours, pythons, [guests[0]!.port]);
    await untilKnown(pythons, ours, [guests[1]!.port]);
  });

  it('a guest that moves from one to the other is known where it is', async () => {
    const [moving, other] = guests as [(typeof guests)[number], (typeof guests)[number]];
    const stays = await addGuest(pythons);
    const path = `/v2.0/ports/${moving.port.id}/bindings`;
    await cloud.api.expect('POST', path, { binding: { host: 'ours' } });
    const moved = await plugGuest(ours, moving.port, 'moved');
    await pythons.run(['ip', '-n', moving.guest.netns, 'link', 'set', 'eth0', 'down']);
    await cloud.api.expect('PUT', `${path}/ours/activate`);
    await ours.ipBatch([`addr add ${addressOf(moving.port)}/24 dev eth0`, 'link set eth0 mtu 1450'], moved.netns);
    await cloud.portStatus(moving.port.id, 'ACTIVE');
    await pythons.run(['ip', 'link', 'del', tapName(moving.port.id)]);
    await cloud.api.expect('DELETE', `${path}/pythons`);
    await untilKnown(ours, pythons, [stays.port]);
    await untilKnown(pythons, ours, [other.port, moving.port]);
    await until('a ping', () => stays.guest.ping(addressOf(moving.port), 1), WAIT);
  });
});
