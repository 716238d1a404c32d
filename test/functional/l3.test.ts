import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Router } from '../../src/resources/shapes.ts';
import { addressOf, type L3Stand, openL3Stand, type Placed } from '../support/l3-stand.ts';
import { until } from '../support/wait.ts';

/** Routers of the API on a real host: who reaches whom, by which address. */
let stand: L3Stand;
let router: Router;
let left: Placed;
let right: Placed;

beforeAll(async () => {
  stand = await openL3Stand();
  const made = await stand.twoNetworks();
  router = made.router;
  left = await stand.guest(made.near, 'left');
  right = await stand.guest(made.far, 'right');
});
afterAll(async () => await stand?.close());

it('leads from one network to another, with both kinds of addresses', async () => {
  await stand.reaches(left.guest, addressOf(right, 4));
  await stand.reaches(left.guest, addressOf(right, 6));
});

it('leads out of the external network by the gateway’s address', async () => {
  await stand.api.update('router', router.id, { external_gateway_info: { network_id: stand.external.id } });
  await stand.reaches(left.guest, '203.0.113.1');
});

it('lets a guest be reached by its floating IP, from outside, from inside and from itself', async () => {
  const { floating_ip_address, id } = await stand.floatingIp(left.port);
  await stand.outsideReaches(floating_ip_address);
  await stand.reaches(right.guest, floating_ip_address);
  await stand.reaches(left.guest, floating_ip_address);
  await until('ACTIVE', async () => (await stand.api.show('floatingip', id)).status === 'ACTIVE');
  await stand.api.update('floatingip', id, { port_id: right.port.id });
  await stand.outsideReaches(floating_ip_address);
  await stand.api.update('floatingip', id, { port_id: null });
  await until('DOWN', async () => (await stand.api.show('floatingip', id)).status === 'DOWN');
});

it('takes extra routes, several ways to one destination among them', async () => {
  await stand.host.ipBatch(['addr add 10.77.0.1/32 dev lo'], right.guest.netns);
  const nexthop = addressOf(right, 4);
  const routes = [
    { destination: '10.77.0.0/24', nexthop },
    { destination: '10.78.0.0/24', nexthop },
    { destination: '10.78.0.0/24', nexthop: '10.2.0.200' },
  ];
  await stand.api.update('router', router.id, { routes });
  await stand.reaches(left.guest, '10.77.0.1');
  const several = ['ip', '-n', `qrouter-${router.id}`, 'route', 'show', '10.78.0.0/24'];
  await until('two ways', async () => (await stand.host.read(several)).match(/nexthop via/g)?.length === 2);
  await stand.api.update('router', router.id, { routes: [] });
  await until('no route', async () => !(await stand.inside(router.id)).includes('10.77.0.0/24'));
});

it('changes nothing when it is started again', async () => {
  const floating = await stand.floatingIp(left.port);
  await stand.outsideReaches(floating.floating_ip_address);
  await until('ACTIVE', async () => (await stand.api.show('floatingip', floating.id)).status === 'ACTIVE');
  // The kernel takes a second to find that an address is nobody else's, a busy one longer.
  await until('no address in doubt', async () => !(await stand.inside(router.id)).includes('tentative'));
  const before = await stand.inside(router.id);
  await stand.agent.stop();
  const log = stand.mark();
  stand.agent.start();
  await until('a sync', () => /synchronized with the server/.test(log()), { timeoutMs: 20_000 });
  expect(log()).not.toMatch(/changing the host/);
  expect(await stand.inside(router.id)).toBe(before);
});

it('goes on while the agent is killed and comes back', async () => {
  const [floating] = await stand.api.list('floatingip', `port_id=${left.port.id}`);
  await stand.outsideReaches(floating!.floating_ip_address);
  const ping = ['ping', '-n', '-q', '-i', '0.1', '-c', '30', floating!.floating_ip_address];
  const pinged = stand.lab.fabric.run(ping, { okCodes: [0, 1] });
  await stand.agent.kill9();
  const log = stand.mark();
  stand.agent.start();
  await until('a sync', () => /synchronized with the server/.test(log()), { timeoutMs: 20_000 });
  expect((await pinged).stdout).toContain('30 packets transmitted, 30 received');
});

it('tells neighbours outside at once when another router has an address', async () => {
  const { network, subnets } = await stand.network('10.4.0.0/24');
  const other = await stand.router(subnets, { external_gateway_info: { network_id: stand.external.id } });
  const there = await stand.guest(network, 'there');
  const floating = await stand.floatingIp(right.port, { floating_ip_address: '203.0.113.90' });
  await stand.outsideReaches(floating.floating_ip_address);
  const macOf = async ({ id }: Pick<Router, 'id'>) =>
    (await stand.api.list('port', `device_id=${id}&device_owner=network:router_gateway`))[0]!.mac_address as string;
  // Nobody outside asks: what is known there has been told.
  const known = () => stand.lab.fabric.read(['ip', 'neigh', 'show', floating.floating_ip_address]);
  expect(await known()).toContain(await macOf(router));
  await stand.api.update('floatingip', floating.id, { port_id: there.port.id });
  const mac = await macOf(other);
  await until('the other router is known outside', async () => (await known()).includes(mac), { timeoutMs: 20_000 });
  await stand.outsideReaches(floating.floating_ip_address);
  await stand.api.remove('floatingip', floating.id);
});

it('says how much fits where a network takes less than another', async () => {
  const { network, subnets } = await stand.network('10.5.0.0/24');
  await stand.api.update('network', network.id, { mtu: 1400 });
  await stand.attach(router, { subnet_id: subnets[0]!.id });
  const narrow = await stand.guest(network, 'narrow');
  const ping = (size: number) => {
    const argv = ['ping', '-n', '-c', '1', '-W', '2', '-M', 'do', '-s', `${size - 28}`, addressOf(narrow, 4)];
    return left.guest.run(argv, { okCodes: [0, 1] });
  };
  await until('what just fits', async () => (await ping(1400)).code === 0, { timeoutMs: 20_000 });
  await until('what does not', async () => /Frag(mentation)? needed.*mtu = 1400/i.test((await ping(1401)).stdout));
});

it('serves a second external network beside the first', async () => {
  const { api } = stand;
  const other = await api.create('network', { 'provider:network_type': 'local', 'router:external': true });
  const cidr = '198.51.100.0/24';
  await api.create('subnet', { network_id: other.id, ip_version: 4, cidr, enable_dhcp: false });
  const { network, subnets } = await stand.network('10.3.0.0/24');
  const second = await stand.router(subnets, { external_gateway_info: { network_id: other.id } });
  const inner = await stand.guest(network, 'inner');
  // Its gateway is a guest of that network, which may have any address.
  const outer = await stand.guest(other, 'outer', { port_security_enabled: false });
  await stand.host.ipBatch([`addr add 198.51.100.1/24 dev eth0`], outer.guest.netns);
  await stand.reaches(inner.guest, '198.51.100.1');
  await stand.reaches(left.guest, '203.0.113.1');
  expect(await stand.has(second.id)).toBe(true);
});

it('mends what somebody took away', async () => {
  const before = await stand.inside(router.id);
  const netns = `qrouter-${router.id}`;
  await stand.host.run(['ip', 'netns', 'delete', netns]);
  await until('the router again', async () => (await stand.has(router.id)) && (await rules()) === rulesOf(before), {
    timeoutMs: 20_000,
  });
  await stand.reaches(left.guest, '203.0.113.1');
  async function rules() {
    return rulesOf(await stand.inside(router.id).catch(() => ''));
  }
});

it('takes a router away that is down, and brings it back', async () => {
  await stand.api.update('router', router.id, { admin_state_up: false });
  await until('no namespace', async () => !(await stand.has(router.id)));
  await stand.api.update('router', router.id, { admin_state_up: true });
  await stand.reaches(left.guest, addressOf(right, 4));
});

it('removes what nobody knows when it starts', async () => {
  const unknown = 'qrouter-00000000-0000-4000-8000-000000000001';
  await stand.agent.stop();
  await stand.host.run(['ip', 'netns', 'add', unknown]);
  await stand.host.run(['ip', 'netns', 'add', 'qrouter-other']);
  stand.agent.start();
  await until('removed', async () => !(await stand.host.namespaces()).includes(unknown), { timeoutMs: 20_000 });
  expect(await stand.host.namespaces()).toContain('qrouter-other');
});

it('takes everything away when it ends, where it is asked to', async () => {
  await stand.agent.stop();
  const made = (await stand.host.namespaces()).filter(
    (name) => name.startsWith('qrouter-') && name !== 'qrouter-other',
  );
  expect(made.length).toBeGreaterThan(2);
  const ports = await stand.api.list('port', `device_id=${router.id}`);
  const last = await stand.deployment.agent('neutron-l3-agent', stand.host, { DEFAULT: { cleanup_on_shutdown: true } });
  await last.ready('a sync', () => /synchronized with the server/.test(last.output), 20_000);
  expect(await stand.host.namespaces()).toEqual(expect.arrayContaining(made));
  await last.stop();
  const left = (await stand.host.namespaces()).filter((name) => made.includes(name));
  expect(left).toEqual([]);
  const links = await stand.host.links();
  expect(ports.filter(({ id }) => links.includes(`tap${id.slice(0, 11)}`))).toEqual([]);
  expect(await stand.host.namespaces()).toContain('qrouter-other');
});

function rulesOf(text: string): string {
  return text.slice(text.indexOf('*'));
}
