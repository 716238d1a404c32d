import { afterAll, beforeAll, expect, it } from 'vitest';
import { bridgeName } from '../../src/lib/names.ts';
import { makeDeployment } from '../support/deployment.ts';
import { plugGuest } from '../support/guest.ts';
import { type Lab, openLab } from '../support/hosts.ts';
import { until } from '../support/wait.ts';

/**
 * The card of a flat network may carry the host's own address. It moves to the bridge with it and back when the bridge goes;
 * sessions over that address must not notice.
 */
let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

it('a TCP session over the card lives on while its address moves to the bridge and back', async () => {
  const host = await lab.addHost({ name: 'mover', wires: ['public'] });
  const peer = await lab.addHost({ name: 'peer', wires: ['public'] });
  await host.ipBatch([
    'addr add 192.0.2.10/24 broadcast 192.0.2.255 dev eth1',
    'route del default',
    'route add default via 192.0.2.1 dev eth1 metric 50',
    'route add 198.51.100.0/24 via 192.0.2.9 dev eth1',
  ]);
  await peer.ipBatch(['addr add 192.0.2.20/24 dev eth1']);

  // The peer counts what it hears; the host says one line every 20 ms over one connection.
  const listener = peer.spawn(['socat', '-u', 'TCP-LISTEN:7000,reuseaddr', 'STDOUT']);
  await until('the listener', async () => (await peer.read(['ss', '-ltn'])).includes(':7000'));
  const talker = host.spawn([
    'sh',
    '-c',
    'i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done | socat -u STDIN TCP:192.0.2.20:7000',
  ]);
  const heard = () => Number(listener.output.trim().split('\n').at(-1));
  await until('the first words', () => heard() > 5);
  const connection = async () => (await host.read(['ss', '-tnH', 'dst', '192.0.2.20'])).trim().split(/\s+/)[3];
  const before = await connection();

  await using deployment = await makeDeployment({
    folder: `${lab.folder}/move`,
    serverHost: host,
    server: { ml2_type_flat: { flat_networks: 'public' } },
  });
  await deployment.start();
  const options = {
    linux_bridge: { physical_interface_mappings: 'public:eth1' },
    securitygroup: { enable_security_group: false },
  };
  await deployment.agent('neutron-linuxbridge-agent', host, options);
  const network = await deployment.api.create('network', {
    'provider:network_type': 'flat',
    'provider:physical_network': 'public',
  });
  const bridge = bridgeName(network.id);
  const port = await deployment.api.create('port', {
    network_id: network.id,
    'binding:host_id': host.name,
    device_owner: 'compute:nova',
  });
  const guest = await plugGuest(host, port, 'g');
  await deployment.portStatus(port.id, 'ACTIVE');

  const addressesOf = async (device: string) =>
    (await host.links()).includes(device) ? await host.read(['ip', '-4', '-o', 'addr', 'show', 'dev', device]) : '';
  await until('the address on the bridge', async () => (await addressesOf(bridge)).includes('192.0.2.10/24'));
  await until('no address on the card', async () => (await addressesOf('eth1')) === '');
  const defaultRoute = () => host.read(['ip', 'route', 'show', 'default']);
  await until('the routes on the bridge', async () => (await defaultRoute()).includes(`dev ${bridge}`));
  const otherRoute = () => host.read(['ip', 'route', 'show', '198.51.100.0/24']);
  await until('the other route', async () => (await otherRoute()).includes('via 192.0.2.9'));
  const onBridge = heard();
  await until('words over the bridge', () => heard() > onBridge + 20);

  await guest.remove();
  await deployment.api.remove('port', port.id);
  await deployment.api.remove('network', network.id);
  await until('the address back on the card', async () => (await addressesOf('eth1')).includes('192.0.2.10/24'));
  // The address is there before its routes, and the bridge is the last to go.
  await until('the bridge gone', async () => !(await host.links()).includes(bridge));
  await until('the routes back', async () => (await defaultRoute()).includes('via 192.0.2.1 dev eth1'));
  await until('the other route back', async () => (await otherRoute()).includes('via 192.0.2.9'));
  const onCard = heard();
  await until('words over the card', () => heard() > onCard + 20);

  expect(await connection()).toBe(before); // one and the same connection all along
  const words = listener.output.trim().split('\n').map(Number);
  expect(words).toEqual(words.map((_, at) => at + 1)); // not one line lost
  await talker.kill('SIGKILL');
});
