import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeHost } from '../linux/fake/host.ts';
import type { ApiAddress } from './api-client.ts';
import { plugPort, unplugAll, unplugPort } from './plug.ts';
import { type StateFolder, stateFolder } from './state-folder.ts';

const network = { id: '11111111-1111-4111-8111-111111111111', mtu: 1450 };
const brq = 'brq11111111-11';
const tap = 'tapaaaaaaaa-aa';

let subnets: { id: string; [attribute: string]: unknown }[];
let ports: { id: string; name: string; [attribute: string]: unknown }[];
let api: ApiAddress;
let server: Server;
let linux: FakeHost;
let state: StateFolder;

/** As much of the Networking API as plugging asks for. */
function serve(): Server {
  return createServer(async (request, response) => {
    const url = new URL(request.url as string, 'http://x');
    const [, , resource, id, action] = url.pathname.split('/');
    let text = '';
    for await (const chunk of request) text += chunk;
    const answer = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body));
    const port = ports.find((candidate) => candidate.id === id);
    if (action === 'explain') return answer(200, { explanation: { steps: [{ step: 'bound', remedy: 'load 8021q' }] } });
    if (resource === 'networks') return answer(200, { network });
    if (resource === 'subnets') return answer(200, { subnets });
    if (resource === 'ports' && !id) {
      const wanted = [...url.searchParams];
      return answer(200, { ports: ports.filter((one) => wanted.every(([key, value]) => one[key] === value)) });
    }
    if (!port)
      return answer(404, { NeutronError: { type: 'PortNotFound', message: `Port ${id} could not be found.` } });
    if (request.method === 'PUT') Object.assign(port, JSON.parse(text).port);
    return answer(200, { port });
  });
}

beforeEach(async () => {
  const port = (id: string, name: string) => ({
    id,
    name,
    network_id: network.id,
    mac_address: 'fa:16:3e:11:22:33',
    status: 'ACTIVE',
    device_id: '',
    device_owner: '',
    'binding:host_id': '',
    fixed_ips: [
      { ip_address: '10.0.0.5', subnet_id: 'v4' },
      { ip_address: 'fd00::5', subnet_id: 'v6' },
    ],
  });
  subnets = [
    { id: 'v4', ip_version: 4, cidr: '10.0.0.0/24', enable_dhcp: true, dns_nameservers: ['192.0.2.53'] },
    { id: 'v6', ip_version: 6, cidr: 'fd00::/64', enable_dhcp: true, dns_nameservers: [] },
  ];
  ports = [port('aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa', 'guest1'), port('bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb', 'two')];
  server = serve().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  api = { host: '127.0.0.1', port: (server.address() as { port: number }).port, token: null };
  linux = new FakeHost();
  state = stateFolder(await mkdtemp(join(tmpdir(), 'neutrino-plug-')));
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(state.path, { recursive: true });
});

const parts = () => ({ state, api, linux, netnsFiles: join(state.path, 'netns') });
const plug = (port: string, netns: string | null, dhcp = false) =>
  plugPort({ port, netns, dhcp, host: 'host1' }, parts());

describe('plug', () => {
  it('gives a namespace a card with the MAC of the port, binds it, and puts the tap into its bridge', async () => {
    const lines = await plug('guest1', 'guest1');
    expect(ports[0]).toMatchObject({ 'binding:host_id': 'host1', device_owner: 'compute:neutrino' });
    expect(ports[0]?.device_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(linux.print()).toBe(`${brq} bridge up mtu 1500\n  ${tap} veth up mtu 1450`);
    expect(linux.print('guest1')).toBe('eth0 veth up mtu 1450');
    expect(linux.namespace('guest1').read().links.get('eth0')?.mac).toBe('fa:16:3e:11:22:33');
    expect(lines[0]).toContain('is ACTIVE');
  });

  it('gives the namespace it makes a resolv.conf of its own, so that no DHCP client in it writes the machine’s', async () => {
    await plug('guest1', 'guest1');
    const file = join(parts().netnsFiles, 'guest1', 'resolv.conf');
    expect(await readFile(file, 'utf8')).toMatch(/^# Made by neutrino plug.*\nnameserver 192.0.2.53\n$/);
    await unplugPort('guest1', parts());
    expect(await readdir(state.path)).not.toContain('netns');
  });

  it('leaves files of somebody else’s namespace, and those somebody keeps for one, as they are', async () => {
    const own = join(parts().netnsFiles, 'guest1');
    await mkdir(own, { recursive: true });
    await writeFile(join(own, 'resolv.conf'), 'nameserver 192.0.2.1\n');
    await linux.ensureNetns('mine');
    await plug('guest1', 'guest1');
    await plug('two', 'mine');
    await unplugPort('guest1', parts());
    await unplugPort('two', parts());
    expect(await readdir(parts().netnsFiles)).toEqual(['guest1']);
    expect(await readFile(join(own, 'resolv.conf'), 'utf8')).toBe('nameserver 192.0.2.1\n');
  });

  it('takes the next free name in a namespace that has cards', async () => {
    await plug('guest1', 'guest');
    await plug('two', 'guest');
    expect([...linux.namespace('guest').read().links.keys()]).toEqual(['lo', 'eth0', 'eth1']);
  });

  it('makes a tap for a virtual machine and says how to start it', async () => {
    linux.exec.answer((argv) => {
      if (argv[1] === 'tuntap') linux.addTap(argv[4] as string);
      return undefined;
    });
    const lines = await plug(ports[0]?.id ?? '', null);
    expect(linux.exec.lines()).toEqual([`ip tuntap add dev ${tap} mode tap`]);
    expect(lines[1]).toContain(`ifname=${tap}`);
    expect(linux.print()).toContain(`  ${tap} tun up mtu 1450`);
  });

  it('keeps the owner and the device that the port has', async () => {
    Object.assign(ports[0] as object, { device_owner: 'compute:az1', device_id: 'vm-1' });
    await plug('guest1', 'guest1');
    expect(ports[0]).toMatchObject({ device_owner: 'compute:az1', device_id: 'vm-1' });
  });

  it('leaves nothing behind when it fails in the middle', async () => {
    linux.failOn((operation) => (operation.op === 'set_master' ? 'Device or resource busy' : null));
    await expect(plug('guest1', 'guest1')).rejects.toThrow(/busy/);
    expect(await linux.listNetns()).toEqual([]);
    expect(await readdir(state.path)).toEqual(['plugged']);
    expect(linux.root.has(tap)).toBe(false);
    expect(ports[0]).toMatchObject({ 'binding:host_id': '', device_owner: '', device_id: '' });
    expect(await readdir(join(state.path, 'plugged'))).toEqual([]);
  });

  it.each([
    ['nosuch', 'guest1', /there is no port nosuch/],
    ['guest1', '../etc', /not a name of a network namespace/],
    ['guest1', 'a b', /not a name of a network namespace/],
  ])('refuses %s in namespace %s', async (port, netns, message) => {
    await expect(plug(port, netns)).rejects.toThrow(message);
  });

  it('refuses a port that no driver can wire here, with the reason, and leaves nothing behind', async () => {
    Object.assign(ports[0] as object, { 'binding:vif_type': 'binding_failed' });
    await expect(plug('guest1', 'guest1')).rejects.toThrow('port guest1 cannot be wired on host1: load 8021q');
    expect(linux.print()).toBe('');
    expect(await linux.listNetns()).toEqual([]);
    expect(ports[0]).toMatchObject({ 'binding:host_id': '', device_owner: '' });
    expect(await readdir(join(state.path, 'plugged'))).toEqual([]);
  });

  it('refuses a name that two ports have, and a port that is plugged', async () => {
    await plug('guest1', 'guest1');
    await expect(plug('guest1', 'other')).rejects.toThrow(/is plugged already/);
    (ports[1] as { name: string }).name = 'guest1';
    await expect(plug('guest1', 'other')).rejects.toThrow('2 ports are called guest1: give the id of one');
  });
});

describe('plug with --dhcp', () => {
  /** The client ends with a code, and before that tells what it was given. */
  const client = (code: number, told: Record<string, string>) =>
    linux.exec.answer(([name]) => {
      const stdout = Object.entries(told).map(([key, value]) => `${key}=${value}\n`);
      return name === 'neutrino-lease' ? { code, stdout: stdout.join('') } : undefined;
    });

  it('asks for a lease in the namespace, and says what came', async () => {
    client(0, { ip: '10.0.0.5', mask: '24', serverid: '10.0.0.2', lease: '86400' });
    const lines = await plug('guest1', 'guest1', true);
    expect(lines.at(-1)).toBe('eth0 has 10.0.0.5/24 from DHCP server 10.0.0.2, for 86400 s');
    expect(linux.exec.lines()).toEqual([expect.stringContaining('neutrino-lease eth0 10')]);
  });

  it('says that nobody answered, and how to find out why; the port stays plugged', async () => {
    client(1, {});
    await expect(plug('guest1', 'guest1', true)).rejects.toThrow(
      /is plugged, but no DHCP server gave guest1 a lease .*neutrino explain port aaaaaaaa/,
    );
    expect(ports[0]).toMatchObject({ 'binding:host_id': 'host1' });
    expect(linux.root.has(tap)).toBe(true);
  });

  it.each([
    [
      'no DHCP',
      { enable_dhcp: false },
      'its subnets have no DHCP, so by hand: ip -n guest1 address add 10.0.0.5/24 dev eth0',
    ],
    ['IPv6 alone', { ip_version: 6 }, 'no IPv4 address to ask for: IPv6 addresses come by router advertisements'],
  ])('asks nobody where there is %s', async (_, change, line) => {
    Object.assign(subnets[0]!, change);
    expect((await plug('guest1', 'guest1', true)).at(-1)).toBe(line);
    expect(linux.exec.lines()).toEqual([]);
  });
});

it('never has half a record: one that is written again is another file', async () => {
  await plug('guest1', 'guest1');
  const folder = join(state.path, 'plugged');
  const [name] = await readdir(folder);
  const before = await readFile(join(folder, name!), 'utf8');
  await link(join(folder, name!), join(state.path, 'before'));
  linux.removeLink(tap);
  linux.removeLink('eth0', 'guest1');
  await plug('guest1', 'guest2');
  expect(await readFile(join(state.path, 'before'), 'utf8')).toBe(before);
  expect(await readdir(folder)).toEqual([name]);
});

describe('unplug', () => {
  it('undoes it all', async () => {
    await plug('guest1', 'guest1');
    expect(await unplugPort('guest1', parts())).toEqual([
      `${tap} is gone`,
      'namespace guest1 is gone',
      `port ${ports[0]?.id} is bound to no host`,
    ]);
    expect(ports[0]).toMatchObject({ 'binding:host_id': '', device_owner: '', device_id: '' });
    expect(await linux.listNetns()).toEqual([]);
  });

  it('gives the port back as it first was, also when it was plugged again after its tap had gone', async () => {
    await plug('guest1', 'guest1');
    linux.removeLink(tap); // by hand, and the other end with it
    linux.removeLink('eth0', 'guest1');
    await plug('guest1', 'guest1');
    await unplugPort('guest1', parts());
    expect(ports[0]).toMatchObject({ 'binding:host_id': '', device_owner: '', device_id: '' });
    expect(await linux.listNetns()).toEqual([]);
  });

  it('leaves a namespace that was there before', async () => {
    await linux.ensureNetns('mine');
    await plug('guest1', 'mine');
    await unplugPort(ports[0]?.id ?? '', parts());
    expect(await linux.listNetns()).toEqual(['mine']);
  });

  it('works for a port that was deleted meanwhile', async () => {
    await plug('guest1', 'guest1');
    ports.shift();
    expect(await unplugPort('guest1', parts())).toEqual([`${tap} is gone`, 'namespace guest1 is gone']);
  });

  it('can be done again where the server could not be told', async () => {
    await plug('guest1', 'guest1');
    const away = { ...api, port: 1 };
    const id = ports[0]?.id ?? '';
    const lines = await unplugPort(id, { ...parts(), api: away });
    expect(lines.at(-1)).toMatch(/^port aaaaaaaa\S+ could not be unbound: .*; neutrino unplug \S+ tries it again$/);
    expect(ports[0]).toMatchObject({ 'binding:host_id': 'host1' });
    expect(await unplugPort(id, parts())).toEqual([`port ${id} is bound to no host`]);
    expect(ports[0]).toMatchObject({ 'binding:host_id': '', device_owner: '', device_id: '' });
    expect(await readdir(join(state.path, 'plugged'))).toEqual([]);
  });

  it('says so where nothing is plugged', async () => {
    await expect(unplugPort('guest1', parts())).rejects.toThrow(/is not plugged here/);
  });

  it('takes everything off the host for down', async () => {
    await plug('guest1', 'guest1');
    await plug('two', 'two');
    const problems: string[] = [];
    linux.failOn((operation) => (operation.op === 'delete_link' && operation.name === tap ? 'busy' : null));
    await unplugAll(state, linux, (what) => problems.push(what), parts().netnsFiles);
    expect(problems).toEqual([`card of port ${ports[0]?.id}`]);
    expect(await linux.listNetns()).toEqual(['guest1']);
    linux.failOn(null);
    await unplugAll(state, linux, (what) => problems.push(what), parts().netnsFiles);
    expect(problems).toHaveLength(1);
    expect(linux.print()).toBe(`${brq} bridge up mtu 1500`);
    expect(await linux.listNetns()).toEqual([]);
  });
});
