import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Port } from '../../src/resources/shapes.ts';
import { findGuest, type Guest } from '../support/guest.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { OneHost } from '../support/onehost.ts';
import { Starvation } from '../support/starvation.ts';
import { byTurns } from '../support/turns.ts';
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
    expect(one.up.recentOutput).toContain('Security groups are in force');
    const { extensions } = await one.api.expect('GET', '/v2.0/extensions');
    expect(extensions).not.toContainEqual(expect.objectContaining({ alias: 'neutrino-no-isolation' }));
  });

  it('gives a guest exactly the address that the API chose', async () => {
    const { network, subnet } = await one.makeNetwork('192.168.56.0/24');
    expect(network).toMatchObject({ 'provider:network_type': 'vxlan', mtu: 1450 });
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

  it('lets in by groups only, from own addresses only, and cuts what is going on when a rule goes', async () => {
    const address = second.port.fixed_ips[0]!.ip_address;
    const { security_group: web } = await one.api.expect('POST', '/v2.0/security-groups', {
      security_group: { name: 'web' },
    });
    await one.api.update('port', second.port.id, { security_groups: [web.id] });
    await until('it is shut out', async () => !(await first.guest.ping(address, 1)), { timeoutMs: 20_000 });
    const { security_group_rule: rule } = await one.api.expect('POST', '/v2.0/security-group-rules', {
      security_group_rule: { security_group_id: web.id, direction: 'ingress', protocol: 'icmp' },
    });
    await until('it is let in', () => first.guest.ping(address, 1), { timeoutMs: 20_000 });

    await first.guest.run(['ip', 'address', 'add', '192.168.56.250/24', 'dev', first.guest.card]);
    const spoofed = ['ping', '-n', '-c', '2', '-i', '0.2', '-W', '1', '-I', '192.168.56.250', address];
    expect((await first.guest.run(spoofed, { okCodes: [0, 1] })).code).toBe(1);
    await first.guest.run(['ip', 'address', 'del', '192.168.56.250/24', 'dev', first.guest.card]);

    const pinging = first.guest.spawn(['ping', '-n', '-i', '0.1', '-W', '1', address]);
    await until('answers', () => pinging.output.includes('icmp_seq=3 '));
    await one.api.expect('DELETE', `/v2.0/security-group-rules/${rule.id}`);
    await until('it is shut out', async () => !(await first.guest.ping(address, 1)), { timeoutMs: 20_000 });
    const answers = () => pinging.output.split('icmp_seq=').length;
    // The flow that was there ends a moment after the rule.
    await until('no answers', async () => {
      const before = answers();
      expect(await first.guest.ping(address)).toBe(false);
      return answers() === before;
    });
    await pinging.kill('SIGINT');
    await one.api.update('port', second.port.id, { security_groups: first.port.security_groups });
    await until('it is let in again', () => first.guest.ping(address, 1), { timeoutMs: 20_000 });
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
      'addresses in group default',
      `iptables -S neutron-linuxbri-i`,
      'the way out of network',
    ]) {
      expect(status.stdout).toContain(word);
    }
    const explanation = await one.api.explain(first.port.id);
    expect(explanation).toMatchObject({ port_id: first.port.id, verdict: 'works' });
    const told = await one.neutrino(['explain', 'port', first.port.id], { okCodes: [0] });
    expect(told.stdout).toMatch(/^Port .*: works\n/);
    expect(told.stdout).toMatch(/ok +metadata +.*last request .* → 200/);
  });

  it('plugs a guest that asks for its address, in one command', async () => {
    const { network_id } = first.port;
    const port = await one.api.create('port', { network_id, name: 'asks' });
    const { stdout } = await one.neutrino(['plug', port.id, '--netns', 'asks', '--dhcp']);
    const address = port.fixed_ips[0]!.ip_address;
    expect(stdout).toMatch(
      new RegExp(`^eth0 has ${address}/24 from DHCP server 192\\.168\\.56\\.\\d+, for 86400 s$`, 'm'),
    );
    const guest = await findGuest(host, 'asks');
    expect(await guest.addresses()).toEqual([address]);
    expect(await guest.ping('192.168.56.2', 1)).toBe(true);
    await one.neutrino(['unplug', port.id]);
  });

  it('gives a guest’s namespace a resolv.conf of its own, which its DHCP client may write', async () => {
    const own = await host.read(['ip', 'netns', 'exec', 'guest1', 'cat', '/etc/resolv.conf']);
    expect(own).toMatch(/^# Made by neutrino plug/);
    expect(await host.read(['cat', '/etc/resolv.conf'])).not.toContain('neutrino');
  });

  it('keeps data and traffic over Ctrl-C, and comes back', async () => {
    expect(await one.interrupt()).toBe(0);
    expect(await first.guest.ping(second.port.fixed_ips[0]!.ip_address, 1)).toBe(true);
    await one.start();
    // A port is BUILD while the agent that came back looks after it, as it is with the real server.
    await until('ACTIVE again', async () => (await one.api.show('port', first.port.id)).status === 'ACTIVE');
    expect((await one.api.show('port', first.port.id)).fixed_ips).toEqual(first.port.fixed_ips);
    expect((await first.guest.dhcp()).address).toBe(first.port.fixed_ips[0]!.ip_address);
  });

  it('refuses a second start of the same state folder in one clear line', async () => {
    const again = new OneHost(host);
    again.up.start();
    const { code, output } = await again.up.finished();
    expect(code).not.toBe(0);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(output).toContain(one.stateDir);
  });

  it('tunnels lead nowhere: nobody is let in from outside, though the kernel takes their packets at every address', async () => {
    const stranger = await lab.addHost({ name: 'stranger' });
    const { network } = await one.makeNetwork('10.8.0.0/24', { port_security_enabled: false });
    const { guest, port } = await one.makeGuest(network.id, 'open');
    await guest.dhcp();
    const vni = (network as unknown as Record<string, number>)['provider:segmentation_id'];
    await stranger.ipBatch([
      `link add forged type vxlan id ${vni} dev eth0 remote ${host.address} dstport 14789`,
      'addr add 10.8.0.250/24 dev forged',
      'link set forged up',
    ]);
    const leg = `vxlan-${vni}`;
    const received = async () => {
      const argv = ['ip', '-j', '-s', 'link', 'show', leg];
      const [link] = await host.json<{ stats64: { rx: { packets: number } } }[]>(argv);
      return link!.stats64.rx.packets;
    };
    const forge = ['ping', '-n', '-c', '1', '-W', '1', port.fixed_ips[0]!.ip_address];
    await stranger.run(forge, { okCodes: [1] });
    expect(await received()).toBe(0);
    const chain = /^:(neutrino-\w+-vxlan) /m.exec(await host.read(['iptables-save', '-t', 'raw']))![1]!;
    // Were the rule not there, they would come in: this is what it is for.
    await host.run(['iptables', '-t', 'raw', '-F', chain]);
    await stranger.run(forge, { okCodes: [0, 1] });
    expect(await received()).toBeGreaterThan(0);
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
    for (const tool of ['iptables-save', 'ip6tables-save', 'ebtables-save'])
      expect(await host.read([tool])).not.toMatch(/neutr(ino|on)/);
    expect(await host.read(['ipset', 'list', '-n'])).toBe('');
    expect(await host.read(['sysctl', '-n', 'net.ipv4.ip_forward'])).toBe('0\n');
    expect(await host.run(['ls', '/etc/netns/guest1'], { okCodes: [2] })).toMatchObject({ code: 2 });
  });
});

describe('networks of an earlier release', () => {
  it('go on as they were when isolation comes, and what passes inside a group does not stop', async () => {
    const host = await lab.addHost({ name: 'earlier' });
    const file = join(host.folder, 'earlier.conf');
    await writeFile(
      file,
      `[ml2]
tenant_network_types = local
mechanism_drivers = linuxbridge
[vxlan]
enable_vxlan = false
l2_population = false
[securitygroup]
firewall_driver = noop
`,
    );
    await using before = new OneHost(host, { options: ['--config-file', file] });
    await before.start();
    expect(before.up.output).toContain('Nothing is isolated');
    const { network } = await before.makeNetwork('10.9.0.0/24');
    expect(network).toMatchObject({ 'provider:network_type': 'local' });
    const [a, b] = [await before.makeGuest(network.id, 'a'), await before.makeGuest(network.id, 'b')];
    await a.guest.dhcp();
    await b.guest.dhcp();
    await before.interrupt();

    using starvation = await Starvation.watch();
    const pinging = a.guest.spawn(['ping', '-n', '-i', '0.1', b.port.fixed_ips[0]!.ip_address]);
    await using after = new OneHost(host);
    await after.start();
    await until('rules', async () =>
      (await host.read(['iptables-save'])).includes(`:neutron-linuxbri-i${a.port.id.slice(0, 10)}`),
    );
    await until('ACTIVE', async () => (await after.api.list('port')).every(({ status }) => status === 'ACTIVE'));
    expect(await a.guest.ping(b.port.fixed_ips[0]!.ip_address)).toBe(true);
    await pinging.kill('SIGINT');
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec((await pinging.finished).stdout)!;
    expect(Number(sent)).toBeGreaterThan(10);
    // For less than a second.
    expect(Number(sent) - Number(received)).toBeLessThan(10 + starvation.allowanceMs / 100);
    const { network: fresh } = await after.makeNetwork('10.10.0.0/24');
    expect(fresh).toMatchObject({ 'provider:network_type': 'vxlan' });
    await after.neutrino(['down']);
    expect(await host.read(['iptables-save'])).not.toMatch(/neutr(ino|on)/);
  });
});

describe('a host that drops what is forwarded', () => {
  it.each(
    byTurns(
      [
        ['drops', 'iptables'],
        ['olddrops', 'iptables-legacy'],
      ] as const,
      1,
    ),
  )(
    '%s by %s: it says so, lets through what groups allow and no more, and takes that back on down',
    async (name, tool) => {
      const host = await lab.addHost({ name });
      await host.run([tool, '-P', 'FORWARD', 'DROP']);
      await host.run([tool, '-A', 'FORWARD', '-i', 'docker0', '-j', 'ACCEPT']);
      const before = await host.read([tool, '-S']);
      await using one = new OneHost(host);
      await one.start();
      const { network } = await one.makeNetwork('10.5.0.0/24');
      const a = await one.makeGuest(network.id, 'a');
      const b = await one.makeGuest(network.id, 'b');
      expect((await a.guest.dhcp()).address).toBe(a.port.fixed_ips[0]!.ip_address);
      await b.guest.dhcp();
      const address = b.port.fixed_ips[0]!.ip_address;
      await until('members of a group to reach each other', () => a.guest.ping(address, 1), { timeoutMs: 20_000 });
      expect(one.up.output).toMatch(/FORWARD/);
      const { security_group: none } = await one.api.expect('POST', '/v2.0/security-groups', {
        security_group: { name: 'none' },
      });
      await one.api.update('port', b.port.id, { security_groups: [none.id] });
      await until('it is shut out', async () => !(await a.guest.ping(address, 1)), { timeoutMs: 20_000 });
      // Wherever our accepting chain comes to stand: here in front of all others, as when a firewall was loaded anew.
      const chain = /-A FORWARD -j (neutrino-\w+-forward)/.exec(await host.read(['iptables', '-S', 'FORWARD']))![1]!;
      await host.run(['iptables', '-D', 'FORWARD', '-j', chain]);
      await host.run(['iptables', '-I', 'FORWARD', '-j', chain]);
      expect(await a.guest.ping(address)).toBe(false);
      await one.neutrino(['down']);
      expect(await host.read([tool, '-S'])).toBe(before);
    },
  );
});

describe('two instances', () => {
  it('live side by side on one host, each at a port of its own, and the last one takes everything back', async () => {
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
    const rulesOf = async (port: Port) => {
      const texts = await Promise.all(['iptables-save', 'ebtables-save'].map((tool) => host.read([tool])));
      const own = [port.id.slice(0, 10), port.network_id.slice(0, 11)];
      return texts
        .join('\n')
        .split('\n')
        .filter((line) => own.some((name) => line.includes(name)));
    };
    const theirs = await rulesOf(made[1]!.port);
    expect(theirs.length).toBeGreaterThan(10);
    const third = new OneHost(host, { name: 'third' });
    third.up.start();
    const { code, output } = await third.up.finished();
    expect(code).not.toBe(0);
    expect(output.split('\n').filter((line) => line.includes('9696'))).toHaveLength(1);

    const forwards = () => host.read(['sysctl', '-n', 'net.ipv4.ip_forward']);
    expect((await host.links()).filter((name) => name.startsWith('ngw-'))).toHaveLength(2);
    await left.neutrino(['down']);
    expect(await forwards()).toBe('1\n');
    expect(await rulesOf(made[0]!.port)).toEqual([]);
    expect(new Set(await rulesOf(made[1]!.port))).toEqual(new Set(theirs));
    expect((await made[1]!.guest.dhcp()).address).toBe(made[1]!.port.fixed_ips[0]!.ip_address);
    // The kernel's setting goes back with the last of them.
    await right.neutrino(['down']);
    expect(await forwards()).toBe('0\n');
  });
});
