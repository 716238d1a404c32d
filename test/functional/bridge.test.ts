import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { bridgeName } from '../../src/lib/names.ts';
import { type BridgeServer, openBridgeServer } from '../support/bridge-server.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { Program, project, writeConfig } from '../support/programs.ts';
import { Starvation } from '../support/starvation.ts';
import { until } from '../support/wait.ts';

/** The real agent in an emulated host, against a server that is only its messages. */
let lab: Lab;
let host: EmulatedHost;
let neighbour: EmulatedHost;
let server: BridgeServer;
let agent: Program | null = null;
let count = 0;

beforeAll(async () => {
  lab = await openLab();
});
afterAll(async () => {
  await lab.close();
});
beforeEach(async () => {
  count += 1;
  host = await lab.addHost({ name: `bridge${count}`, wires: ['flat1'] });
  neighbour = await lab.addHost({ name: `neighbour${count}`, wires: ['flat1'] });
  server = await openBridgeServer(host.folder);
});
afterEach(async () => {
  await agent?.[Symbol.asyncDispose]();
  agent = null;
  await server.close();
  await lab.removeHost(host);
  await lab.removeHost(neighbour);
});

type Sections = Record<string, Record<string, string | number | boolean>>;

const openToAll: Sections = { securitygroup: { enable_security_group: false } };

async function makeAgent(sections: Sections = {}, args: readonly string[] = []): Promise<Program> {
  const file = await writeConfig(host.folder, 'agent.conf', {
    DEFAULT: { state_path: host.folder, host: host.name, transport_url: `local://${server.socketPath}`, debug: true },
    linux_bridge: { physical_interface_mappings: 'public:eth1' },
    vxlan: { enable_vxlan: false },
    ...openToAll,
    ...sections,
  });
  agent = new Program({ name: 'neutron-linuxbridge-agent', host, args: ['--config-file', file, ...args] });
  return agent;
}

async function startAgent(sections: Sections = {}): Promise<Program> {
  const started = await makeAgent(sections);
  started.start();
  await started.ready('at work', () => started.recentOutput.includes('The Linux-bridge agent works'));
  return started;
}

/** A guest: a namespace whose eth0 is the other end of the tap. */
async function addGuest(name: string, tap: string, address: string): Promise<void> {
  await host.run(['ip', 'netns', 'add', name]);
  await host.ipBatch([`link add ${tap} type veth peer name eth0 netns ${name}`]);
  await host.ipBatch([`addr add ${address} dev eth0`, 'link set eth0 up', 'link set lo up'], name);
}

const isUp = (device: string) => until(`${device} up`, () => server.states.get(device) === 'up', { timeoutMs: 15_000 });

async function masterOf(device: string): Promise<string | undefined> {
  const [link] = await host.json<{ master?: string }[]>(['ip', '-j', 'link', 'show', 'dev', device]);
  return link?.master;
}

/** Sends a line over one TCP session every 5 ms and prints how many came back and the longest silence in ms. */
const talker = `
const { connect } = require('node:net');
const socket = connect(7777, process.argv[1]);
let answers = 0, last = performance.now(), longest = 0;
socket.setNoDelay(true);
socket.on('data', () => { const now = performance.now(); longest = Math.max(longest, now - last); last = now; answers += 1; });
socket.on('error', (error) => { console.log('broken ' + error.message); process.exit(1); });
socket.on('close', () => { console.log('closed'); process.exit(1); });
setInterval(() => socket.write('x'), 5);
setInterval(() => console.log(JSON.stringify({ answers, longest: Math.round(longest) })), 50);
`;

it("a TCP session over the card's own address survives both moves", async () => {
  await host.ipBatch(['addr add 192.168.56.11/24 dev eth1', 'addr add 2001:db8:56::11/64 dev eth1 nodad']);
  await host.ipBatch(['route replace default via 192.168.56.1 dev eth1', 'route add 10.20.0.0/16 via 192.168.56.2']);
  await neighbour.ipBatch(['addr add 192.168.56.12/24 dev eth1', 'addr add 2001:db8:56::12/64 dev eth1 nodad']);
  const listener = host.spawn([
    process.execPath,
    '-e',
    "require('node:net').createServer((s) => s.pipe(s)).listen(7777, '::', () => console.log('listens'))",
  ]);
  await until('the listener', () => listener.output.includes('listens'));
  const sessions = ['192.168.56.11', '2001:db8:56::11'].map((address) =>
    neighbour.spawn([process.execPath, '-e', talker, address]),
  );
  const talk = (session: (typeof sessions)[number]) =>
    JSON.parse(session.output.trim().split('\n').at(-1) || '{}') as { answers: number; longest: number };
  const goOn = async () => {
    for (const session of sessions) {
      const { answers = 0 } = session.output ? talk(session) : {};
      await until('more answers', () => session.running && session.output && talk(session).answers > answers + 30);
    }
  };
  await goOn();
  using starvation = await Starvation.watch();
  await startAgent();

  const network = randomUUID();
  const bridge = bridgeName(network);
  const tap = server.know({
    port_id: randomUUID(),
    network_id: network,
    network_type: 'flat',
    physical_network: 'public',
  });
  await addGuest('guest', tap, '192.168.56.50/24');
  await isUp(tap);
  await goOn();
  expect(await masterOf('eth1')).toBe(bridge);
  expect(await host.read(['ip', '-o', 'addr', 'show', 'dev', bridge])).toMatch(
    /192\.168\.56\.11\/24[\s\S]*2001:db8:56::11\/64/,
  );
  expect(await host.read(['ip', 'route'])).toContain(`default via 192.168.56.1 dev ${bridge} metric 100`);
  expect(await host.read(['ip', 'route'])).toContain(`10.20.0.0/16 via 192.168.56.2 dev ${bridge}`);
  await neighbour.run(['ping', '-c1', '-W2', '192.168.56.50']);

  await host.run(['ip', 'netns', 'delete', 'guest']);
  await server.deleteNetwork(network);
  await until('the bridge to go', async () => !(await host.links()).includes(bridge));
  await goOn();
  await until('addresses and routes on the card', async () => {
    expect(await host.read(['ip', '-o', 'addr', 'show', 'dev', 'eth1'])).toMatch(
      /192\.168\.56\.11\/24[\s\S]*2001:db8:56::11\/64/,
    );
    expect(await host.read(['ip', 'route'])).toMatch(/^default via 192\.168\.56\.1 dev eth1 ?$/m);
    expect(await host.read(['ip', 'route'])).toMatch(/^10\.20\.0\.0\/16 via 192\.168\.56\.2 dev eth1/m);
    return true;
  });
  for (const session of sessions) expect(talk(session).longest).toBeLessThan(1_500 + starvation.allowanceMs);
});

it('makes the bridge as upstream does, and 100 taps at once are up', async () => {
  await startAgent();
  const network = randomUUID();
  const taps = Array.from({ length: 100 }, () =>
    server.know({ port_id: randomUUID(), network_id: network, mtu: 1450 }),
  );
  await host.ipBatch(taps.flatMap((tap) => [`tuntap add dev ${tap} mode tap`]));
  await until('all up', () => taps.every((tap) => server.states.get(tap) === 'up'));
  const bridge = bridgeName(network);
  const [link] = await host.json<{ mtu: number; linkinfo: unknown }[]>([
    'ip',
    '-j',
    '-d',
    'link',
    'show',
    'dev',
    bridge,
  ]);
  expect(link).toMatchObject({ mtu: 1450, linkinfo: { info_data: { forward_delay: 0, stp_state: 0 } } });
  expect(await host.read(['cat', `/proc/sys/net/ipv6/conf/${bridge}/disable_ipv6`])).toBe('1\n');
  const ports = await host.json<{ mtu: number; linkinfo: unknown }[]>(['ip', '-j', 'link', 'show', 'master', bridge]);
  expect(ports).toHaveLength(100);
  expect(new Set(ports.map((port) => port.mtu))).toEqual(new Set([1450]));
});

it('loses no packet when it is killed and started again, and plans nothing then', async () => {
  const first = await startAgent();
  const network = randomUUID();
  const taps = ['a', 'b'].map(() => server.know({ port_id: randomUUID(), network_id: network }));
  await addGuest('a', taps[0] as string, '10.1.0.1/24');
  await addGuest('b', taps[1] as string, '10.1.0.2/24');
  for (const tap of taps) await isUp(tap);
  await host.run(['ping', '-c1', '-W2', '10.1.0.2'], { netns: 'a' });
  const ping = host.spawn(['ping', '-i', '0.01', '-c', '300', '-q', '10.1.0.2'], { netns: 'a' });
  await first.kill9();
  server.states.clear();
  first.start();
  for (const tap of taps) await isUp(tap);
  const { stdout } = await ping.finished;
  expect(stdout).toContain('300 packets transmitted, 300 received');
  expect(first.recentOutput).not.toContain('The host was changed');
});

it('mends what was done by hand and says what it found', async () => {
  const running = await startAgent();
  const network = randomUUID();
  const bridge = bridgeName(network);
  const tap = server.know({
    port_id: randomUUID(),
    network_id: network,
    network_type: 'flat',
    physical_network: 'public',
  });
  await host.ipBatch(['addr add 192.168.56.11/24 dev eth1', 'route replace default via 192.168.56.1 dev eth1']);
  await addGuest('a', tap, '10.1.0.1/24');
  await isUp(tap);
  await host.run(['ip', 'link', 'del', bridge]);
  await until('the bridge', async () => (await masterOf(tap)) === bridge && (await masterOf('eth1')) === bridge);
  await until('the route', async () =>
    (await host.read(['ip', 'route'])).includes(`default via 192.168.56.1 dev ${bridge} metric 100`),
  );
  expect(await host.read(['ip', '-o', 'addr', 'show', 'dev', bridge])).toContain('192.168.56.11/24');
  await host.run(['ip', 'link', 'set', tap, 'nomaster']);
  await until('the tap in the bridge', async () => (await masterOf(tap)) === bridge);
  await until('the log', () => running.output.includes('The host was not as it should be: mended'));
});

it('works on after its helper and its link monitor were killed', async () => {
  await startAgent();
  const find = async (what: string) => (await host.processes()).find(({ command }) => command.includes(what));
  const helper = await until('the helper', () => find('helper'));
  await host.run(['sh', '-c', `kill -9 ${helper.pid}`]);
  const network = randomUUID();
  const tap = server.know({ port_id: randomUUID(), network_id: network });
  await until('a new monitor', async () => {
    const monitor = await find('ip -o monitor link');
    return monitor && (await find('helper'))?.pid !== helper.pid;
  });
  await addGuest('a', tap, '10.1.0.1/24');
  await isUp(tap);
  const monitor = await until('the monitor', () => find('ip -o monitor link'));
  await host.run(['sh', '-c', `kill -9 ${monitor.pid}`]);
  const second = server.know({ port_id: randomUUID(), network_id: network });
  await addGuest('b', second, '10.1.0.2/24');
  await isUp(second);
});

it('ends its helper when it is killed', async () => {
  const running = await startAgent();
  await running.kill9();
  await until('nobody left', async () => (await host.processes()).length === 0);
});

it('a port whose groups nobody tells is closed, also when the agent ends; without groups it is open', async () => {
  const asked = { securitygroup: { enable_security_group: true, firewall_driver: 'iptables' } };
  server.tellsGroups = false;
  const first = await startAgent(asked);
  const network = randomUUID();
  const mac_address = 'fa:16:3e:00:00:03';
  const closed = server.know({
    ...{ port_id: randomUUID(), network_id: network, device_owner: 'compute:nova', port_security_enabled: true },
    ...{ mac_address, fixed_ips: [{ subnet_id: randomUUID(), ip_address: '10.1.0.3' }] },
  });
  const open = [1, 2].map(() => server.know({ port_id: randomUUID(), network_id: network }));
  await addGuest('open1', open[0] as string, '10.1.0.1/24');
  await addGuest('open2', open[1] as string, '10.1.0.2/24');
  for (const tap of open) await isUp(tap);
  await addGuest('closed', closed, '10.1.0.3/24');
  await host.run(['ip', 'link', 'set', 'eth0', 'address', mac_address], { netns: 'closed' });
  await host.ipBatch([`link set ${closed} master ${bridgeName(network)} up`]);
  await until('told', () => server.states.get(closed) === 'down');
  await host.run(['ping', '-c1', '-W2', '10.1.0.2'], { netns: 'open1' });
  const ping = () => host.run(['ping', '-c1', '-W1', '10.1.0.1'], { netns: 'closed', okCodes: [0, 1] });
  expect((await ping()).code).toBe(1);
  expect(first.output).toContain('the server has not told of its security groups');
  await first.stop();
  expect((await ping()).code).toBe(1);
  await startAgent();
  await isUp(closed);
  await until('an answer', async () => (await ping()).code === 0);
  expect(await host.read(['ebtables-save'])).not.toContain(`neutrino-closed -i ${closed}`);
});

it('starts from the files that operators have, and moves the only card', async () => {
  const samples = join(project, 'test/data/samples/etc-neutron');
  const override = await writeConfig(host.folder, 'here.conf', {
    DEFAULT: { state_path: host.folder, host: host.name, transport_url: `local://${server.socketPath}` },
    oslo_concurrency: { lock_path: `${host.folder}/lock` },
  });
  const files = [join(samples, 'neutron.conf'), join(samples, 'plugins/ml2/linuxbridge_agent.ini'), override];
  agent = new Program({
    name: 'neutron-linuxbridge-agent',
    host,
    args: files.flatMap((file) => ['--config-file', file]),
  });
  agent.start();
  await agent.ready('at work', () => agent?.output.includes('The Linux-bridge agent works'));
  const network = randomUUID();
  const port = { network_id: network, network_type: 'flat', physical_network: 'public' };
  const dhcp = server.know({
    ...port,
    port_id: randomUUID(),
    device_owner: 'network:dhcp',
    port_security_enabled: false,
  });
  await addGuest('dhcp', dhcp, '192.168.56.2/24');
  await isUp(dhcp);
  expect(await masterOf('eth0')).toBe(bridgeName(network));
  await neighbour.run(['ping', '-c1', '-W2', host.address]);
  const guest = server.know({
    ...{ ...port, port_id: randomUUID(), port_security_enabled: true, device_owner: 'compute:nova' },
    fixed_ips: [{ subnet_id: randomUUID(), ip_address: '192.168.56.3' }],
  });
  await addGuest('guest', guest, '192.168.56.3/24');
  await isUp(guest);
  expect(await host.read(['iptables-save'])).toContain(`--physdev-in ${guest}`);
  expect(await host.read(['ebtables-save'])).toContain(`:neutronARP-${guest} DROP`);
});

it('refuses to start for a card that is not there, in one line', async () => {
  const refusing = await makeAgent({ linux_bridge: { physical_interface_mappings: 'public:eth7' } });
  refusing.start();
  await until('its end', () => !refusing.running);
  expect(refusing.output.trim().split('\n').at(-1)).toMatch(
    /agent\.conf:\d+: \[linux_bridge\] physical_interface_mappings = public:eth7: there is no interface eth7 on this host/,
  );
});

it('tells with --dry-run what it would do, and does nothing', async () => {
  const network = randomUUID();
  const tap = server.know({ port_id: randomUUID(), network_id: network });
  await addGuest('a', tap, '10.1.0.1/24');
  const before = await host.read(['ip', '-o', 'link']);
  const dry = await makeAgent({}, ['--dry-run']);
  dry.start();
  await until('its end', () => !dry.running);
  expect(dry.output).toContain(`ensure_bridge name=${bridgeName(network)}\n`);
  expect(dry.output).toContain(`set_master name=${tap} master=${bridgeName(network)}\n`);
  expect(await host.read(['ip', '-o', 'link'])).toBe(before);
});

it('gives the host its addresses back when the bridge was deleted while no agent ran, whether the server answers or not', async () => {
  // As some hosters have it: a gateway that no prefix of the host reaches.
  await host.ipBatch(['addr add 203.0.113.7/32 dev eth1', 'addr add 2001:db8:56::11/64 dev eth1 nodad']);
  await host.ipBatch(['addr add 10.9.0.1 peer 10.9.0.2/32 dev eth1']);
  await host.ipBatch(['route replace default via 172.31.1.1 dev eth1 onlink']);
  const network = randomUUID();
  const bridge = bridgeName(network);
  const port = {
    port_id: randomUUID(),
    network_id: network,
    network_type: 'flat',
    physical_network: 'public',
  } as const;
  const tap = server.know(port);
  await addGuest('guest', tap, '192.168.56.50/24');
  const isWhole = async (device: string) => {
    const addresses = await host.read(['ip', '-o', 'addr', 'show', 'dev', device]);
    const routes = await host.read(['ip', 'route']);
    return (
      addresses.includes('203.0.113.7/32') &&
      addresses.includes('10.9.0.1 peer 10.9.0.2/32') &&
      addresses.includes('2001:db8:56::11/64') &&
      routes.includes(`default via 172.31.1.1 dev ${device} `) &&
      (device === 'eth1' || !(await host.read(['ip', '-o', '-4', 'addr', 'show', 'dev', 'eth1'])).includes('inet'))
    );
  };
  const first = await startAgent();
  await isUp(tap);
  await until('the addresses on the bridge', () => isWhole(bridge));
  await first.kill9();
  await host.ipBatch([`link del ${bridge}`]);
  expect(await host.read(['ip', 'route'])).not.toContain('default');

  await server.close();
  (await makeAgent()).start();
  await until('the addresses on the card', () => isWhole('eth1'));
  server = await openBridgeServer(host.folder);
  server.know(port);
  await until('the addresses on the bridge again', () => isWhole(bridge), { timeoutMs: 30_000 });
});
