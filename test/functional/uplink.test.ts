import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Network, Port } from '../../src/resources/shapes.ts';
import type { Guest } from '../support/guest.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { OneHost } from '../support/onehost.ts';
import { until } from '../support/wait.ts';

/** The three kinds of `--uplink`: a veth pair with NAT, a card of the host, none. */
let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

const flat = { 'provider:network_type': 'flat', 'provider:physical_network': 'public' };
const forwards = async (host: EmulatedHost) => (await host.read(['sysctl', '-n', 'net.ipv4.ip_forward'])).trim();

describe('--uplink nat, where the host drops what is forwarded', () => {
  let host: EmulatedHost;
  let one: OneHost;
  let gateway: string;
  let network: Network;
  let port: Port;
  let guest: Guest;

  beforeAll(async () => {
    host = await lab.addHost({ name: 'nat' });
    await host.run(['iptables', '-P', 'FORWARD', 'DROP']);
    one = new OneHost(host);
    await one.start();
    gateway = await until('the gateway', async () => /gateway (172\.24\.\d+\.1)/.exec(one.up.output)?.[1]);
    const cidr = gateway.replace(/1$/, '0/24');
    network = await one.api.create('network', { name: 'public', ...flat });
    await one.api.create('subnet', { network_id: network.id, ip_version: 4, cidr, gateway_ip: gateway });
    ({ guest, port } = await one.makeGuest(network.id, 'guest1'));
  });
  afterAll(() => one?.[Symbol.asyncDispose]());

  it('nobody but the gateway answers for its address, however soon it is asked', async () => {
    const links = await host.json<{ ifname: string; address: string }[]>(['ip', '-j', 'link', 'show']);
    const { address } = links.find(({ ifname }) => ifname.startsWith('ngw-'))!;
    await guest.run(['ip', 'address', 'add', `${port.fixed_ips[0]!.ip_address}/24`, 'dev', guest.card]);
    const from = await until('answers', async () => {
      const argv = ['arping', '-c', '2', '-w', '3', '-I', guest.card, gateway];
      const { stdout } = await guest.run(argv, { okCodes: [0, 1] });
      const macs = new Set([...stdout.matchAll(/\[([0-9A-F:]{17})\]/g)].map(([, mac]) => mac!.toLowerCase()));
      return macs.size > 0 && macs;
    });
    expect([...from]).toEqual([address]);
  });

  it('brings a guest out into the world behind the address of the host', async () => {
    await guest.run(['ip', 'address', 'flush', 'dev', guest.card]);
    expect((await guest.dhcp()).address).toBe(port.fixed_ips[0]!.ip_address);
    expect(await guest.ping(gateway)).toBe(true);
    // The fabric is the world beyond the host's default gateway, and knows no way to 172.24.
    expect(await guest.ping(lab.fabric.address)).toBe(true);
    expect(await forwards(host)).toBe('1');
  });

  it('lets the host in by a rule only, and out again with it', async () => {
    const own = port.fixed_ips[0]!.ip_address;
    const ping = async () =>
      (await host.run(['ping', '-n', '-c', '1', '-W', '1', own], { okCodes: [0, 1] })).code === 0;
    expect(await ping()).toBe(false);
    const { security_group_rule: rule } = await one.api.expect('POST', '/v2.0/security-group-rules', {
      security_group_rule: {
        security_group_id: port.security_groups![0],
        direction: 'ingress',
        protocol: 'icmp',
        remote_ip_prefix: `${gateway}/32`,
      },
    });
    await until('it is let in', ping, { timeoutMs: 20_000 });
    await one.api.expect('DELETE', `/v2.0/security-group-rules/${rule.id}`);
    await until('it is shut out', async () => !(await ping()), { timeoutMs: 20_000 });
  });

  it('--uplink none makes nothing, and unmakes the pair of that start', async () => {
    await one.neutrino(['unplug', 'guest1']);
    await one.api.remove('port', port.id);
    await one.api.remove('network', network.id);
    const noneOf = (pattern: RegExp) => async () => !(await host.links()).some((name) => pattern.test(name));
    await until('its devices to go', noneOf(/^(brq|tap)/));
    await one.interrupt();
    expect((await host.links()).filter((name) => /^n(gw|up)-/.test(name))).toHaveLength(2);
    await using none = new OneHost(host, { options: ['--uplink', 'none'] });
    await none.start();
    expect((await host.links()).sort()).toEqual(['eth0', 'lo']);
    expect(await forwards(host)).toBe('0');
    await none.neutrino(['down', '--purge', '--yes']);
    for (const tool of ['iptables-save', 'ebtables-save']) expect(await host.read([tool])).not.toContain('neutrino');
    expect(await host.read(['sh', '-c', 'ls -d "$0" 2>&1 || true', none.stateDir])).toContain('No such file');
  });
});

describe('--uplink CARD', () => {
  it('takes the card into a bridge with its address, and gives both back on down', async () => {
    const host = await lab.addHost({ name: 'card', wires: ['uplink'] });
    await host.ipBatch(['addr add 192.0.2.11/24 dev eth1', 'route add 198.51.100.0/24 via 192.0.2.1 dev eth1']);
    await using one = new OneHost(host, { options: ['--uplink', 'eth1'] });
    await one.start();
    const network = await one.api.create('network', flat);
    await one.api.create('subnet', {
      network_id: network.id,
      ip_version: 4,
      cidr: '192.0.2.0/24',
      gateway_ip: '192.0.2.1',
    });
    const bridge = `brq${network.id.slice(0, 11)}`;
    const { guest } = await one.makeGuest(network.id, 'guest1');
    await guest.dhcp();
    expect(await guest.ping('192.0.2.11')).toBe(true);
    expect(await host.read(['ip', '-br', 'addr', 'show', 'dev', bridge])).toContain('192.0.2.11/24');
    await one.neutrino(['down']);
    expect(await host.read(['ip', '-br', 'addr', 'show', 'dev', 'eth1'])).toContain('192.0.2.11/24');
    expect(await host.read(['ip', 'route'])).toContain('198.51.100.0/24 via 192.0.2.1 dev eth1');
    expect(await host.links()).not.toContain(bridge);
  });

  it('refuses a card that is not there, in one line that names those that are', async () => {
    const host = await lab.addHost({ name: 'nocard' });
    const one = new OneHost(host, { options: ['--uplink', 'eth7'] });
    one.up.start();
    const { code, output } = await one.up.finished();
    expect([code, output.trim()]).toEqual([1, 'neutrino: --uplink eth7: this host has no such card; it has eth0']);
  });
});
