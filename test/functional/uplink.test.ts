import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

describe('--uplink nat', () => {
  it('brings a guest out into the world behind the address of the host, and down takes it all back', async () => {
    const host = await lab.addHost({ name: 'nat' });
    await using one = new OneHost(host);
    await one.start();
    const gateway = await until('the gateway', async () => /gateway (172\.24\.\d+\.1)/.exec(one.up.output)?.[1]);
    const cidr = gateway.replace(/1$/, '0/24');
    const network = await one.api.create('network', { name: 'public', ...flat });
    await one.api.create('subnet', { network_id: network.id, ip_version: 4, cidr, gateway_ip: gateway });
    const { guest, port } = await one.makeGuest(network.id, 'guest1');
    expect((await guest.dhcp()).address).toBe(port.fixed_ips[0]!.ip_address);
    expect(await guest.ping(gateway)).toBe(true);
    // The fabric is the world beyond the host's default gateway, and knows no way to 172.24.
    expect(await guest.ping(lab.fabric.address)).toBe(true);

    // From this host in only by a rule, and out again with it.
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

    expect(await forwards(host)).toBe('1');
    await one.neutrino(['down']);
    expect(await forwards(host)).toBe('0');
    expect(await host.links()).toEqual(expect.not.arrayContaining([expect.stringMatching(/^(ngw|nup|brq|tap)/)]));
    expect(await host.read(['iptables-save'])).not.toContain('neutrino');
  });

  it('nobody but the gateway answers for its address, however soon it is asked', async () => {
    const host = await lab.addHost({ name: 'natarp' });
    await using one = new OneHost(host);
    await one.start();
    const gateway = await until('the gateway', async () => /gateway (172\.24\.\d+\.1)/.exec(one.up.output)?.[1]);
    const links = await host.json<{ ifname: string; address: string }[]>(['ip', '-j', 'link', 'show']);
    const { address } = links.find(({ ifname }) => ifname.startsWith('ngw-'))!;
    const network = await one.api.create('network', { name: 'public', ...flat });
    await one.api.create('subnet', {
      network_id: network.id,
      ip_version: 4,
      cidr: gateway.replace(/1$/, '0/24'),
      gateway_ip: gateway,
      enable_dhcp: false,
    });
    const { guest, port } = await one.makeGuest(network.id, 'guest1');
    await guest.run(['ip', 'address', 'add', `${port.fixed_ips[0]!.ip_address}/24`, 'dev', guest.card]);
    const from = await until('answers', async () => {
      const argv = ['arping', '-c', '2', '-w', '3', '-I', guest.card, gateway];
      const { stdout } = await guest.run(argv, { okCodes: [0, 1] });
      const macs = new Set([...stdout.matchAll(/\[([0-9A-F:]{17})\]/g)].map(([, mac]) => mac!.toLowerCase()));
      return macs.size > 0 && macs;
    });
    expect([...from]).toEqual([address]);
    await one.neutrino(['down']);
    expect(await host.read(['ebtables-save'])).not.toContain('neutrino');
  });

  it('lets a guest out where the host drops what is forwarded', async () => {
    const host = await lab.addHost({ name: 'natdrop' });
    await host.run(['iptables', '-P', 'FORWARD', 'DROP']);
    await using one = new OneHost(host);
    await one.start();
    const gateway = await until('the gateway', async () => /gateway (172\.24\.\d+\.1)/.exec(one.up.output)?.[1]);
    const network = await one.api.create('network', flat);
    const cidr = gateway.replace(/1$/, '0/24');
    await one.api.create('subnet', { network_id: network.id, ip_version: 4, cidr, gateway_ip: gateway });
    const { guest } = await one.makeGuest(network.id, 'guest1');
    await guest.dhcp();
    expect(await guest.ping(lab.fabric.address)).toBe(true);
    await one.neutrino(['down']);
  });

  it('gives the kernel setting back with the last of two instances', async () => {
    const host = await lab.addHost({ name: 'natwo' });
    await using left = new OneHost(host, { name: 'left' });
    await using right = new OneHost(host, { name: 'right', port: 9797 });
    await left.start();
    await right.start();
    const gateways = (await host.links()).filter((name) => name.startsWith('ngw-'));
    expect(gateways).toHaveLength(2);
    await left.neutrino(['down']);
    expect(await forwards(host)).toBe('1');
    await right.neutrino(['down']);
    expect(await forwards(host)).toBe('0');
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

describe('--uplink none', () => {
  it('makes nothing, and unmakes the pair of an earlier start', async () => {
    const host = await lab.addHost({ name: 'none' });
    await using before = new OneHost(host);
    await before.start();
    await before.interrupt();
    expect((await host.links()).filter((name) => /^n(gw|up)-/.test(name))).toHaveLength(2);
    await using one = new OneHost(host, { options: ['--uplink', 'none'] });
    await one.start();
    expect((await host.links()).sort()).toEqual(['eth0', 'lo']);
    expect(await forwards(host)).toBe('0');
    await one.neutrino(['down', '--purge', '--yes']);
    expect(await host.read(['sh', '-c', 'ls -d "$0" 2>&1 || true', one.stateDir])).toContain('No such file');
  });
});
