import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bridgeName, tapName } from '../../src/lib/names.ts';
import type { Network, Port } from '../../src/resources/shapes.ts';
import type { Deployment } from '../support/deployment.ts';
import { Guest, plugGuest } from '../support/guest.ts';
import type { EmulatedHost, HostProcess } from '../support/hosts.ts';
import { Starvation } from '../support/starvation.ts';
import { VxlanStand } from '../support/vxlan-stand.ts';
import { until } from '../support/wait.ts';

/**
 * A guest moves between two hosts while one on a third pings it every 10 ms, as Nova moves it: a binding for the new host, its tap
 * there, the old guest paused, the binding activated, the new guest running, which says so (QEMU's announcement).
 */
let stand: VxlanStand;
let hosts: EmulatedHost[];
let deployment: Deployment;

beforeAll(async () => {
  stand = await VxlanStand.open({
    wires: ['flat1'],
    serverAt: 2,
    server: {
      ml2: { mechanism_drivers: 'linuxbridge,l2population' },
      securitygroup: { enable_security_group: true },
    },
    agent: (host) => ({
      linux_bridge: { physical_interface_mappings: 'flat1:eth1' },
      vxlan: { local_ip: host.address, l2_population: true },
      securitygroup: { enable_security_group: true, firewall_driver: 'iptables' },
    }),
  });
  ({ hosts, deployment } = stand);
  await deployment.agent('neutron-dhcp-agent', hosts[2]!, { DEFAULT: { interface_driver: 'linuxbridge' } });
});
afterAll(() => stand?.[Symbol.asyncDispose]());

/** A guest's place on one host, with a shell inside that does at once what it is told. */
interface Place {
  host: EmulatedHost;
  guest: Guest;
  shell: HostProcess;
}

/** What Nova prepares where a guest moves to: its tap in the bridge. The guest says nothing yet, and has no address. */
async function plugSilent(host: EmulatedHost, port: Port): Promise<Place> {
  const name = `guest-${host.name}-${port.id.slice(0, 8)}`;
  const tap = tapName(port.id);
  const bridge = bridgeName(port.network_id);
  await host.run(['ip', 'netns', 'add', name]);
  await host.run(['sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1'], { netns: name });
  await host.run(['ip', 'link', 'add', bridge, 'type', 'bridge', 'forward_delay', '0'], { okCodes: [0, 2] });
  await host.ipBatch([
    `link add ${tap} type veth peer name vm${port.id.slice(0, 11)} address ${port.mac_address}`,
    `link set vm${port.id.slice(0, 11)} netns ${name}`,
    `link set ${bridge} up`,
    `link set ${tap} master ${bridge} up`,
  ]);
  await host.ipBatch([`link set vm${port.id.slice(0, 11)} name eth0`, 'link set eth0 mtu 1450 up'], name);
  const guest = new Guest(host, name);
  return { host, guest, shell: host.spawn(['sh'], { netns: name, keepOpen: true }) };
}

const addressOf = (port: Port) => port.fixed_ips[0]!.ip_address;
const run = ({ shell }: Place, port: Port) =>
  shell.write(`ip addr add ${addressOf(port)}/24 dev eth0; arping -q -U -c 2 -I eth0 ${addressOf(port)} &\n`);
const pause = ({ shell }: Place, port: Port) => shell.write(`ip addr del ${addressOf(port)}/24 dev eth0\n`);

async function request(method: string, path: string, body?: object): Promise<void> {
  const answer = await deployment.api.request(method, `/v2.0/ports/${path}`, body);
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
}

/** Moves a guest. @returns where it is, and for how many milliseconds it did not answer */
async function move(port: Port, from: Place, host: EmulatedHost, pinger: Guest) {
  await request('POST', `${port.id}/bindings`, { binding: { host: host.name } });
  const to = await plugSilent(host, port);
  const leg = await legOf(port);
  await until('the new host to be ready', async () => {
    const links = await host.json<{ ifname: string }[]>([
      'ip',
      '-j',
      'link',
      'show',
      'master',
      bridgeName(port.network_id),
    ]);
    const names = links.map(({ ifname }) => ifname);
    if (!names.includes(tapName(port.id)) || !names.includes(leg)) return false;
    if (leg === 'eth1') return true;
    return (await host.read(['bridge', 'fdb', 'show', 'dev', leg])).includes(`dst ${hosts[2]!.address}`);
  });
  expect((await deployment.api.show('port', port.id)).status).toBe('ACTIVE');
  const ping = pinger.spawn(['ping', '-n', '-D', '-i', '0.01', addressOf(port)]);
  await until('answers', () => ping.output.split('\n').length > 30);
  pause(from, port);
  await request('PUT', `${port.id}/bindings/${host.name}/activate`);
  run(to, port);
  const seen = ping.output.split('\n').length;
  await until('answers again', () => ping.output.split('\n').length > seen + 30);
  await ping.kill('SIGINT');
  const moments = [...(await ping.finished).stdout.matchAll(/^\[([\d.]+)\] .* icmp_seq=/gm)].map(
    (found) => Number(found[1]) * 1000,
  );
  const gapMs = Math.max(...moments.slice(1).map((moment, at) => moment - moments[at]!)) - 10;
  await deployment.portStatus(port.id, 'ACTIVE');
  await until('the old tap to be let go', async () => {
    const [link] = await from.host.json<{ master?: string }[]>(['ip', '-j', 'link', 'show', 'dev', tapName(port.id)]);
    return link!.master === undefined;
  });
  // What Nova does behind it.
  from.shell.endInput();
  await from.host.run(['ip', 'link', 'del', tapName(port.id)]);
  await from.guest.remove();
  await request('DELETE', `${port.id}/bindings/${from.host.name}`);
  return { to, gapMs };
}

async function legOf(port: Port): Promise<string> {
  const network: Network = await deployment.api.show('network', port.network_id);
  return network['provider:network_type'] === 'flat' ? 'eth1' : `vxlan-${network['provider:segmentation_id']}`;
}

describe.each([
  ['VXLAN', { name: 'tunnelled' }],
  ['flat', { name: 'plain', 'provider:network_type': 'flat', 'provider:physical_network': 'flat1' }],
])('a guest of a %s network that moves', (kind, input) => {
  it('is away for no more than a moment, there and back, and finds DHCP and its groups where it is', async () => {
    const network: Network = await deployment.api.create('network', input);
    const cidr = kind === 'flat' ? '10.8.0.0/24' : '10.7.0.0/24';
    await deployment.api.create('subnet', { network_id: network.id, ip_version: 4, cidr });
    const makePort = (host: EmulatedHost): Promise<Port> =>
      deployment.api.create('port', {
        ...{ network_id: network.id, device_owner: 'compute:nova', 'binding:host_id': host.name },
      });
    const other = await makePort(hosts[2]!);
    const pinger = await plugGuest(hosts[2]!, other, `pinger-${kind}`);
    await pinger.run(['ip', 'addr', 'add', `${addressOf(other)}/24`, 'dev', 'eth0']);
    await deployment.portStatus(other.id, 'ACTIVE');
    const port = await makePort(hosts[0]!);
    let place = await plugSilent(hosts[0]!, port);
    await deployment.portStatus(port.id, 'ACTIVE');
    run(place, port);
    await until('the way', () => pinger.ping(addressOf(port), 1));
    const gaps: number[] = [];
    using starvation = await Starvation.watch();
    for (const at of [1, 0, 1, 0, 1]) {
      const moved = await move(port, place, hosts[at]!, pinger);
      place = moved.to;
      gaps.push(Math.round(moved.gapMs));
    }
    const lease = await place.guest.dhcp();
    expect(lease.address).toBe(addressOf(port));
    // Its groups are in force where it is.
    expect(await pinger.ping(addressOf(port), 1)).toBe(true);
    await deployment.api.update('port', port.id, { security_groups: [] });
    await until('its groups to let nobody in', async () => !(await pinger.ping(addressOf(port), 1)));
    // Of five the best: the machine may be busy with other tests. None is away for as long as a time-out takes.
    expect(Math.min(...gaps), gaps.join()).toBeLessThanOrEqual(100 + starvation.allowanceMs);
    expect(Math.max(...gaps), gaps.join()).toBeLessThan(2_000 + starvation.allowanceMs);
    place.shell.endInput();
  });
});
