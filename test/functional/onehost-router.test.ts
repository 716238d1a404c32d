import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Network, Port, Router } from '../../src/resources/shapes.ts';
import type { Guest } from '../support/guest.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { OneHost } from '../support/onehost.ts';
import { until } from '../support/wait.ts';

/** Routers of `neutrino up`: joined networks, the way out by `public`, and what stays and goes with the programs. */
let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

/** A router with these networks, and a guest with its address on each. */
async function behindRouter(
  one: OneHost,
  cidrs: readonly string[],
): Promise<{ router: Router; guests: { port: Port; guest: Guest }[] }> {
  const router = await one.api.create('router', { name: 'router1' });
  const guests: { port: Port; guest: Guest }[] = [];
  for (const [i, cidr] of cidrs.entries()) {
    const { network, subnet } = await one.makeNetwork(cidr);
    await one.api.expect('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
    const { port, guest } = await one.makeGuest(network.id, `guest${i}`);
    await guest.dhcp();
    guests.push({ port, guest });
  }
  return { router, guests };
}

async function leadOut(one: OneHost, router: Router): Promise<{ outside: Network; gateway: string }> {
  const gateway = await until('the gateway', async () => /gateway (172\.24\.\d+\.1)/.exec(one.up.output)?.[1]);
  const outside = await one.api.create('network', {
    'router:external': true,
    'provider:network_type': 'flat',
    'provider:physical_network': 'public',
  });
  const cidr = gateway.replace(/1$/, '0/24');
  await one.api.create('subnet', {
    network_id: outside.id,
    ip_version: 4,
    cidr,
    gateway_ip: gateway,
    enable_dhcp: false,
  });
  await one.api.update('router', router.id, { external_gateway_info: { network_id: outside.id } });
  return { outside, gateway };
}

const letIn = (one: OneHost, { security_groups: groups }: Port, more: object) =>
  one.api.expect('POST', '/v2.0/security-group-rules', {
    security_group_rule: { security_group_id: groups![0], direction: 'ingress', protocol: 'icmp', ...more },
  });

const reaches = async (host: EmulatedHost, address: string) =>
  (await host.run(['ping', '-n', '-c', '1', '-W', '1', address], { okCodes: [0, 1] })).code === 0;

it('guests reach each other, get out and are reached where the host drops what is forwarded, also while the programs are away; down takes it all', async () => {
  const host = await lab.addHost({ name: 'routed' });
  await host.run(['iptables', '-P', 'FORWARD', 'DROP']);
  await using one = new OneHost(host);
  await one.start();
  const { router, guests } = await behindRouter(one, ['10.1.0.0/24', '10.2.0.0/24']);
  const [{ guest, port }, far] = guests as [(typeof guests)[0], (typeof guests)[0]];
  const across = () => guest.ping(far.port.fixed_ips[0]!.ip_address, 1);
  await until('the other network', across, { timeoutMs: 20_000 });
  const { outside, gateway } = await leadOut(one, router);
  const out = () => guest.ping(lab.fabric.address, 1);
  await until('the way out', out, { timeoutMs: 20_000 });

  await letIn(one, port, { remote_ip_prefix: `${gateway}/32` });
  const { floating_ip_address: floating } = await one.api.create('floatingip', {
    floating_network_id: outside.id,
    port_id: port.id,
  });
  await until('the way in', () => reaches(host, floating), { timeoutMs: 20_000 });
  await until('metadata by the router', async () => {
    const answer = await guest.get('http://169.254.169.254/latest/meta-data/local-ipv4');
    return answer.status === 200 && answer.body.trim() === port.fixed_ips[0]!.ip_address;
  });
  const { stdout: status } = await one.neutrino(['status']);
  expect(status).toContain(`qrouter-${router.id}`);
  expect(status).toContain('router router1');

  await one.interrupt();
  expect([await across(), await out(), await reaches(host, floating)]).toEqual([true, true, true]);
  await one.start();
  expect([await across(), await out(), await reaches(host, floating)]).toEqual([true, true, true]);

  await one.neutrino(['down', '--purge', '--yes']);
  expect(await host.namespaces()).toEqual([]);
  expect((await host.links()).sort()).toEqual(['eth0', 'lo']);
  const processes = await host.processes();
  expect(processes.filter(({ command }) => /^\S*(haproxy|radvd|keepalived|neutron-)/.test(command))).toEqual([]);
});

if (process.env.NEUTRINO_TEST_LONG) {
  it('--uplink none: a router joins networks of this host', async () => {
    const host = await lab.addHost({ name: 'joined' });
    await using one = new OneHost(host, { options: ['--uplink', 'none'] });
    await one.start();
    const { guests } = await behindRouter(one, ['10.1.0.0/24', '10.2.0.0/24']);
    const [near, far] = guests as [(typeof guests)[0], (typeof guests)[0]];
    await until('an answer', () => near.guest.ping(far.port.fixed_ips[0]!.ip_address, 1), { timeoutMs: 20_000 });
    await one.neutrino(['down']);
  });
}
