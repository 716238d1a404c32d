import { join } from 'node:path';
import { bridgeName, dhcpDeviceName, dhcpNamespace, tapName } from '../../lib/names.ts';
import { until } from '../emulated/wait.ts';
import type { FirstNetwork } from './first-network.ts';
import type { Narrator } from './narrator.ts';
import type { Stage } from './stage.ts';

/** What came into being on the host, with the commands operators know. */
export async function lookUnderneath(
  stage: Stage,
  narrator: Narrator,
  { networkId, guests }: FirstNetwork,
): Promise<void> {
  const { host1, api } = stage;
  const dhcpPort = (await api.list('port', `network_id=${networkId}&device_owner=network:dhcp`))[0]!;
  const bridge = bridgeName(networkId);
  const namespace = dhcpNamespace(networkId);
  const inside = dhcpDeviceName(dhcpPort.id);
  const outside = tapName(dhcpPort.id);

  narrator.chapter('What came into being underneath');
  await narrator.show(host1, ['neutron', 'net-list'], { shows: [networkId, 'tenant-net', '192.168.56.0/24'] });
  await narrator.show(host1, ['neutron', 'port-list'], { shows: guests.map(({ port }) => port.id) });
  await narrator.show(host1, ['brctl', 'show'], {
    shows: [bridge, /vxlan-\d+/, outside, ...guests.map(({ port }) => tapName(port.id))],
    note: `${bridge} is brq and the start of the network's id; vxlan-… will lead to other hosts`,
    mark: [bridge, /vxlan-\d+/, outside],
  });
  await narrator.show(host1, ['ip', 'netns', 'list'], { shows: [namespace], mark: [namespace] });

  narrator.say(
    'The DHCP server lives in a namespace of its own. It has lo and one end of a veth pair; a fresh namespace beside it has only lo:',
  );
  await narrator.show(host1, ['ip', 'a'], {
    netns: namespace,
    shows: ['lo:', inside, /192\.168\.56\.\d+\/24/],
    mark: [inside],
  });
  await narrator.show(host1, ['ip', 'netns', 'add', 'fresh']);
  await narrator.show(host1, ['ip', 'a'], { netns: 'fresh', shows: ['lo:'], hides: ['ns-'] });
  await narrator.show(host1, ['ip', 'netns', 'del', 'fresh']);

  type Link = { ifindex: number; link_index: number };
  const [near] = await host1.json<Link[]>(['ip', '-j', 'link', 'show', 'dev', outside]);
  const [far] = await host1.json<Link[]>(['ip', '-n', namespace, '-j', 'link', 'show', 'dev', inside]);
  await narrator.show(host1, ['ip', '-o', 'link', 'show', 'dev', outside], { note: 'the end in the bridge' });
  await narrator.show(host1, ['ip', '-o', 'link', 'show', 'dev', inside], {
    netns: namespace,
    note: 'the end in the namespace',
  });
  narrator.confirm(
    near!.link_index === far!.ifindex && far!.link_index === near!.ifindex,
    `two ends of one pair: ${outside} is ${near!.ifindex} and leads to ${near!.link_index}, ${inside} is ${far!.ifindex} and leads to ${far!.link_index}`,
  );

  const processes = await host1.processes();
  const dnsmasq = processes.filter(({ command }) => /^(\S*\/)?dnsmasq /.test(command) && command.includes(networkId));
  narrator.confirm(dnsmasq.length === 1, 'exactly one dnsmasq serves the network');
  await narrator.show(host1, ['ps', '-ww', '-o', 'pid,args', '-p', String(dnsmasq[0]!.pid)], {
    shows: ['--dhcp-hostsfile=', `--interface=${inside}`],
    mark: [/--dhcp-hostsfile=\S+/, `--interface=${inside}`],
  });
  const hostsFile = /--dhcp-hostsfile=(\S+)/.exec(dnsmasq[0]!.command)![1]!;
  await narrator.show(host1, ['cat', hostsFile], {
    shows: guests.map(
      ({ port }) => new RegExp(`${port.mac_address},.*${port.fixed_ips[0]!.ip_address.replaceAll('.', '\\.')}`),
    ),
    note: 'MAC, name and address of each port',
  });
  await until('the leases', async () =>
    (await host1.read(['cat', join(hostsFile, '..', 'leases')])).includes(guests[0]!.port.mac_address),
  );
  await narrator.show(host1, ['cat', join(hostsFile, '..', 'leases')], { shows: [guests[0]!.port.mac_address] });
  await narrator.show(host1, ['neutrino', 'explain', 'port', guests[0]!.port.id, '--state-dir', stage.stateDir], {
    note: 'the whole chain, from the row to the kernel',
  });
}
