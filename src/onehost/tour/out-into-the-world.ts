import { routerNamespace } from '../../lib/names.ts';
import type { FirstNetwork } from './first-network.ts';
import { type Narrator, TourFailed } from './narrator.ts';
import { idIn, type Stage } from './stage.ts';

/** A router with a gateway, SNAT, and a floating IP: a tenant's network and the world. */
export async function showWorld(stage: Stage, narrator: Narrator, { guests }: FirstNetwork): Promise<void> {
  const { host1, host2, api } = stage;
  const [{ guest, port }] = guests as [FirstNetwork['guests'][0]];
  const fixed = port.fixed_ips[0]!.ip_address;
  const world = host2.address;
  const ping = (address: string) => ['ping', '-n', '-c', '3', '-i', '0.2', '-W', '1', address];

  narrator.chapter('Out into the world');
  const [cidr, gateway] = await publicNetwork(stage);
  narrator.say(
    `On physical network public the first host is the gateway ${gateway}. The second host, ${world}, plays the world; guest1 does not reach it yet:`,
  );
  await narrator.show(host1, ping(world), { netns: guest.netns, okCodes: [1], shows: ['0 received'] });
  await narrator.show(
    host1,
    [
      'neutron',
      'net-create',
      'public',
      '--router:external',
      '--provider:network_type',
      'flat',
      '--provider:physical_network',
      'public',
    ],
    { shows: [/router:external +\| True/], only: /^\| (id|name|router:external|provider\S+) / },
  );
  await narrator.show(host1, ['neutron', 'subnet-create', '--gateway', gateway, '--disable-dhcp', 'public', cidr], {
    shows: [cidr],
    only: /cidr|gateway|allocation/,
  });
  const table = await narrator.show(host1, ['neutron', 'router-create', 'router1'], {
    shows: ['router1'],
    only: /^\| (id|name|status|ha) /,
  });
  const routerId = idIn(table);
  const namespace = routerNamespace(routerId);
  await narrator.show(host1, ['neutron', 'router-interface-add', 'router1', 'tenant-subnet'], {
    shows: ['Added interface'],
  });
  await narrator.show(host1, ['neutron', 'router-gateway-set', 'router1', 'public'], { shows: ['Set gateway'] });
  const outside = await gatewayAddress(stage, routerId);
  await narrator.show(host1, ['neutron', 'router-port-list', 'router1', '-c', 'mac_address', '-c', 'fixed_ips'], {
    shows: ['192.168.56.1', outside],
  });

  narrator.say(
    `The router lives in a namespace, too. qr-… is its card on tenant-net, and the gateway of its guests; qg-… is the one outside:`,
  );
  await narrator.show(host1, ['ip', '-br', '-4', 'address'], {
    netns: namespace,
    shows: [/qr-\S+ .*192\.168\.56\.1\/24/, new RegExp(`qg-\\S+ .*${outside.replaceAll('.', '\\.')}/24`)],
    mark: [/qr-[0-9a-f-]+/, /qg-[0-9a-f-]+/],
    withinMs: 15_000,
  });
  await narrator.show(host1, ['ip', 'route'], { netns: namespace, shows: [`default via ${gateway}`] });
  await narrator.show(host1, ping(world), {
    netns: guest.netns,
    shows: ['3 received'],
    note: 'guest1 reaches the world',
    mark: ['3 received'],
    withinMs: 10_000,
  });
  await narrator.show(host1, ['conntrack', '-L', '-p', 'icmp'], {
    netns: namespace,
    shows: [new RegExp(`src=${fixed} .*dst=${outside} `)],
    only: new RegExp(`src=${fixed} `),
    note: `it left with the address of the router, ${outside}, and answers come back to that`,
    mark: [`dst=${outside}`],
  });

  narrator.say('Nobody outside reaches guest1 by that. For that there are floating IPs:');
  const columns = ['id', 'floating_ip_address', 'fixed_ip_address'].flatMap((name) => ['-c', name]);
  const made = await narrator.show(
    host1,
    ['neutron', 'floatingip-create', 'public', '--port-id', 'guest1', ...columns],
    { shows: [fixed] },
  );
  const floating = /\| floating_ip_address +\| (\S+)/.exec(made)?.[1];
  if (floating === undefined) throw new TourFailed(`no address in:\n${made}`);
  await narrator.show(host1, ping(floating), {
    okCodes: [1],
    shows: ['0 received'],
    note: 'it is in the group default, which lets in nobody but its members',
  });
  await narrator.show(
    host1,
    ['neutron', 'security-group-rule-create', '--protocol', 'icmp', '--remote-ip-prefix', cidr, 'default'],
    { shows: ['icmp'], only: /^\| (direction|protocol|remote_ip_prefix) / },
  );
  await narrator.show(host1, ping(floating), {
    shows: ['3 received'],
    note: 'this host reaches the guest by its floating IP',
    mark: ['3 received'],
    withinMs: 15_000,
  });
  await narrator.show(host1, ['iptables', '-t', 'nat', '-S'], {
    netns: namespace,
    shows: [`--to-destination ${fixed}`, `--to-source ${floating}`],
    only: new RegExp(`${fixed}|SNAT`),
    note: 'both ways',
    mark: [`--to-destination ${fixed}`, `--to-source ${floating}`],
  });
  await narrator.show(host1, ping(world), { netns: guest.netns, shows: ['3 received'] });
  await narrator.show(host1, ['conntrack', '-L', '-p', 'icmp'], {
    netns: namespace,
    shows: [new RegExp(`src=${fixed} .*dst=${floating} `)],
    only: new RegExp(`src=${fixed} .*dst=${floating} `),
    note: 'and goes out with it now',
    mark: [`dst=${floating}`],
  });
  await narrator.show(host1, ['neutron', 'floatingip-list', '-c', 'floating_ip_address', '-c', 'fixed_ip_address'], {
    shows: [floating],
  });
  await showMetadata(stage, narrator, { guest, port });
  const ip = (await api.list('floatingip', `floating_ip_address=${floating}`))[0]!;
  await narrator.show(host1, ['neutrino', 'explain', 'floatingip', ip.id, '--state-dir', stage.stateDir], {
    shows: [/: works$/m],
    note: 'each thing that must be so for it to work',
    withinMs: 10_000,
  });
}

/** Where a network has a router, the router is its way to the metadata; the guest learns so with its next lease. */
async function showMetadata(
  { host1 }: Stage,
  narrator: Narrator,
  { guest, port }: FirstNetwork['guests'][0],
): Promise<void> {
  const { argv, env } = await guest.dhcpCommand();
  await narrator.show(host1, argv, {
    netns: guest.netns,
    env,
    shows: [port.fixed_ips[0]!.ip_address],
    note: 'guest1 renews its lease',
    withinMs: 15_000,
  });
  await narrator.show(host1, ['ip', 'route', 'get', '169.254.169.254'], {
    netns: guest.netns,
    shows: ['via 192.168.56.1 '],
    note: 'its metadata is behind the router now',
    withinMs: 10_000,
  });
  await narrator.show(host1, ['curl', '-sS', 'http://169.254.169.254/latest/meta-data/local-ipv4'], {
    netns: guest.netns,
    shows: [port.fixed_ips[0]!.ip_address],
    withinMs: 10_000,
  });
}

/** What `neutrino up` made of physical network public: its addresses, and this host's. */
async function publicNetwork({ host1 }: Stage): Promise<[cidr: string, gateway: string]> {
  const text = await host1.read(['ip', '-br', '-4', 'address']);
  const gateway = /^ngw-\S+ .* ((?:\d+\.){3}\d+)\/24/m.exec(text)?.[1];
  if (gateway === undefined) throw new TourFailed(`no gateway of public in:\n${text}`);
  return [gateway.replace(/\d+$/, '0/24'), gateway];
}

async function gatewayAddress({ api }: Stage, routerId: string): Promise<string> {
  const ports = await api.list('port', `device_id=${routerId}&device_owner=network:router_gateway`);
  const address = ports[0]?.fixed_ips[0]?.ip_address;
  if (address === undefined) throw new TourFailed('the gateway has no address');
  return address;
}
