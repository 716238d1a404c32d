import { bridgeName, tapName } from '../lib/names.ts';
import type { Host, NetworkOperation } from '../linux/contract.ts';
import type { Network, Port } from '../resources/shapes.ts';
import { takeResolver } from './netns-resolver.ts';
import type { PlugRecord } from './plug-records.ts';

/**
 * Makes a port's tap, and at its other end the card of a namespace.
 *
 * @returns the name of the guest's card, null for a tap
 */
export async function makeDevices(
  port: Port,
  network: Network,
  netns: string | null,
  linux: Host,
): Promise<string | null> {
  const tap = tapName(port.id);
  const { mtu } = network;
  if (netns === null) {
    await linux.exec.run(['ip', 'tuntap', 'add', 'dev', tap, 'mode', 'tap']);
    await linux.apply([{ op: 'set_mtu', name: tap, mtu }]);
    return null;
  }
  await linux.ensureNetns(netns);
  const { links } = await linux.readNetwork(netns);
  const numbers = [...Array(links.size + 1).keys()];
  const card = numbers.map((number) => `eth${number}`).find((name) => !links.has(name)) as string;
  // Made under a name of its own and renamed inside: this host may have an eth0 too.
  const inner = `gst${tap.slice(3)}`;
  await linux.apply([
    { op: 'ensure_veth', name: tap, peer: inner },
    { op: 'set_mac', name: inner, mac: port.mac_address },
    { op: 'set_mtu', name: inner, mtu },
    { op: 'set_mtu', name: tap, mtu },
    { op: 'move_to_netns', name: inner, netns, rename: card },
  ]);
  await linux.apply([{ op: 'set_up', name: card }], netns);
  return card;
}

/** The bridge is made as the agent makes it, when this port is the first one here of its network. */
export async function plugIntoBridge(port: Port, linux: Host): Promise<void> {
  const given = port['binding:vif_details']?.bridge_name;
  const bridge = typeof given === 'string' && given !== '' ? given : bridgeName(port.network_id);
  const tap = tapName(port.id);
  const operations: NetworkOperation[] = [];
  if (!(await linux.readNetwork()).links.has(bridge)) {
    operations.push(
      { op: 'ensure_bridge', name: bridge },
      { op: 'sysctl', key: `net/ipv6/conf/${bridge}/disable_ipv6`, value: '1' },
      { op: 'set_up', name: bridge },
    );
  }
  await linux.apply([...operations, { op: 'set_master', name: tap, master: bridge }, { op: 'set_up', name: tap }]);
}

/**
 * Takes the tap away, and the namespace if it was made for it and nothing else is in it.
 *
 * @returns lines for the person who asked
 */
export async function removeDevices(record: PlugRecord, linux: Host, netnsFiles: string): Promise<string[]> {
  const tap = tapName(record.port_id);
  const lines: string[] = [];
  if ((await linux.readNetwork()).links.has(tap)) {
    await linux.apply([{ op: 'delete_link', name: tap }]);
    lines.push(`${tap} is gone`);
  }
  if (record.netns === null || !record.made_netns) return lines;
  if ((await linux.listNetns()).includes(record.netns)) {
    const { links } = await linux.readNetwork(record.netns);
    if ([...links.values()].some((link) => link.kind !== 'loopback'))
      return [...lines, `namespace ${record.netns} stays: there are other devices in it`];
    await linux.removeNetns(record.netns);
    lines.push(`namespace ${record.netns} is gone`);
  }
  takeResolver(record.netns, netnsFiles);
  return lines;
}
