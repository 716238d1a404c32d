import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bridgeName, tapName } from '../../lib/names.ts';
import type { Network, Port } from '../../resources/shapes.ts';
import { findGuest, type Guest } from '../emulated/guest.ts';
import { until } from '../emulated/wait.ts';
import type { FirstNetwork } from './first-network.ts';
import type { Narrator } from './narrator.ts';
import type { Stage } from './stage.ts';

/** A second host joins, and the tenant's network reaches over to it: by VXLAN between the two, through nobody's switches. */
export async function showTwoHosts(
  stage: Stage,
  narrator: Narrator,
  { networkId, guests }: FirstNetwork,
): Promise<void> {
  const { host1, host2, api } = stage;
  narrator.chapter('A second host');
  const file = join(host2.folder, 'agent.conf');
  await writeFile(
    file,
    `[DEFAULT]
host = host2
state_path = ${join(host2.folder, 'state')}
transport_url = local://${join(stage.stateDir, 'bus.sock')}

[agent]
report_interval = 1

[linux_bridge]
physical_interface_mappings = lan:eth1,flat1:eth3,flat2:eth2

[vxlan]
local_ip = ${host2.address}
l2_population = true

[securitygroup]
firewall_driver = iptables
`,
  );
  await narrator.show(host2, ['cat', file], { shows: ['l2_population'] });
  narrator.say(`host2# neutron-linuxbridge-agent --config-file ${file} &`);
  stage.spawn(host2, ['neutron-linuxbridge-agent', '--config-file', file]);
  await narrator.show(host1, ['neutron', 'agent-list'], { shows: [/host2 .*:-\)/], withinMs: 20_000 });

  const port = await api.create('port', {
    network_id: networkId,
    name: 'far-guest',
    'binding:host_id': 'host2',
    device_owner: 'neutrino:guest',
  });
  const { 'provider:segmentation_id': vni } = (await api.show('network', networkId)) as Network & {
    'provider:segmentation_id': number;
  };
  narrator.say('A port of tenant-net on host2, and a guest on its tap. The DHCP server is on host1:');
  const guest = await plugByHand(stage, narrator, port, 'far-guest');
  await askForAddress(stage, narrator, guest, port);
  await narrator.show(host2, ['brctl', 'show'], {
    shows: [new RegExp(`${bridgeName(networkId)}[^]*vxlan-${vni}`)],
    note: `the way to other hosts: VXLAN number ${vni}`,
    mark: [`vxlan-${vni}`],
  });
  await narrator.show(host2, ['bridge', 'fdb', 'show', 'dev', `vxlan-${vni}`], {
    shows: [new RegExp(`${guests[0]!.port.mac_address} dst ${host1.address}`)],
    note: `the server said where each guest is: behind ${host1.address}, host1`,
    mark: [new RegExp(`${guests[0]!.port.mac_address} dst ${host1.address}`)],
    withinMs: 10_000,
  });
  await narrator.show(host2, ['ping', '-n', '-c', '3', '-i', '0.2', guests[0]!.port.fixed_ips[0]!.ip_address], {
    netns: 'far-guest',
    shows: ['3 received'],
    withinMs: 10_000,
  });
}

/** `neutrino plug` works on the host where everything runs; elsewhere one does what Nova would do. */
export async function plugByHand(stage: Stage, narrator: Narrator, port: Port, netns: string): Promise<Guest> {
  const { host2 } = stage;
  const tap = tapName(port.id);
  const inner = `vm${tap.slice(3)}`;
  await narrator.show(host2, ['ip', 'netns', 'add', netns]);
  stage.farGuests.push(netns);
  await narrator.show(host2, [
    'ip',
    'link',
    'add',
    tap,
    'type',
    'veth',
    'peer',
    'name',
    inner,
    'address',
    port.mac_address,
  ]);
  await narrator.show(host2, ['ip', 'link', 'set', inner, 'netns', netns]);
  await narrator.show(host2, ['ip', '-n', netns, 'link', 'set', inner, 'up', 'name', 'eth0']);
  await narrator.show(host2, ['ip', 'link', 'set', tap, 'up']);
  return await findGuest(host2, netns);
}

/** A guest of host2 gets its address from host1. */
export async function askForAddress(stage: Stage, narrator: Narrator, guest: Guest, port: Port): Promise<void> {
  await until('port active', async () => (await stage.api.show('port', port.id)).status === 'ACTIVE', {
    timeoutMs: 15_000,
  });
  const { argv, env } = await guest.dhcpCommand();
  await narrator.show(stage.host2, argv, {
    netns: guest.netns,
    env,
    shows: [port.fixed_ips[0]!.ip_address],
    withinMs: 20_000,
  });
}
