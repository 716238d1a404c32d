import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Network, Port, Router, Subnet } from '../../src/resources/shapes.ts';
import { type Guest, plugGuest } from '../support/guest.ts';
import { type L3Stand, openL3Stand } from '../support/l3-stand.ts';
import { until } from '../support/wait.ts';

/** What routers give their guests beside a way: addresses of IPv6 by advertisements, and metadata. */
let stand: L3Stand;
let router: Router;
let network: Network;
let v4: Subnet;
let v6: Subnet;
let guest: Guest;
let port: Port;

beforeAll(async () => {
  stand = await openL3Stand();
  await stand.deployment.agent('neutron-metadata-agent', stand.host);
  const made = await stand.network('10.1.0.0/24');
  network = made.network;
  v4 = made.subnets[0]!;
  v6 = await stand.api.create('subnet', {
    ...{ network_id: network.id, ip_version: 6, cidr: 'fd01::/64', dns_nameservers: ['fd01::53'] },
    ...{ ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' },
  });
  router = await stand.router([v4, v6]);
  const owner = { device_owner: 'compute:nova', device_id: 'instance-1', 'binding:host_id': stand.host.name };
  port = await stand.api.create('port', { network_id: network.id, ...owner });
  guest = await plugGuest(stand.host, port, 'guest');
  await stand.host.ipBatch([`addr add ${addressOf(4)}/24 dev eth0`, 'route add default via 10.1.0.1'], 'guest');
});
afterAll(async () => await stand?.close());

const addressOf = (version: 4 | 6) =>
  port.fixed_ips.find(({ ip_address }) => ip_address.includes(':') === (version === 6))!.ip_address;

const radvd = async () =>
  (await stand.host.processes()).filter(({ command }) => command.startsWith('radvd') && command.includes(router.id));

const get = async (url: string, ...headers: string[]) => {
  const { stdout } = await guest.run(['curl', '-sS', '-m', '10', ...headers.flatMap((one) => ['-H', one]), url]);
  return stdout;
};

it('a guest makes itself the address that the port has, and takes the router as its way out', async () => {
  await until('the address', async () => (await guest.addresses()).includes(addressOf(6)), { timeoutMs: 30_000 });
  const routes = await guest.run(['ip', '-6', 'route', 'show', 'default']);
  expect(routes.stdout).toMatch(/via fe80::\S+ .*proto ra/);
  await until('the router answers', () => guest.ping(v6.gateway_ip!, 1));
});

it('the way to the metadata service is announced, with the link’s MTU', async () => {
  const { path } = await until('radvd', async () => {
    const [found] = await radvd();
    return found && { path: / -C (\S+)/.exec(found.command)![1]! };
  });
  const text = await stand.host.read(['cat', path]);
  expect(text).toContain('route fe80::a9fe:a9fe/128');
  expect(text).toContain('RDNSS fd01::53 {};');
  expect(text).toContain(`AdvLinkMTU ${(await stand.api.show('network', network.id)).mtu};`);
});

it('metadata is served behind the router, by both kinds of addresses', async () => {
  expect(await until('an answer', () => get('http://169.254.169.254/latest/meta-data/instance-id'))).toBe('instance-1');
  expect(await get('http://[fe80::a9fe:a9fe%25eth0]/latest/meta-data/local-ipv4')).toBe(addressOf(4));
});

it('a guest cannot pass for one elsewhere, nor ask the proxy by its own port', async () => {
  const other = ['X-Neutron-Network-ID: 11111111-0000-4000-8000-000000000001', 'X-Forwarded-For: 10.9.9.9'];
  expect(await get('http://169.254.169.254/latest/meta-data/instance-id', ...other)).toBe('instance-1');
  const direct = await guest.run(['curl', '-sS', '-m', '2', 'http://10.1.0.1:9697/'], { okCodes: [0, 7, 28, 56] });
  expect(direct.code).not.toBe(0);
});

it('a standing configuration writes nothing; advertisements end with the subnet that wanted them', async () => {
  const log = stand.mark();
  const before = await radvd();
  await stand.api.update('router', router.id, { name: 'another' });
  await until('the message', () => log().includes('sync_routers'));
  expect(await radvd()).toEqual(before);
  expect(log()).not.toContain('changing the host');
  await stand.api.expect('PUT', `/v2.0/routers/${router.id}/remove_router_interface`, { subnet_id: v6.id });
  await until('its end', async () => (await radvd()).length === 0, { timeoutMs: 20_000 });
  expect(await get('http://169.254.169.254/latest/meta-data/instance-id')).toBe('instance-1');
});
