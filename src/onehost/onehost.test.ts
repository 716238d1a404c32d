import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { parseIni } from '../config/ini.ts';
import type { Link, NetworkState } from '../linux/contract.ts';
import { FakeHost } from '../linux/fake/host.ts';
import { apiUrl, clientHost } from './api-client.ts';
import { renderFile, writeEmbeddedConfiguration } from './embedded.ts';
import { firewalldHint } from './firewatch.ts';
import { acceptRules, ensureForwarding, whoDropsForwarded } from './forwarding.ts';
import { readInstance } from './instance.ts';
import { readManifest, writeManifest } from './manifest.ts';
import { makeStateFolder, removeDead, runningInstance, stateFolder, takeStateFolder } from './state-folder.ts';
import { hostRows } from './status.ts';
import { renderSummary } from './summary.ts';
import { renderTable } from './text-table.ts';
import { parseListen } from './up.ts';
import { ensureUplink, freeNetwork, networkOf, pairNames, parseUplink } from './uplink.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'onehost-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const link = (name: string, more: Partial<Link> = {}): [string, Link] => [
  name,
  {
    name,
    ifindex: 1,
    kind: null,
    mac: null,
    mtu: 1500,
    up: true,
    carrier: true,
    master: null,
    peer: null,
    alias: null,
    addresses: [],
    ...more,
  },
];
const network = (links: [string, Link][], destinations: string[] = []): NetworkState => ({
  links: new Map(links),
  routes: destinations.map((destination) => ({
    family: 4,
    destination,
    via: null,
    device: 'eth0',
    metric: null,
    protocol: 'static',
    scope: null,
    source: null,
  })),
});

test.each([
  ['127.0.0.1:9696', { host: '127.0.0.1', port: 9696 }],
  [':9797', { host: '127.0.0.1', port: 9797 }],
  ['[::1]:80', { host: '::1', port: 80 }],
  ['localhost:1', { host: 'localhost', port: 1 }],
])('--listen %s', (text, expected) => expect(parseListen(text)).toEqual(expected));

test.each(['9696', 'a:b', '127.0.0.1:70000', '127.0.0.1:0', '::1:80', 'a b:1', '127.0.0.1:96\n96'])(
  '--listen %j is refused',
  (text) => {
    expect(() => parseListen(text)).toThrow('give HOST:PORT');
  },
);

test.each(['', 'a/b', '../etc', 'eth0;reboot', 'averylongname1234', 'eth0\n'])('--uplink %j is refused', (text) => {
  expect(() => parseUplink(text)).toThrow('give nat, none, or the name of a network card');
});

test('an API on all addresses is asked on loopback', () => {
  expect(clientHost('0.0.0.0')).toBe('127.0.0.1');
  expect(apiUrl({ host: clientHost('::'), port: 1, token: null })).toBe('http://[::1]:1');
});

describe('the network of the uplink', () => {
  it.each([
    ['192.168.1.77/24', '192.168.1.0/24'],
    ['172.24.4.1/24', '172.24.4.0/24'],
    ['10.255.255.255/9', '10.128.0.0/9'],
    ['255.255.255.255/32', '255.255.255.255/32'],
    ['1.2.3.4/0', '0.0.0.0/0'],
  ])('%s lies in %s', (cidr, expected) => expect(networkOf(cidr)).toBe(expected));

  it('is the first that overlaps no address and no route', () => {
    const address = { cidr: '172.24.4.9/30', family: 4, scope: 'global', dynamic: false, broadcast: null } as const;
    expect(freeNetwork(network([link('eth0')]))).toBe('172.24.4.1/24');
    expect(
      freeNetwork(network([link('eth0', { addresses: [address] })], ['default', '172.24.5.0/24', '172.24.6.7'])),
    ).toBe('172.24.7.1/24');
    expect(() => freeNetwork(network([], ['172.16.0.0/12']))).toThrow('all of 172.24.0.0/16 is in use');
  });

  it('has other names for each state folder', () => {
    const [one, two] = [pairNames(stateFolder('/a')), pairNames(stateFolder('/b'))];
    expect(one).not.toEqual(two);
    expect(Object.values(one).every((name) => name.length <= 15)).toBe(true);
  });
});

describe('a card that is no longer the uplink', () => {
  const bridged = () => {
    const host = new FakeHost();
    host.root.give('brq11111111-11', { kind: 'bridge', addresses: ['192.168.56.11/24'] });
    host.addNic('eth1', { master: 'brq11111111-11' });
    return host;
  };
  const change = async (host: FakeHost, to: string) => {
    const state = stateFolder(folder);
    writeManifest(state, { version: 1, uplink: { kind: 'interface', name: 'eth1' }, sysctls: {}, chains: [] });
    await ensureUplink(host, state, parseUplink(to), { read: async () => '1' });
    return host.print();
  };

  it.each(['none', 'nat', 'lo'])('leaves the bridge with the addresses of the host for --uplink %s', async (to) => {
    const print = await change(bridged(), to);
    expect(print).toContain('brq11111111-11 bridge up mtu 1500\n');
    expect(print).toMatch(/^eth1 up mtu 1500 192\.168\.56\.11\/24$/m);
  });

  it('stays where it is while it is the uplink', async () => {
    const host = bridged();
    const before = host.print();
    expect(await change(host, 'eth1')).toBe(before);
  });
});

describe("the host's firewall", () => {
  it.each([
    ['*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT', null],
    ['*filter\n:FORWARD DROP [0:0]\nCOMMIT', "the policy of iptables' FORWARD chain is DROP"],
    [
      '*filter\n:FORWARD DROP [0:0]\n-A FORWARD -j DOCKER-USER',
      "the policy of iptables' FORWARD chain is DROP (Docker)",
    ],
    [':FORWARD ACCEPT [0:0]\n-A FORWARD -j ufw-before-forward', "iptables' FORWARD chain has rules of its own (ufw)"],
    [
      ':FORWARD ACCEPT [0:0]\n-A FORWARD -j REJECT --reject-with icmp-host-prohibited',
      "iptables' FORWARD chain has rules of its own (a REJECT or DROP rule)",
    ],
    [':FORWARD ACCEPT [0:0]\n-A FORWARD -j neutrino-abc-forward\n-A FORWARD -j neutron-filter-top', null],
  ])('%j', (saved, found) => expect(whoDropsForwarded(saved)).toBe(found));

  it('may filter IPv6 alone', async () => {
    const host = new FakeHost();
    host.exec.answer(([tool]) =>
      tool?.endsWith('-save')
        ? { stdout: `*filter\n:FORWARD ${tool === 'ip6tables-save' ? 'DROP' : 'ACCEPT'} [0:0]\nCOMMIT\n` }
        : undefined,
    );
    const passages = { networkIds: ['aaaaaaaa-aaaa'], gateway: null, filtered: false };
    expect(await ensureForwarding(host, stateFolder(folder), passages)).toBe(
      "the policy of ip6tables' FORWARD chain is DROP",
    );
    expect(host.exec.ran.find(({ argv }) => argv[0] === 'ip6tables-restore')?.stdin).toContain(
      '-i brqaaaaaaaa-aa -o brqaaaaaaaa-aa -j ACCEPT',
    );
  });

  it('may have old rules beside those of nftables: both are told', async () => {
    const host = new FakeHost();
    host.exec.answer(([tool]) =>
      tool?.endsWith('-save')
        ? { stdout: `*filter\n:FORWARD ${tool === 'iptables-legacy-save' ? 'DROP' : 'ACCEPT'} [0:0]\nCOMMIT\n` }
        : undefined,
    );
    const state = stateFolder(folder);
    const passages = { networkIds: [], gateway: null, filtered: false };
    expect(await ensureForwarding(host, state, passages, () => [])).toBeNull();
    const legacy = (tool: string) => (tool === 'iptables' ? ['nat', 'filter'] : []);
    expect(await ensureForwarding(host, state, passages, legacy)).toMatch(/^the policy of iptables' FORWARD/);
    expect(host.exec.lines().filter((line) => line.includes('-restore'))).toEqual([
      'iptables-restore --noflush -w 10',
      'iptables-legacy-restore --noflush -w 10',
      'ip6tables-restore --noflush -w 10',
    ]);
  });

  it('is told to accept what passes our bridges, and the gateway', () => {
    const passages = { networkIds: ['bbbbbbbb-bbbb', 'aaaaaaaa-aaaa'], gateway: 'ngw-1', filtered: false };
    expect(acceptRules(passages)).toEqual([
      ['-i', 'brqaaaaaaaa-aa', '-o', 'brqaaaaaaaa-aa', '-j', 'ACCEPT'],
      ['-i', 'brqbbbbbbbb-bb', '-o', 'brqbbbbbbbb-bb', '-j', 'ACCEPT'],
      ['-i', 'ngw-1', '-j', 'ACCEPT'],
      ['-o', 'ngw-1', '-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED', '-j', 'ACCEPT'],
    ]);
    expect(acceptRules({ networkIds: null, gateway: null, filtered: false })).toEqual([]);
  });

  it('may be firewalld: the hint opens our devices in its own table, never the one where groups decide', () => {
    expect(firewalldHint('ngw-1')).toContain('--zone=trusted --add-interface=brq+ --add-interface=ngw-1,');
    expect(firewalldHint(null)).not.toMatch(/ngw|direct|FORWARD/);
  });

  it('is never told to accept what guests send or get past their groups', async () => {
    const host = new FakeHost();
    const saved = (chain: string) => `*filter\n:FORWARD DROP [0:0]\n${chain}COMMIT\n`;
    host.exec.answer(([tool]) => (tool?.endsWith('-save') ? { stdout: saved('') } : undefined));
    const passages = { networkIds: ['aaaaaaaa-aaaa'], gateway: null, filtered: true };
    const legacy = (tool: string) => (tool === 'iptables' ? ['filter'] : []);
    await ensureForwarding(host, stateFolder(folder), passages, legacy);
    const rules = () =>
      host.exec.ran
        .filter(({ argv }) => argv[0]?.includes('-restore'))
        .map(({ argv, stdin }) => [argv[0], /^-A neutrino-\S+ (.*)$/m.exec(stdin ?? '')?.[1]]);
    const bridge = '-i brqaaaaaaaa-aa -o brqaaaaaaaa-aa';
    const others = `${bridge} -m physdev ! --physdev-in tap+ ! --physdev-out tap+ --physdev-is-bridged -j ACCEPT`;
    expect(rules()).toEqual([
      ['iptables-restore', others],
      // The agent does not work in this one, and what it lets pass must pass here too.
      ['iptables-legacy-restore', `${bridge} -j ACCEPT`],
      ['ip6tables-restore', others],
    ]);
    host.exec.ran.length = 0;
    // Unless both are the same: a host whose iptables is the old one.
    host.exec.answer(([tool]) =>
      tool?.endsWith('-save') ? { stdout: saved(':neutron-linuxbri-FORWARD - [0:0]\n') } : undefined,
    );
    await ensureForwarding(host, stateFolder(folder), passages, legacy);
    expect(rules().map(([, rule]) => rule)).toEqual([others, others, others]);
  });
});

describe('the state folder', () => {
  it('is taken by one process at a time, and free again when that is gone', () => {
    const state = stateFolder(join(folder, 's'));
    makeStateFolder(state);
    const giveBack = takeStateFolder(state);
    expect(runningInstance(state)).toBe(process.pid);
    expect(() => takeStateFolder(state)).toThrow(`neutrino runs already on ${state.path} (process ${process.pid})`);
    giveBack();
    expect(runningInstance(state)).toBeNull();
    writeFileSync(join(state.path, 'neutrino.pid'), `${process.pid} 1\n`);
    takeStateFolder(state)();
  });

  it('stays with who was quicker to take it from a dead one', () => {
    const state = stateFolder(join(folder, 's'));
    makeStateFolder(state);
    const giveBack = takeStateFolder(state);
    removeDead(join(state.path, 'neutrino.pid'), `${process.ppid} 1\n`);
    expect(runningInstance(state)).toBe(process.pid);
    giveBack();
  });

  it.each(['/tmp/a b', '/tmp/a\nb', '/tmp/$x', '/tmp/"q"', `/${'x'.repeat(100)}`])('is refused at %j', (path) => {
    expect(() => stateFolder(path)).toThrow(/^state folder .*--state-dir/s);
  });

  it('holds back who comes while a start is being written down', () => {
    const state = stateFolder(join(folder, 's'));
    makeStateFolder(state);
    const giveBack = takeStateFolder(state);
    writeFileSync(join(state.path, 'neutrino.pid'), `${process.ppid} 1\n`);
    giveBack(); // not ours any more: stays
    expect(readFileSync(join(state.path, 'neutrino.pid'), 'utf8')).toBe(`${process.ppid} 1\n`);
    expect(readdirSync(state.path).filter((name) => name.startsWith('neutrino.pid'))).toEqual(['neutrino.pid']);
  });

  it('forgets changed kernel settings when the host was started anew', () => {
    const state = stateFolder(folder);
    const chains = [{ table: 'nat' as const, name: 'neutrino-x-nat' }];
    writeManifest(state, { version: 1, uplink: null, sysctls: { 'net/ipv4/ip_forward': '0' }, chains });
    expect(readManifest(state).sysctls).toEqual({ 'net/ipv4/ip_forward': '0' });
    expect(readManifest(state, 'another boot')).toEqual({ version: 1, uplink: null, sysctls: {}, chains });
  });

  it('keeps the record of what was done to the host', () => {
    const state = stateFolder(folder);
    expect(readManifest(state)).toEqual({ version: 1, uplink: null, sysctls: {}, chains: [] });
    const manifest = { version: 1 as const, uplink: null, sysctls: { a: '0' }, chains: [] };
    writeManifest(state, manifest);
    expect(readManifest(state)).toEqual(manifest);
    writeFileSync(join(folder, 'host.json'), '{');
    expect(() => readManifest(state)).toThrow(
      /host\.json cannot be understood .*it says what neutrino did to this host/,
    );
  });
});

describe('the embedded configuration', () => {
  const files = (commandLine = {}, user: string[] = [], programs = '/p') => {
    const state = stateFolder(folder);
    makeStateFolder(state);
    return writeEmbeddedConfiguration({ state, publicDevice: 'nup-1', programs }, commandLine, user);
  };

  it('is read in the order: embedded, your files, the command line', () => {
    const own = join(folder, 'own.conf');
    writeFileSync(own, '[DEFAULT]\nbind_port = 1111\nhost = mine\n');
    const list = files({ listen: { host: '127.0.0.9', port: 2222 } }, [own])('neutron-server');
    expect(list.map((file) => file.slice(folder.length))).toEqual([
      '/etc/neutron.conf',
      '/etc/ml2_conf.ini',
      '/own.conf',
      '/etc/command-line.conf',
    ]);
    expect(readInstance(list)).toMatchObject({ bindHost: '127.0.0.9', bindPort: 2222, host: 'mine' });
  });

  it('says which device is physical network public', () => {
    const list = files()('neutron-linuxbridge-agent');
    expect(readInstance(list).cards).toEqual(new Set(['nup-1']));
    expect(readFileSync(list[1]!, 'utf8')).toContain('physical_interface_mappings = public:nup-1\n');
  });

  it('says how a guest is plugged into this very instance, from any folder', () => {
    const [file] = files({}, [], "/o'neil/bin")('neutron-server');
    const [, command] = /^plug_command = (.*)$/m.exec(readFileSync(file!, 'utf8'))!;
    expect(command).toBe(`'/o'\\''neil/bin/neutrino' plug --state-dir ${folder}`);
  });

  it('comes back as it was given, whatever stands in a value, and never as another line', () => {
    const values = { a: 'x$y', b: 'p;q#r', c: 'k = v', d: '[section]' };
    const read = parseIni(renderFile('a test', { s: values }), 'f');
    expect(Object.fromEntries(read.map(({ name, value }) => [name, value.replaceAll('$$', '$')]))).toEqual(values);
    expect(() => renderFile('a test', { s: { a: 'x\nb = 1' } })).toThrow('line break');
  });
});

test('the summary says where, who is isolated, what to paste and how to stop; never a token', () => {
  const state = stateFolder(folder);
  makeStateFolder(state);
  const token = join(folder, 'token');
  writeFileSync(token, 'hush');
  const instance = readInstance(
    writeEmbeddedConfiguration(
      { state, publicDevice: null, programs: null },
      { tokenFile: token },
      [],
    )('neutron-server'),
  );
  const parts = { version: '1', state, instance, isolated: true, uplink: null, programs: '/p', seconds: 1.23 };
  const agents = [
    { agent_type: 'DHCP agent', binary: 'neutron-dhcp-agent', host: 'h', alive: true, refusal: null },
    { agent_type: 'Bridges', binary: 'neutron-linuxbridge-agent', host: 'h', alive: true, refusal: null },
  ];
  const text = renderSummary({ ...parts, agents });
  expect(text).toMatch(/up after 1\.2 s/);
  expect(text.split('\n')[1]).toMatch(/^Security groups are in force: /);
  expect(renderSummary({ ...parts, agents, isolated: false }).split('\n')[1]).toMatch(/^Nothing is isolated: /);
  expect(text).toContain(`OS_AUTH_TYPE=admin_token OS_TOKEN=$(cat ${token}) OS_ENDPOINT=http://127.0.0.1:9696`);
  expect(text).toContain('DHCP agent            alive on h');
  expect(text).toContain('Ctrl-C');
  expect(text).not.toContain('hush');
  expect(renderSummary({ ...parts, agents: null })).toContain('needs root');
  const refuses = renderSummary({ ...parts, agents: [{ ...agents[1]!, alive: false, refusal: 'no br_netfilter' }] });
  expect(refuses).toContain('Bridges               does not come up: no br_netfilter\n');
  expect(refuses).not.toMatch(/in force|isolated/);
});

test('status gives each thing its reason, and leaves out what is not ours', () => {
  const id = '11111111-2222-3333-4444-555555555555';
  const port = '66666666-7777-8888-9999-000000000000';
  const router = '88888888-7777-8888-9999-000000000000';
  const rows = hostRows({
    state: stateFolder(folder),
    inventory: {
      groups: [{ id: '33333333-4444-5555-6666-777777777777', name: 'default' }],
      networks: [{ id, name: 'net1' }],
      routers: [{ id: router, name: 'r1' }],
      ports: [{ id: port, name: '', network_id: id, device_owner: 'network:dhcp', status: 'ACTIVE' }],
    },
    manifest: {
      version: 1,
      uplink: null,
      sysctls: { 'net/ipv4/ip_forward': '0' },
      chains: [
        { table: 'filter', name: 'neutrino-x-forward' },
        { table: 'raw', name: 'neutrino-x-vxlan' },
      ],
    },
    network: network([
      link('brq11111111-22', { kind: 'bridge' }),
      link('tap66666666-77', { master: 'brq11111111-22' }),
      link('eth1.7', { master: 'brq11111111-22', kind: 'vlan', vlan: { link: 'eth1', vid: 7, protocol: '802.1Q' } }),
      link('brqother'),
      link('docker0'),
    ]),
    namespaces: [`qdhcp-${id}`, 'qdhcp-other', `qrouter-${router}`],
    daemons: new Map([
      [7, `/usr/sbin/dnsmasq --pid-file=/x/${id}/pid`],
      [8, 'dnsmasq of somebody'],
      [9, `radvd -C /x/ra/${router}.conf`],
    ]),
    chains: new Set([
      'neutrino-x-forward',
      'neutrino-x-vxlan',
      'neutron-linuxbri-i66666666-7',
      'neutron-linuxbri-iffff',
    ]),
    sets: ['NIPv433333333-4444-5555-6666-', 'NIPv433333333-4444-5555-7777-', 'mine'],
  });
  expect(rows.map(([thing]) => thing)).toEqual([
    'brq11111111-22',
    'eth1.7',
    `qdhcp-${id}`,
    'process 7',
    `qrouter-${router}`,
    'process 9',
    'tap66666666-77',
    'set NIPv433333333-4444-5555-6666-',
    'chains neutron-linuxbri-…',
    'chain neutrino-x-forward',
    'chain neutrino-x-vxlan',
    'net/ipv4/ip_forward',
  ]);
  expect(rows[0]![1]).toBe(`bridge of network net1 ${id}; in it: tap66666666-77, eth1.7`);
});

test('tables have columns as wide as their cells', () => {
  expect(
    renderTable(
      ['A', 'B'],
      [
        ['long', 'x'],
        ['', 'y'],
      ],
    ),
  ).toBe('A     B\n----  -\nlong  x\n      y');
});
