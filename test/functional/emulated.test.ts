import { readlink } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Guest, plugGuest } from '../support/guest.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { compareRootNamespace, readRootNamespace } from '../support/root-namespace.ts';
import { until } from '../support/wait.ts';

/** What all other functional tests stand on: hosts that are apart from each other and from the machine. */
let lab: Lab;
let a: EmulatedHost;
let b: EmulatedHost;

beforeAll(async () => {
  lab = await openLab();
  a = await lab.addHost({ name: 'a', wires: ['x', 'y'] });
  b = await lab.addHost({ name: 'b', wires: ['y', 'x'] });
});
afterAll(() => lab.close());

describe('emulated hosts', () => {
  it('have their cards, their name and their own namespace list', async () => {
    expect(await a.links()).toEqual(['lo', 'eth0', 'eth1', 'eth2']);
    expect((await a.read(['hostname'])).trim()).toBe('a');
    await a.run(['ip', 'netns', 'add', 'same']);
    await b.run(['ip', 'netns', 'add', 'same']);
    expect(await a.namespaces()).toEqual(['same']);
    await a.run(['ip', 'netns', 'del', 'same']);
    expect(await b.namespaces()).toEqual(['same']);
  });

  it('reach each other over the wire that both are on, and over no other', async () => {
    await a.ipBatch(['addr add 10.0.1.1/24 dev eth1', 'addr add 10.0.2.1/24 dev eth2']);
    await b.ipBatch(['addr add 10.0.1.2/24 dev eth2', 'addr add 10.0.2.2/24 dev eth2']);
    await b.run(['sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1']); // else it answers for eth2's address on eth1
    const ping = async (address: string) => (await a.run(['ping', '-c1', '-W1', address], { okCodes: [0, 1] })).code;
    expect(await ping(b.address)).toBe(0);
    expect(await ping('10.0.1.2')).toBe(0); // a's eth1 and b's eth2 are wire x
    expect(await ping('10.0.2.2')).toBe(1); // a's eth2 is wire y
  });

  it('have a firewall and sysctls of their own', async () => {
    await a.run(['iptables', '-P', 'FORWARD', 'DROP']);
    await a.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
    expect(await b.read(['iptables', '-S', 'FORWARD'])).toContain('ACCEPT');
    expect((await b.read(['sysctl', '-n', 'net.ipv4.ip_forward'])).trim()).toBe('0');
  });

  it('show their own processes, and signals reach the program itself', async () => {
    const sleeping = a.spawn(['sleep', '1000']);
    const pid = await sleeping.pid();
    expect(await readlink(`/proc/${pid}/exe`)).toMatch(/sleep|coreutils|busybox/);
    expect((await a.processes()).map(({ command }) => command)).toEqual(['sleep 1000']);
    expect(await b.processes()).toEqual([]);
    await sleeping.kill('SIGKILL');
    expect((await sleeping.finished).code).toBe(137);
  });

  it('stop a program though a child of it goes on and holds its output open', async () => {
    const parent = a.spawn(['sh', '-c', 'sleep 600 & echo started; exec sleep 600']);
    await until('the child', () => parent.output.includes('started'));
    expect((await parent.stop(100)).stdout).toBe('started\n');
  });

  it('leave no zombies of daemons that died', async () => {
    await a.run(['sh', '-c', '(setsid sh -c "exit 0" &) ; true']);
    await until('no zombie', async () => !/^Z/m.test(await a.read(['ps', '-eo', 'stat='])));
  });

  it('tell what went wrong with a command', async () => {
    await expect(a.run(['ip', 'link', 'del', 'nosuch'])).rejects.toThrow(
      /a: ip link del nosuch: exit code 1: .*nosuch/s,
    );
    await expect(a.run(['sleep', '1000'], { timeoutMs: 100 })).rejects.toThrow('exit code 137');
  });
});

it('a host that is closed takes along what ran in it', async () => {
  const c = await lab.addHost({ name: 'c' });
  await c.run(['sh', '-c', 'setsid sleep 1000 >/dev/null 2>&1 </dev/null &']);
  await c.run(['ip', 'netns', 'add', 'inner']);
  const sleeping = c.spawn(['sleep', '2000']);
  const pid = (await sleeping.pid())!;
  await lab.removeHost(c);
  expect((await sleeping.finished).code).toBe(137);
  await expect(readlink(`/proc/${pid}/exe`)).rejects.toThrow('ENOENT');
});

it('a guest gets what a DHCP server tells it, and nothing when it is not known', async () => {
  const port = {
    id: '11111111-2222-3333-4444-555555555555',
    network_id: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
    mac_address: 'fa:16:3e:00:00:01',
    device_owner: 'compute:nova',
  };
  const known = await plugGuest(a, port, 'known');
  const stranger = await plugGuest(
    a,
    { ...port, id: '21111111-2222-3333-4444-555555555555', mac_address: 'fa:16:3e:00:00:02' },
    'stranger',
  );
  await a.run(['ip', 'addr', 'add', '10.0.0.1/24', 'dev', 'brqaaaaaaaa-bb']);
  const options = [
    '--dhcp-range=10.0.0.0,static,255.255.255.0,600',
    '--dhcp-host=fa:16:3e:00:00:01,vm1,10.0.0.5',
    '--dhcp-option=option:mtu,1400',
    '--address=/name.example/10.9.9.9',
  ];
  const server = a.spawn([
    'dnsmasq',
    '-k',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--bind-dynamic',
    '--interface=brqaaaaaaaa-bb',
    '--pid-file=',
    `--dhcp-leasefile=${a.folder}/leases`,
    ...options,
  ]);
  expect(await known.dhcp()).toMatchObject({
    address: '10.0.0.5',
    prefixLength: 24,
    router: '10.0.0.1',
    hostName: 'vm1',
    mtu: 1400,
    leaseSeconds: 600,
  });
  expect(await known.addresses()).toEqual(['10.0.0.5']);
  expect(await known.ping('10.0.0.1', 1)).toBe(true);
  expect(await known.lookup('name.example')).toEqual(['10.9.9.9']);
  await expect(stranger.dhcp({ tries: 1 })).rejects.toThrow('exit code 1');
  expect(await new Guest(a, 'stranger').addresses()).toEqual([]);
  await server.stop();
});

it('the look at the machine finds what was changed', async () => {
  const before = await readRootNamespace();
  expect(compareRootNamespace(before, { ...before, links: `${before.links}\n9: left0: <UP>` })).toEqual([
    'links: + 9: left0: <UP>',
  ]);
  expect(compareRootNamespace({ ...before, daemons: '1 dnsmasq' }, { ...before, daemons: '' })).toContain(
    'daemons: - 1 dnsmasq',
  );
});
