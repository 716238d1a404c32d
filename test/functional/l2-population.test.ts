import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Network } from '../../src/resources/shapes.ts';
import type { Deployment } from '../support/deployment.ts';
import type { EmulatedHost, HostProcess } from '../support/hosts.ts';
import type { Program } from '../support/programs.ts';
import { type Member, VxlanStand } from '../support/vxlan-stand.ts';
import { until } from '../support/wait.ts';

/** VXLAN by what the server tells: three hosts, two networks with the same addresses, and nothing flooded where nobody is. */
let stand: VxlanStand;
let hosts: EmulatedHost[];
let deployment: Deployment;
let agents: Program[];

const sections = (host: EmulatedHost, arp_responder = false) => ({
  vxlan: { local_ip: host.address, l2_population: true, arp_responder },
  securitygroup: { enable_security_group: false },
});

beforeAll(async () => {
  const server = { ml2: { mechanism_drivers: 'linuxbridge,l2population' } };
  stand = await VxlanStand.open({ server, agent: sections });
  ({ hosts, deployment, agents } = stand);
});
afterAll(() => stand?.[Symbol.asyncDispose]());

const makeNetwork = (name: string) => stand.makeNetwork(name, ['10.5.0.0/24', 'fd05::/64']);
const addGuest = (network: Network, at: number, last: number) =>
  stand.addGuest(network, hosts[at]!, [`10.5.0.${last}`, `fd05::${last}`]);

const deviceOf = (network: Network) => `vxlan-${network['provider:segmentation_id']}`;

/** What a host sends where, of what was put there for good. */
async function entries(host: EmulatedHost, network: Network): Promise<string[]> {
  const { stdout } = await host.run(['bridge', 'fdb', 'show', 'dev', deviceOf(network)], { okCodes: [0, 1, 255] });
  return stdout
    .split('\n')
    .filter((line) => / dst .* self permanent/.test(line))
    .map((line) => line.split(' ').slice(0, 3).join(' ').replace(' dst', ''))
    .sort();
}

const flood = (host: EmulatedHost) => `00:00:00:00:00:00 ${host.address}`;
const place = ({ port, host }: Member) => `${port.mac_address} ${host.address}`;

async function untilEntries(host: EmulatedHost, network: Network, wanted: string[]): Promise<void> {
  let found: string[] = [];
  await until(
    `${host.name} to have ${wanted.join(', ')}`,
    async () => {
      found = await entries(host, network);
      return found.join() === wanted.toSorted().join();
    },
    { timeoutMs: 30_000 },
  ).catch((error) => {
    throw new Error(`${error.message}; it has ${found.join(', ')}`);
  });
}

/** Tunnel packets of a network that arrive at a host. */
function watch(host: EmulatedHost, network: Network): HostProcess {
  const vni = network['provider:segmentation_id'] as number;
  return host.spawn(['tcpdump', '-n', '-l', '-i', 'eth0', '-Q', 'in', `udp port 8472 and udp[12:4] = ${vni << 8}`]);
}

async function watched(watching: HostProcess): Promise<string[]> {
  await watching.kill('SIGINT');
  return (await watching.finished).stdout.split('\n').filter(Boolean);
}

let red: Network;
let blue: Network;
const reds: Member[] = [];
const blues: Member[] = [];

it('guests of a network reach each other, those of another with the same addresses stay apart', async () => {
  red = await makeNetwork('red');
  blue = await makeNetwork('blue');
  reds.push(await addGuest(red, 0, 11), await addGuest(red, 1, 12));
  blues.push(await addGuest(blue, 0, 11), await addGuest(blue, 2, 12), await addGuest(blue, 2, 13));
  for (const address of ['10.5.0.12', 'fd05::12']) {
    await until(`the way to ${address}`, () => reds[0]!.guest.ping(address, 1));
    await until(`the way to ${address}`, () => blues[0]!.guest.ping(address, 1));
  }
  // Of blue alone there is somebody with this address.
  expect(await blues[0]!.guest.ping('10.5.0.13')).toBe(true);
  expect(await reds[0]!.guest.ping('10.5.0.13', 1)).toBe(false);
  for (const [members, member] of [
    [reds, reds[1]!],
    [blues, blues[1]!],
  ] as const) {
    const { guest, host } = members[0]!;
    const neighbour = await host.read(['ip', '-n', guest.netns, 'neigh', 'show', '10.5.0.12']);
    expect(neighbour).toContain(member.port.mac_address);
  }
});

it('each host knows where the others of its networks are, and nothing else', async () => {
  const [one, two, three] = hosts as [EmulatedHost, EmulatedHost, EmulatedHost];
  await untilEntries(one, red, [flood(two), place(reds[1]!)]);
  await untilEntries(two, red, [flood(one), place(reds[0]!)]);
  await untilEntries(one, blue, [flood(three), place(blues[1]!), place(blues[2]!)]);
  await untilEntries(three, blue, [flood(one), place(blues[0]!)]);
  expect(await entries(three, red)).toEqual([]);
});

it('nothing of a network comes to a host that has no port of it', async () => {
  const watching = watch(hosts[2]!, red);
  const control = watch(hosts[1]!, red);
  await until('tcpdump', () => control.output.includes('listening') && watching.output.includes('listening'));
  // What is for all, for somebody nobody knows, and for one that is known.
  await reds[0]!.guest.run(['ping', '-c2', '-W1', '-i0.2', '10.5.0.99'], { okCodes: [1] });
  await reds[0]!.guest.run(['ping', '-b', '-c2', '-W1', '-i0.2', '10.5.0.255'], { okCodes: [0, 1] });
  await reds[0]!.guest.ping('10.5.0.12');
  await until('them to arrive', () => control.output.split('\n').length > 4);
  expect((await watched(control)).join('\n')).toContain('10.5.0.99');
  expect(await watched(watching)).toEqual([]);
});

it('a port on one more host is reached from all, and is forgotten when it is deleted', async () => {
  const [one, two, three] = hosts as [EmulatedHost, EmulatedHost, EmulatedHost];
  const more = await addGuest(red, 2, 13);
  for (const { guest } of reds) await until('the way', () => guest.ping('10.5.0.13', 1));
  expect(await more.guest.ping('10.5.0.11')).toBe(true);
  await untilEntries(three, red, [flood(one), flood(two), place(reds[0]!), place(reds[1]!)]);
  await untilEntries(one, red, [flood(two), flood(three), place(reds[1]!), place(more)]);
  await deployment.api.remove('port', more.port.id);
  await untilEntries(one, red, [flood(two), place(reds[1]!)]);
  await untilEntries(two, red, [flood(one), place(reds[0]!)]);
  await more.guest.remove();
});

it('explain says which hosts have ports of the network, and which entries are missing', async () => {
  const [one, two] = hosts as [EmulatedHost, EmulatedHost];
  const fdb = async () => {
    const { steps } = await deployment.api.explain(reds[0]!.port.id);
    return (steps as { step: string; state: string; found: string }[]).find(({ step }) => step === 'fdb')!;
  };
  expect(await fdb()).toMatchObject({ state: 'ok', found: expect.stringContaining(`1 other host (${two.address})`) });
  // The agent may have mended it before it is asked.
  const broken = await until('a fault', async () => {
    await one.run(['bridge', 'fdb', 'del', reds[1]!.port.mac_address, 'dev', deviceOf(red)], { okCodes: [0, 2, 255] });
    const step = await fdb();
    return step.state === 'fault' ? step : null;
  });
  expect(broken).toMatchObject({
    found: `${reds[1]!.port.mac_address} is not known to be on ${two.address}`,
    check: `bridge fdb show dev ${deviceOf(red)}`,
  });
});

it('entries changed by hand are mended', async () => {
  const [one, two] = hosts as [EmulatedHost, EmulatedHost];
  const wanted = [flood(two), place(reds[1]!)];
  const device = deviceOf(red);
  await one.run(['bridge', 'fdb', 'del', reds[1]!.port.mac_address, 'dev', device], { okCodes: [0, 2, 255] });
  await one.run(['bridge', 'fdb', 'del', '00:00:00:00:00:00', 'dev', device, 'dst', two.address]);
  await one.run(['bridge', 'fdb', 'append', '00:00:00:00:00:00', 'dev', device, 'dst', hosts[2]!.address]);
  await one.run(['bridge', 'fdb', 'add', 'fa:16:3e:99:99:99', 'dev', device, 'dst', hosts[2]!.address]);
  await untilEntries(one, red, wanted);
  expect(agents[0]!.recentOutput).toContain('Forwarding of tunnels was not as it should be: mended');
  // The device itself, which comes back with everything.
  await one.run(['ip', 'link', 'del', device]);
  await untilEntries(one, red, wanted);
  await until('the way', () => reds[0]!.guest.ping('10.5.0.12', 1));
});

it('restarts of agents and server lose no packet and write nothing', async () => {
  const before = await Promise.all(hosts.flatMap((host) => [entries(host, red), entries(host, blue)]));
  const ping = reds[0]!.guest.spawn(['ping', '-n', '-i', '0.05', '-W', '5', '10.5.0.12']);
  for (const agent of agents) await agent.stop();
  await deployment.server.stop();
  // Nobody to ask: the host stays as it is.
  for (const agent of agents) agent.start();
  for (const agent of agents) {
    await agent.ready('waiting', () => agent.recentOutput.includes('method=report_state'));
  }
  expect(await Promise.all(hosts.flatMap((host) => [entries(host, red), entries(host, blue)]))).toEqual(before);
  deployment.server.start();
  await deployment.answering();
  for (const host of hosts) {
    await until('its answer', () => deployment.isAlive('neutron-linuxbridge-agent', host.name));
  }
  for (const { port } of [...reds, ...blues]) await deployment.portStatus(port.id, 'ACTIVE');
  await ping.kill('SIGINT');
  expect((await ping.finished).stdout).toMatch(/, 0% packet loss/);
  expect(await Promise.all(hosts.flatMap((host) => [entries(host, red), entries(host, blue)]))).toEqual(before);
  for (const agent of agents) expect(agent.recentOutput).not.toContain('Forwarding of tunnels');
});

it('what was told while an agent was away is known when it is back', async () => {
  const [one, two, three] = hosts as [EmulatedHost, EmulatedHost, EmulatedHost];
  await agents[0]!.stop();
  const more = await addGuest(red, 2, 14);
  await deployment.api.remove('port', blues[2]!.port.id);
  agents[0]!.start();
  await untilEntries(one, red, [flood(two), flood(three), place(reds[1]!), place(more)]);
  await untilEntries(one, blue, [flood(three), place(blues[1]!)]);
  await until('the way', () => reds[0]!.guest.ping('10.5.0.14', 1));
  reds.push(more);
});

it('guests of a host whose agent died are still reached', async () => {
  const [one, , three] = hosts as [EmulatedHost, EmulatedHost, EmulatedHost];
  await agents[2]!.kill9();
  expect(await reds[0]!.guest.ping('10.5.0.14')).toBe(true);
  expect(await entries(one, red)).toContain(flood(three));
  agents[2]!.start();
  await until('its answer', () => deployment.isAlive('neutron-linuxbridge-agent', 'host3'));
});

it('with arp_responder hosts answer for guests elsewhere, and ask nobody', async () => {
  for (const [at, host] of hosts.entries()) {
    await agents[at]!.stop();
    agents[at] = await deployment.agent('neutron-linuxbridge-agent', host, sections(host, true));
  }
  const [one, two] = hosts as [EmulatedHost, EmulatedHost];
  const answers = async () => one.read(['ip', 'neigh', 'show', 'nud', 'permanent', 'dev', deviceOf(red)]);
  await until('what it answers', async () => {
    const text = await answers();
    return ['10.5.0.12', 'fd05::12', 'fe80::'].every((address) => text.includes(`${address}`));
  });
  for (const { guest, host } of reds) await host.run(['ip', '-n', guest.netns, 'neigh', 'flush', 'dev', 'eth0']);
  const watching = watch(two, red);
  await until('tcpdump', () => watching.output.includes('listening'));
  for (const address of ['10.5.0.12', 'fd05::12']) expect(await reds[0]!.guest.ping(address)).toBe(true);
  await until('the pings', () => watching.output.includes('fd05::12'));
  const seen = (await watched(watching)).join('\n');
  expect(seen).toMatch(/ICMP echo request/);
  expect(seen).not.toMatch(/ARP, Request who-has 10\.5\.0\.12|who has fd05::12/);
  // The tunnel's device has IPv6 for that, and is no member of the network.
  expect(await one.read(['ip', '-6', 'addr', 'show', 'dev', deviceOf(red)])).toBe('');
  // Another address of the port is answered for from the moment it is given.
  const [v4, v6] = reds[1]!.port.fixed_ips;
  await deployment.api.update('port', reds[1]!.port.id, {
    fixed_ips: [{ subnet_id: v4!.subnet_id, ip_address: '10.5.0.112' }, v6],
  });
  await until('the other address', async () => {
    const text = await answers();
    return text.includes('10.5.0.112 ') && !text.includes('10.5.0.12 ');
  });
});

it('a host whose tunnels end at another address is reached there', async () => {
  const [one, two] = hosts as [EmulatedHost, EmulatedHost];
  const moved = two.address.replace(/\d+$/, '112');
  await two.run(['ip', 'addr', 'add', `${moved}/24`, 'dev', 'eth0']);
  await agents[1]!.stop();
  const there = { ...sections(two), vxlan: { local_ip: moved, l2_population: true } };
  agents[1] = await deployment.agent('neutron-linuxbridge-agent', two, there);
  const known = async () => (await entries(one, red)).join();
  await until('the other address', async () => (await known()).includes(` ${moved}`));
  await until('no entry of the old one', async () => !(await known()).includes(` ${two.address}`));
  await until('the way', () => reds[2]!.guest.ping('fd05::12', 1));
});

it('the way over IPv6 is told as well', async () => {
  for (const [at, host] of hosts.slice(0, 2).entries()) {
    await agents[at]!.stop();
    await host.ipBatch([`addr add fd00::${at + 1}/64 dev eth0 nodad`]);
    const over6 = { ...sections(host), vxlan: { local_ip: `fd00::${at + 1}`, l2_population: true } };
    agents[at] = await deployment.agent('neutron-linuxbridge-agent', host, over6);
  }
  const green = await deployment.api.create('network', { name: 'green', mtu: 1430 });
  await deployment.api.create('subnet', {
    network_id: green.id,
    ip_version: 4,
    cidr: '10.5.0.0/24',
    enable_dhcp: false,
  });
  await deployment.api.create('subnet', { network_id: green.id, ip_version: 6, cidr: 'fd05::/64', enable_dhcp: false });
  const [from, to] = [await addGuest(green, 0, 31), await addGuest(green, 1, 32)];
  await until('the way', () => from!.guest.ping('10.5.0.32', 1));
  expect(await entries(hosts[0]!, green)).toEqual(['00:00:00:00:00:00 fd00::2', `${to!.port.mac_address} fd00::2`]);
});
