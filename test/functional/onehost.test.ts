import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Port } from '../../src/resources/shapes.ts';
import type { Guest } from '../support/guest.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { OneHost } from '../support/onehost.ts';
import { until } from '../support/wait.ts';

/** The whole path on one host: `neutrino up`, and guests that really get what the API says. */
let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

describe('one host', () => {
  let host: EmulatedHost;
  let one: OneHost;
  let first: { port: Port; guest: Guest };
  let second: { port: Port; guest: Guest };

  beforeAll(async () => {
    host = await lab.addHost({ name: 'one' });
    one = new OneHost(host);
    await one.start();
  });
  afterAll(() => one[Symbol.asyncDispose]());

  it('prints where the API is, and how clients reach it', async () => {
    await until('the lines to paste', () => one.up.recentOutput.includes('OS_AUTH_TYPE=none'));
    expect(one.up.recentOutput).toContain('http://127.0.0.1:9696');
    expect(one.up.recentOutput).toMatch(/nothing is isolated|not isolated/i);
  });

  it('gives a guest exactly the address that the API chose', async () => {
    const { network, subnet } = await one.makeNetwork('192.168.56.0/24');
    first = await one.makeGuest(network.id, 'guest1');
    second = await one.makeGuest(network.id, 'guest2');
    const lease = await first.guest.dhcp();
    expect(lease.address).toBe(first.port.fixed_ips[0]!.ip_address);
    expect(lease.prefixLength).toBe(24);
    expect(lease.mtu).toBe(network.mtu);
    expect(lease.router ?? lease.routes.find((route) => route.destination === '0.0.0.0/0')?.nextHop).toBe(
      subnet.gateway_ip,
    );
    expect(await first.guest.addresses()).toEqual([first.port.fixed_ips[0]!.ip_address]);
    expect((await second.guest.dhcp()).address).toBe(second.port.fixed_ips[0]!.ip_address);
  });

  it('makes both ports ACTIVE', async () => {
    for (const { port } of [first, second])
      await until('ACTIVE', async () => (await one.api.show('port', port.id)).status === 'ACTIVE');
  });

  it('lets the guest ping its neighbour and resolve its name', async () => {
    const address = second.port.fixed_ips[0]!.ip_address;
    expect(await first.guest.ping(address)).toBe(true);
    expect(await first.guest.lookup(`host-${address.replaceAll('.', '-')}.${first.guest.lease!.domain}`)).toEqual([
      address,
    ]);
  });

  it('answers metadata in both layouts', async () => {
    const ec2 = await until('metadata', async () => {
      const answer = await first.guest.get('http://169.254.169.254/latest/meta-data/local-ipv4');
      return answer.status === 200 && answer;
    });
    expect(ec2.body.trim()).toBe(first.port.fixed_ips[0]!.ip_address);
    const openstack = await first.guest.get('http://169.254.169.254/openstack/latest/network_data.json');
    expect(JSON.parse(openstack.body).links[0].ethernet_mac_address).toBe(first.port.mac_address);
    expect((await first.guest.get('http://169.254.169.254/openstack/latest/meta_data.json')).body).toContain('"uuid"');
  });

  it('says in status what runs, and explains a port', async () => {
    const status = await one.neutrino(['status']);
    for (const word of [
      'neutron-server',
      'neutron-linuxbridge-agent',
      'neutron-dhcp-agent',
      'neutron-metadata-agent',
      `brq${first.port.network_id.slice(0, 11)}`,
    ]) {
      expect(status.stdout).toContain(word);
    }
    const explanation = await one.api.explain(first.port.id);
    expect(explanation).toMatchObject({ port_id: first.port.id, verdict: 'works' });
    const told = await one.neutrino(['explain', 'port', first.port.id], { okCodes: [0] });
    expect(told.stdout).toMatch(/^Port .*: works\n/);
    expect(told.stdout).toMatch(/ok +metadata +.*last request .* → 200/);
  });

  it('keeps data and traffic over Ctrl-C, and is quick to come back', async () => {
    expect(await one.interrupt()).toBe(0);
    expect(await first.guest.ping(second.port.fixed_ips[0]!.ip_address, 1)).toBe(true);
    const tookMs = await one.start();
    // A port is BUILD while the agent that came back looks after it, as it is with the real server.
    await until('ACTIVE again', async () => (await one.api.show('port', first.port.id)).status === 'ACTIVE');
    expect((await one.api.show('port', first.port.id)).fixed_ips).toEqual(first.port.fixed_ips);
    expect((await first.guest.dhcp()).address).toBe(first.port.fixed_ips[0]!.ip_address);
    expect(tookMs).toBeLessThan(15_000); // 1-2 s when the machine has nothing else to do; the benchmark measures it
  });

  it('refuses a second start of the same state folder in one clear line', async () => {
    const again = new OneHost(host);
    again.up.start();
    const { code, output } = await again.up.finished();
    expect(code).not.toBe(0);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(output).toContain(one.stateDir);
  });

  it('removes what it made, and nothing else, on down', async () => {
    await host.ipBatch([
      'link add operators0 type bridge',
      'addr add 10.99.0.1/24 dev operators0',
      'link set operators0 up',
    ]);
    await one.neutrino(['unplug', 'guest1'], { okCodes: [0] });
    await one.neutrino(['down']);
    expect((await host.links()).filter((name) => !['lo', 'eth0', 'operators0'].includes(name))).toEqual([]);
    expect((await host.namespaces()).filter((name) => name.startsWith('qdhcp-'))).toEqual([]);
    expect(await host.read(['ip', 'addr', 'show', 'dev', 'operators0'])).toContain('10.99.0.1/24');
    expect((await host.processes()).filter(({ command }) => /dnsmasq|haproxy|neutron-/.test(command))).toEqual([]);
    expect(await host.read(['iptables-save'])).not.toContain('neutrino');
    expect(await host.read(['sysctl', '-n', 'net.ipv4.ip_forward'])).toBe('0\n');
  });
});

describe('a host that drops what is forwarded', () => {
  it('says so, accepts frames of its own bridges only, and takes that back on down', async () => {
    const host = await lab.addHost({ name: 'drops' });
    await host.run(['iptables', '-P', 'FORWARD', 'DROP']);
    await host.run(['iptables', '-A', 'FORWARD', '-i', 'docker0', '-j', 'ACCEPT']);
    await host.run(['sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=1']);
    const before = await host.read(['iptables', '-S']);
    await using one = new OneHost(host);
    await one.start();
    const { network } = await one.makeNetwork('10.5.0.0/24');
    const a = await one.makeGuest(network.id, 'a');
    const b = await one.makeGuest(network.id, 'b');
    expect((await a.guest.dhcp()).address).toBe(a.port.fixed_ips[0]!.ip_address);
    await b.guest.dhcp();
    expect(await a.guest.ping(b.port.fixed_ips[0]!.ip_address)).toBe(true);
    expect(one.up.output).toMatch(/FORWARD/);
    await one.neutrino(['down']);
    expect(await host.read(['iptables', '-S'])).toBe(before);
  });
});

describe('two instances', () => {
  it('live side by side on one host', async () => {
    const host = await lab.addHost({ name: 'two' });
    await using left = new OneHost(host, { name: 'left' });
    await using right = new OneHost(host, { name: 'right', port: 9797 });
    await left.start();
    await right.start();
    const made = await Promise.all(
      [left, right].map(async (one, at) => {
        const { network } = await one.makeNetwork('10.6.0.0/24');
        return await one.makeGuest(network.id, `side${at}`);
      }),
    );
    for (const { guest, port } of made) expect((await guest.dhcp()).address).toBe(port.fixed_ips[0]!.ip_address);
    expect(await left.api.list('port', `id=${made[1]!.port.id}`)).toEqual([]);
    await left.neutrino(['down']);
    expect((await made[1]!.guest.dhcp()).address).toBe(made[1]!.port.fixed_ips[0]!.ip_address);
  });

  it('do not take the same port', async () => {
    const host = await lab.addHost({ name: 'taken' });
    await using left = new OneHost(host, { name: 'left' });
    await left.start();
    const right = new OneHost(host, { name: 'right' });
    right.up.start();
    const { code, output } = await right.up.finished();
    expect(code).not.toBe(0);
    expect(output).toContain('9696');
    expect(
      output
        .trim()
        .split('\n')
        .filter((line) => /9696/.test(line)),
    ).toHaveLength(1);
  });
});
