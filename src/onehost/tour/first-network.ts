import type { Port } from '../../resources/shapes.ts';
import { findGuest, type Guest } from '../emulated/guest.ts';
import type { Narrator } from './narrator.ts';
import { idIn, type Stage } from './stage.ts';

/** What the first chapter leaves for the others. */
export interface FirstNetwork {
  networkId: string;
  guests: { guest: Guest; port: Port }[];
}

/** Network, subnet, ports, guests: from the API to an address on a card. */
export async function giveAddresses(stage: Stage, narrator: Narrator): Promise<FirstNetwork> {
  const { host1 } = stage;
  narrator.chapter('A tenant creates a network, and a guest gets its address');
  const network = await narrator.show(host1, ['neutron', 'net-create', 'tenant-net'], {
    shows: ['tenant-net', 'ACTIVE', 'vxlan'],
    mark: ['vxlan'],
  });
  const networkId = idIn(network);
  await narrator.show(host1, ['neutron', 'subnet-create', 'tenant-net', '192.168.56.0/24', '--name', 'tenant-subnet'], {
    shows: ['192.168.56.0/24', '192.168.56.1'],
  });

  const guests: FirstNetwork['guests'] = [];
  for (const name of ['guest1', 'guest2']) {
    const table = await narrator.show(host1, ['neutron', 'port-create', 'tenant-net', '--name', name], {
      shows: [/192\.168\.56\.\d+/],
      note: 'an address is chosen',
      mark: [/192\.168\.56\.\d+/],
    });
    const port = await stage.api.show('port', idIn(table));
    await narrator.show(host1, ['neutrino', 'plug', port.id, '--netns', name, '--state-dir', stage.stateDir], {
      note: 'what Nova does when it starts a guest',
    });
    stage.guests.push(name);
    guests.push({ guest: await findGuest(host1, name), port });
  }

  for (const { guest, port } of guests) {
    const address = port.fixed_ips[0]!.ip_address;
    const { argv, env } = await guest.dhcpCommand();
    await narrator.show(host1, argv, {
      netns: guest.netns,
      env,
      shows: [address],
      note: `${guest.netns} boots: a real DHCP client`,
      mark: [address],
      withinMs: 15_000,
    });
    await narrator.show(host1, ['ip', '-br', 'address', 'show', 'dev', guest.card], {
      netns: guest.netns,
      shows: [`${address}/24`],
    });
    const got = await guest.addresses();
    narrator.confirm(
      got.length === 1 && got[0] === address,
      `${guest.netns} has exactly the address that the API chose: ${address}`,
    );
    await guest.readLease();
  }
  const [first, second] = guests as [(typeof guests)[0], (typeof guests)[0]];
  await narrator.show(host1, ['ping', '-c', '3', '-i', '0.2', second.port.fixed_ips[0]!.ip_address], {
    netns: first.guest.netns,
    shows: ['3 received', '0% packet loss'],
  });
  const hostName = `host-${second.port.fixed_ips[0]!.ip_address.replaceAll('.', '-')}`;
  const domain = first.guest.lease?.domain ?? 'openstacklocal';
  await narrator.show(
    host1,
    ['busybox', 'nslookup', '-type=a', `${hostName}.${domain}`, first.guest.lease?.dnsServers[0] ?? ''],
    {
      netns: first.guest.netns,
      shows: [second.port.fixed_ips[0]!.ip_address],
      note: "the neighbour's name",
    },
  );
  const url = 'http://169.254.169.254/openstack/latest';
  await narrator.show(host1, ['curl', '-sS', `${url}/meta_data.json`], {
    netns: first.guest.netns,
    shows: ['uuid'],
    note: 'its metadata',
    withinMs: 10_000,
  });
  await narrator.show(host1, ['curl', '-sS', `${url}/network_data.json`], {
    netns: first.guest.netns,
    shows: [first.port.mac_address],
  });
  return { networkId, guests };
}
