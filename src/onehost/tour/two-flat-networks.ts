import { bridgeName } from '../../lib/names.ts';
import type { Narrator } from './narrator.ts';
import { idIn, type Stage } from './stage.ts';
import { askForAddress, plugByHand } from './two-hosts.ts';

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

  const port = await stage.api.create('port', {
    network_id: ids.flat1!,
    name: 'flat-guest',
    'binding:host_id': 'host2',
    device_owner: 'neutrino:guest',
  });
  narrator.say('On host2 the label flat1 means another card. A port there, and a guest on its tap:');
  const guest = await plugByHand(stage, narrator, port, 'flat-guest');
  await narrator.show(host2, ['brctl', 'show'], {
    shows: [new RegExp(`${bridgeName(ids.flat1!)}[^]*eth3`)],
    note: 'the same network, by another card',
    mark: ['eth3'],
    withinMs: 10_000,
  });
  await askForAddress(stage, narrator, guest, port);
  await narrator.show(host1, ['neutron', 'port-show', port.id], {
    shows: [/status\s+\|\s+ACTIVE/],
    only: /status|host_id|fixed_ips/,
  });
}
