import { bridgeName } from '../../lib/names.ts';
import { findGuest } from '../emulated/guest.ts';
import type { Narrator } from './narrator.ts';
import { idIn, type Stage } from './stage.ts';

/** A network with VLAN 100 on a card: a leg of the card in the network's bridge. Kernels without 802.1Q refuse its ports. */
export async function showVlan(stage: Stage, narrator: Narrator): Promise<void> {
  const { host1 } = stage;
  narrator.chapter('A VLAN on a card');
  const table = await narrator.show(
    host1,
    [
      'neutron',
      'net-create',
      'vlan100',
      '--provider:network_type',
      'vlan',
      '--provider:physical_network',
      'lan',
      '--provider:segmentation_id',
      '100',
    ],
    { shows: [/segmentation_id +\| 100 /], only: /^\| (id|name|provider\S+) / },
  );
  await narrator.show(host1, ['neutron', 'subnet-create', 'vlan100', '10.100.0.0/24'], {
    shows: ['10.100.0.0/24'],
    only: /cidr|gateway|allocation/,
  });
  const port = await stage.api.create('port', { network_id: idIn(table), name: 'vlan-guest' });
  if (!(await hasVlans(stage))) {
    narrator.say("This machine's kernel has no 802.1Q; the agent has told the server, and the port is refused:");
    await narrator.show(host1, ['neutrino', 'plug', port.id, '--netns', 'vlan-guest', '--state-dir', stage.stateDir], {
      okCodes: [1],
      shows: ['8021q'],
      mark: ['8021q'],
    });
    return;
  }
  await narrator.show(host1, ['neutrino', 'plug', port.id, '--netns', 'vlan-guest', '--state-dir', stage.stateDir]);
  stage.guests.push('vlan-guest');
  await narrator.show(host1, ['brctl', 'show'], {
    shows: [new RegExp(`${bridgeName(port.network_id)}[^]*eth1\\.100`)],
    note: 'eth1.100: frames of this network leave eth1 with tag 100',
    mark: ['eth1.100'],
    withinMs: 10_000,
  });
  const guest = await findGuest(host1, 'vlan-guest');
  const { argv, env } = await guest.dhcpCommand();
  await narrator.show(host1, argv, {
    netns: 'vlan-guest',
    env,
    shows: [port.fixed_ips[0]!.ip_address],
    withinMs: 15_000,
  });
}

async function hasVlans({ host1 }: Stage): Promise<boolean> {
  const make = ['ip', 'link', 'add', 'link', 'eth3', 'name', 'probe', 'type', 'vlan', 'id', '1'];
  const { code } = await host1.run(make, { okCodes: [0, 2] });
  if (code === 0) await host1.run(['ip', 'link', 'del', 'probe']);
  return code === 0;
}
