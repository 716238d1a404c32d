import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bridgeName } from '../../lib/names.ts';
import { findGuest } from '../emulated/guest.ts';
import { until } from '../emulated/wait.ts';
import type { Narrator } from './narrator.ts';
import { idIn, type Stage } from './stage.ts';

/** Physical networks have labels; what they are on a host is the host's own affair. */
export async function showTwoFlatNetworks(stage: Stage, narrator: Narrator): Promise<void> {
  const { host1, host2 } = stage;
  narrator.chapter('Two flat networks on two cards');
  const ids: Record<string, string> = {};
  for (const [name, cidr] of [
    ['flat1', '10.1.0.0/24'],
    ['flat2', '10.2.0.0/24'],
  ] as const) {
    const table = await narrator.show(
      host1,
      ['neutron', 'net-create', `on-${name}`, '--provider:network_type', 'flat', '--provider:physical_network', name],
      { shows: [name] },
    );
    ids[name] = idIn(table);
    await narrator.show(host1, ['neutron', 'subnet-create', `on-${name}`, cidr], {
      shows: [cidr],
      only: /cidr|gateway|allocation/,
    });
  }
  await narrator.show(
    host1,
    [
      'neutron',
      'net-create',
      'one-too-many',
      '--provider:network_type',
      'flat',
      '--provider:physical_network',
      'flat1',
    ],
    {
      okCodes: [1],
      shows: [/in use/i],
      note: 'flat1 is taken: refused',
    },
  );
  const refused = await stage.api.request('POST', '/v2.0/networks', {
    network: { 'provider:network_type': 'flat', 'provider:physical_network': 'flat1' },
  });
  narrator.confirm(refused.status === 409, `the API answered ${refused.status} ${refused.body?.NeutronError?.type}`);
  await narrator.show(host1, ['brctl', 'show'], {
    shows: [new RegExp(`${bridgeName(ids.flat1!)}[^]*eth2`), new RegExp(`${bridgeName(ids.flat2!)}[^]*eth3`)],
    note: 'each in a bridge with its card',
    withinMs: 10_000,
  });

  narrator.say('A second host, where the label flat1 means another card:');
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
physical_interface_mappings = flat1:eth3,flat2:eth2

[securitygroup]
enable_security_group = false
`,
  );
  await narrator.show(host2, ['cat', file], { shows: ['flat1:eth3'] });
  narrator.say(`host2# neutron-linuxbridge-agent --config-file ${file} &`);
  stage.spawn(host2, ['neutron-linuxbridge-agent', '--config-file', file]);
  await narrator.show(host1, ['neutron', 'agent-list'], { shows: [/host2 .*:-\)/], withinMs: 20_000 });

  const port = await stage.api.create('port', {
    network_id: ids.flat1!,
    name: 'far-guest',
    'binding:host_id': 'host2',
    device_owner: 'neutrino:guest',
  });
  narrator.say('A port on host2, and a guest on its tap:');
  await plugByHand(stage, narrator, port.id, port.mac_address);
  await narrator.show(host2, ['brctl', 'show'], {
    shows: [new RegExp(`${bridgeName(ids.flat1!)}[^]*eth3`)],
    note: 'the same network, by another card',
    mark: ['eth3'],
    withinMs: 10_000,
  });
  const guest = await findGuest(host2, 'far-guest');
  const address = port.fixed_ips[0]!.ip_address;
  const { argv, env } = await guest.dhcpCommand();
  await narrator.show(host2, argv, {
    netns: 'far-guest',
    env,
    shows: [address],
    note: 'the DHCP server is on host1: the frames went over the wire flat1',
    withinMs: 20_000,
  });
  await until('port active', async () => (await stage.api.show('port', port.id)).status === 'ACTIVE');
  await narrator.show(host1, ['neutron', 'port-show', port.id], {
    shows: [/status\s+\|\s+ACTIVE/],
    only: /status|host_id|fixed_ips/,
  });
}

/** `neutrino plug` works on the host where everything runs; elsewhere one does what Nova would do. */
async function plugByHand(stage: Stage, narrator: Narrator, portId: string, mac: string): Promise<void> {
  const { host2 } = stage;
  const tap = `tap${portId.slice(0, 11)}`;
  await narrator.show(host2, ['ip', 'netns', 'add', 'far-guest']);
  await narrator.show(host2, ['ip', 'link', 'add', tap, 'type', 'veth', 'peer', 'name', 'eth9', 'address', mac]);
  await narrator.show(host2, ['ip', 'link', 'set', 'eth9', 'netns', 'far-guest']);
  await narrator.show(host2, ['ip', '-n', 'far-guest', 'link', 'set', 'eth9', 'up']);
  await narrator.show(host2, ['ip', 'link', 'set', tap, 'up']);
}
