import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runExplain } from './explain.ts';
import { runNeutron } from './main.ts';
import { startTestApi, type TestApi } from './test-api.ts';

let api: TestApi;
const net = {
  id: '11111111-1111-4111-8111-111111111111',
  name: 'lan',
  tenant_id: 't1',
  subnets: ['s1', 's2'],
  shared: false,
  mtu: 1500,
};
const twin = (id: string) => ({ id, name: 'twin', tenant_id: 't1', subnets: [], shared: false, mtu: 1500 });

beforeEach(async () => {
  api = await startTestApi({
    networks: [net, twin('22222222-2222-4222-8222-222222222222'), twin('33333333-3333-4333-8333-333333333333')].map(
      (row) => ({ ...row }),
    ),
    subnets: [
      {
        id: 's1',
        name: 'four',
        cidr: '10.0.0.0/24',
        tenant_id: 't1',
        allocation_pools: [{ start: '10.0.0.2', end: '10.0.0.254' }],
      },
      { id: 's2', name: 'six', cidr: 'fd00::/64', tenant_id: 't1', allocation_pools: [] },
    ],
    ports: [],
    agents: [
      {
        id: 'a1',
        agent_type: 'DHCP agent',
        host: 'h1',
        availability_zone: 'nova',
        alive: true,
        admin_state_up: true,
        binary: 'neutron-dhcp-agent',
        topic: 'dhcp_agent',
      },
      {
        id: 'a2',
        agent_type: 'Linux bridge agent',
        host: 'h1',
        availability_zone: null,
        alive: false,
        admin_state_up: true,
        binary: 'neutron-linuxbridge-agent',
        topic: 'N/A',
      },
    ],
    extensions: [{ alias: 'agent', name: 'agent', links: [] }],
  });
});

afterEach(() => api.close());

async function neutron(...argv: string[]) {
  return run(runNeutron, argv);
}

async function run(program: typeof runNeutron, argv: string[], env: Record<string, string> = {}) {
  let out = '';
  let err = '';
  const io = {
    stdout: (text: string) => {
      out += text;
    },
    stderr: (text: string) => {
      err += text;
    },
  };
  const code = await program(argv, { OS_AUTH_TYPE: 'none', OS_ENDPOINT: api.url, ...env }, io);
  return { code, out, err };
}

/** Body of the last request that had one. */
const sent = () => api.asked.findLast(({ body }) => body !== null)?.body as Record<string, Record<string, unknown>>;

describe('list', () => {
  test('looks like the old client: columns, owner behind the name, subnets with their CIDR', async () => {
    const { code, out } = await neutron('net-list', '--name', 'lan');
    expect(code).toBe(0);
    expect(out).toBe(
      [
        '+--------------------------------------+------+-----------+----------------+',
        '| id                                   | name | tenant_id | subnets        |',
        '+--------------------------------------+------+-----------+----------------+',
        '| 11111111-1111-4111-8111-111111111111 | lan  | t1        | s1 10.0.0.0/24 |',
        '|                                      |      |           | s2 fd00::/64   |',
        '+--------------------------------------+------+-----------+----------------+',
        '',
      ].join('\n'),
    );
  });

  test('agents: their life as a face, nothing for no zone', async () => {
    const { out } = await neutron('agent-list', '-f', 'csv', '--quote', 'minimal');
    expect(out.split('\n')).toEqual([
      'id,agent_type,host,availability_zone,alive,admin_state_up,binary',
      'a1,DHCP agent,h1,nova,:-),True,neutron-dhcp-agent',
      'a2,Linux bridge agent,h1,,xxx,True,neutron-linuxbridge-agent',
      '',
    ]);
  });

  test('subnets: pools as JSON', async () => {
    const { out } = await neutron('subnet-list', '--name', 'four');
    expect(out).toContain('| id | name | tenant_id | cidr        | allocation_pools                           |');
    expect(out).toContain('{"start": "10.0.0.2", "end": "10.0.0.254"}');
  });

  test('nothing to list is an empty line, or an empty list', async () => {
    expect((await neutron('port-list')).out).toBe('\n');
    expect(JSON.parse((await neutron('port-list', '-f', 'json')).out)).toEqual([]);
  });

  test('filters, several values, sorting and fields reach the server', async () => {
    await neutron(
      'port-list',
      '--device_id',
      'x',
      '--status',
      'UP',
      'DOWN',
      '--sort-key',
      'name',
      '--sort-key',
      'id',
      '--sort-dir',
      'desc',
      '-F',
      'id',
    );
    expect(api.asked[0]?.query).toEqual([
      ['device_id', 'x'],
      ['status', 'UP'],
      ['status', 'DOWN'],
      ['fields', 'id'],
      ['sort_key', 'name'],
      ['sort_dir', 'desc'],
      ['sort_key', 'id'],
      ['sort_dir', 'asc'],
    ]);
  });

  test('pages are fetched one after the other, also when links name another host', async () => {
    const { out } = await neutron('net-list', '-P', '1', '-f', 'value', '-c', 'name');
    expect(out).toBe('lan\ntwin\ntwin\n');
    expect(api.asked.filter(({ path }) => path === '/v2.0/networks')).toHaveLength(3);
  });

  test.each([
    [['-f', 'json', '-c', 'name', '-c', 'id', '--noindent'], `[{"name":"lan","id":"${net.id}"}]\n`],
    [['-f', 'yaml', '-c', 'name'], '- name: lan\n'],
    [['-f', 'value', '-c', 'name', '-c', 'subnets'], 'lan s1 10.0.0.0/24 s2 fd00::/64\n'],
    [['-f', 'csv', '-c', 'name', '-c', 'mtu', '-c', 'shared'], '"name","mtu","shared"\n"lan",1500,False\n'],
    [['-F', 'name', '-f', 'value'], 'lan\n'],
  ])('%j', async (options, expected) => {
    expect((await neutron('net-list', '--name', 'lan', ...options)).out).toBe(expected);
  });

  test('an unknown column is refused', async () => {
    expect(await neutron('net-list', '-c', 'nothing')).toMatchObject({
      code: 1,
      err: expect.stringContaining('No recognized column'),
    });
  });

  test('extensions', async () => {
    expect((await neutron('ext-list', '-f', 'value')).out).toBe('agent agent\n');
    expect((await neutron('ext-show', 'agent', '-f', 'value', '-c', 'name')).out).toBe('agent\n');
  });

  test('a refusal of the web framework is told without its tags', async () => {
    api.raw['/v2.0/extensions/mtu'] = {
      status: 404,
      answer: {
        message: 'The resource could not be found.<br /><br />\nExtension with alias mtu does not exist\n\n',
        code: '404 Not Found',
        title: 'Not Found',
      },
    };
    const { code, out, err } = await neutron('ext-show', 'mtu');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err.split('\n')[0]).toBe('The resource could not be found. Extension with alias mtu does not exist');
  });
});

describe('show', () => {
  test('by id or name, fields in order', async () => {
    const { out } = await neutron('net-show', 'lan');
    expect(out.split('\n').slice(0, 5)).toEqual([
      '+-----------+--------------------------------------+',
      '| Field     | Value                                |',
      '+-----------+--------------------------------------+',
      '| id        | 11111111-1111-4111-8111-111111111111 |',
      '| mtu       | 1500                                 |',
    ]);
    expect(out).toContain('| shared    | False                                |');
    expect((await neutron('net-show', net.id)).out).toBe(out);
    expect(api.asked.map(({ path }) => path)).toEqual([
      '/v2.0/networks/lan',
      '/v2.0/networks',
      `/v2.0/networks/${net.id}`,
      `/v2.0/networks/${net.id}`,
      `/v2.0/networks/${net.id}`,
    ]);
  });

  test.each([
    ['shell', 'id="11111111-1111-4111-8111-111111111111"\nname="lan"\n'],
    ['value', '11111111-1111-4111-8111-111111111111\nlan\n'],
    ['yaml', "id: '11111111-1111-4111-8111-111111111111'\nname: lan\n"],
  ])('as %s', async (format, expected) => {
    expect((await neutron('net-show', 'lan', '-c', 'id', '-c', 'name', '-f', format)).out).toBe(expected);
  });

  test('nothing of that name, and two of it', async () => {
    expect(await neutron('net-show', 'none')).toEqual({
      code: 1,
      out: '',
      err: "Unable to find network with name or id 'none'\n",
    });
    const { code, err } = await neutron('net-show', 'twin');
    expect([code, err]).toEqual([
      1,
      "Multiple network matches found for name 'twin', use an ID to be more specific.\n",
    ]);
  });

  test('a name with odd characters is asked for as it is', async () => {
    api.rows.networks?.push({ id: 'odd', name: 'a/b?c&d=e #f', subnets: [] });
    expect((await neutron('net-show', 'a/b?c&d=e #f', '-c', 'id', '-f', 'value')).out).toBe('odd\n');
  });
});

describe('create', () => {
  test('a network with provider attributes and flags', async () => {
    const { out } = await neutron(
      'net-create',
      'public',
      '--provider:network_type',
      'flat',
      '--provider:physical_network',
      'public',
      '--router:external',
      '--shared',
    );
    expect(sent()).toEqual({
      network: {
        name: 'public',
        'provider:network_type': 'flat',
        'provider:physical_network': 'public',
        'router:external': true,
        shared: true,
      },
    });
    expect(out.split('\n')[0]).toBe('Created a new network:');
    expect(out).toContain('| Field ');
  });

  test.each([
    [['--router:external=True', 'n'], { 'router:external': true }],
    [['--router:external', 'False', 'n'], { 'router:external': false }],
    [['--shared', 'n'], { shared: true }],
    [['n', '--admin-state-down'], { admin_state_up: false }],
    [['n', '--admin_state_up=False'], { admin_state_up: false }],
    [['n', '--mtu', '1400'], { mtu: 1400 }],
    [['n', '--tenant-id', 't9', '--description', 'a b'], { tenant_id: 't9', description: 'a b' }],
    [['n', '--availability-zone-hint', 'a', '--availability-zone-hint', 'b'], { availability_zone_hints: ['a', 'b'] }],
    [['n', '--unknown', 'text'], { unknown: 'text' }],
    [['n', '--un-known', 'type=bool', 'true', '--flag'], { un_known: true, flag: true }],
    [['n', '--', '--x', 'type=int', '5'], { x: 5 }],
    [['n', '--x', 'type=dict', 'a=1,b=2'], { x: { a: '1', b: '2' } }],
    [['n', '--x', 'list=true', 'a', 'b'], { x: ['a', 'b'] }],
    [['n', '--x', 'type=dict', 'list=true', 'a=1', 'b=2'], { x: [{ a: '1' }, { b: '2' }] }],
  ])('net-create %j', async (args, expected) => {
    expect(await neutron('net-create', ...args)).toMatchObject({ code: 0, err: '' });
    expect(sent()).toEqual({ network: { name: 'n', ...expected } });
  });

  test('a subnet with all its lists; the network by name; the version from the CIDR', async () => {
    await neutron(
      'subnet-create',
      'lan',
      '192.168.56.0/24',
      '--name',
      'N',
      '--gateway',
      '192.168.56.1',
      '--allocation-pool',
      'start=192.168.56.10,end=192.168.56.20',
      '--allocation-pool',
      'start=192.168.56.30,end=192.168.56.40',
      '--dns-nameserver',
      '192.0.2.1',
      '--dns-nameserver',
      '192.0.2.2',
      '--host-route',
      'destination=10.0.0.0/8,nexthop=192.168.56.2',
      '--disable-dhcp',
    );
    expect(sent()).toEqual({
      subnet: {
        network_id: net.id,
        cidr: '192.168.56.0/24',
        ip_version: 4,
        name: 'N',
        gateway_ip: '192.168.56.1',
        allocation_pools: [
          { start: '192.168.56.10', end: '192.168.56.20' },
          { start: '192.168.56.30', end: '192.168.56.40' },
        ],
        dns_nameservers: ['192.0.2.1', '192.0.2.2'],
        host_routes: [{ destination: '10.0.0.0/8', nexthop: '192.168.56.2' }],
        enable_dhcp: false,
      },
    });
  });

  test.each([
    [['fd00::/64'], { cidr: 'fd00::/64', ip_version: 6 }],
    [
      ['10.0.0.0/8', '--ip-version', '4', '--no-gateway', '--enable-dhcp'],
      { cidr: '10.0.0.0/8', ip_version: 4, gateway_ip: null, enable_dhcp: true },
    ],
    [
      ['--ip_version', '6', '--ipv6-ra-mode', 'slaac', 'fd00::/64'],
      { cidr: 'fd00::/64', ip_version: 6, ipv6_ra_mode: 'slaac' },
    ],
    [
      ['10.0.0.0/8', '--dns_nameservers', 'list=true', '1.1.1.1', '2.2.2.2'],
      { cidr: '10.0.0.0/8', ip_version: 4, dns_nameservers: ['1.1.1.1', '2.2.2.2'] },
    ],
  ])('subnet-create lan %j', async (args, expected) => {
    await neutron('subnet-create', 'lan', ...args);
    expect(sent()).toEqual({ subnet: { network_id: net.id, ...expected } });
  });

  test('a port: addresses with a subnet by name, DHCP options with commas, binding', async () => {
    await neutron(
      'port-create',
      'lan',
      '--fixed-ip',
      'subnet_id=four,ip_address=10.0.0.9',
      '--fixed-ip',
      'ip_address=10.0.0.10',
      '--mac-address',
      'fa:16:3e:00:00:01',
      '--device-id',
      'vm',
      '--device-owner',
      'compute:nova',
      '--binding:host_id',
      'h1',
      '--extra-dhcp-opt',
      'opt_name=dns-server,opt_value=1.1.1.1,2.2.2.2,ip_version=4',
      '--binding:profile',
      '{"a": {"b": 1}}',
      '--allowed-address-pair',
      'ip_address=10.0.0.99',
      '--vnic-type',
      'normal',
      '--no-security-groups',
    );
    expect(sent()).toEqual({
      port: {
        network_id: net.id,
        fixed_ips: [{ subnet_id: 's1', ip_address: '10.0.0.9' }, { ip_address: '10.0.0.10' }],
        mac_address: 'fa:16:3e:00:00:01',
        device_id: 'vm',
        device_owner: 'compute:nova',
        'binding:host_id': 'h1',
        extra_dhcp_opts: [{ opt_name: 'dns-server', opt_value: '1.1.1.1,2.2.2.2', ip_version: 4 }],
        'binding:profile': { a: { b: 1 } },
        allowed_address_pairs: [{ ip_address: '10.0.0.99' }],
        'binding:vnic_type': 'normal',
        security_groups: [],
      },
    });
  });

  test.each([
    [['net-create'], 'missing argument: NAME'],
    [['net-create', 'a', 'b'], 'unrecognized arguments: b'],
    [
      ['subnet-create', 'lan', '10.0.0.0/8', '--allocation-pool', 'nonsense'],
      "invalid value 'nonsense' of --allocation-pool",
    ],
    [['net-create', 'n', '--mtu', 'big'], "invalid value 'big' of --mtu"],
    [['net-create', 'n', '--x', 'type=int', 'five'], 'not of type int'],
    [['port-create', 'none'], "Unable to find network with name or id 'none'"],
  ])('%j is refused', async (argv, message) => {
    const { code, out, err } = await neutron(...argv);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(message);
    expect(api.asked.filter(({ method }) => method === 'POST')).toEqual([]);
  });
});

describe('update', () => {
  test.each([
    [['net-update', 'lan', '--name', 'new'], { network: { name: 'new' } }],
    [
      ['net-update', 'lan', '--shared', 'False', '--router:external'],
      { network: { shared: false, 'router:external': true } },
    ],
    [['subnet-update', 'four', '--no-gateway'], { subnet: { gateway_ip: null } }],
    [['subnet-update', 'four', '--host_routes', 'action=clear'], { subnet: { host_routes: null } }],
    [['subnet-update', 'four', '--dns-nameserver', '9.9.9.9'], { subnet: { dns_nameservers: ['9.9.9.9'] } }],
    [
      ['agent-update', 'a1', '--admin-state-down', '--description', 'x'],
      { agent: { admin_state_up: false, description: 'x' } },
    ],
  ])('%j', async (argv, body) => {
    const { code, out } = await neutron(...argv);
    expect(code).toBe(0);
    expect(out).toBe(`Updated ${Object.keys(body)[0]}: ${argv[1]}\n`);
    expect(sent()).toEqual(body);
  });

  test('without anything to change it asks for something', async () => {
    expect((await neutron('net-update', 'lan')).err).toBe('Must specify new values to update network\n');
  });
});

describe('delete', () => {
  test('several at once; what is missing or ambiguous is said after the rest is done', async () => {
    const { code, out, err } = await neutron('net-delete', 'lan', 'none', 'twin');
    expect({ code, out }).toEqual({ code: 1, out: 'Deleted network(s): lan\n' });
    expect(err).toBe(
      "Unable to find network(s) with id(s) 'none'.\nMultiple network(s) matches found for name(s) 'twin'. Please use an ID to be more specific.\n",
    );
    expect(api.rows.networks?.map(({ name }) => name)).toEqual(['twin', 'twin']);
  });

  test('a refusal is told with the server’s words and request id', async () => {
    api.rows.networks?.push({ id: 'used', name: 'used', in_use: true });
    expect(await neutron('net-delete', 'lan', 'used')).toEqual({
      code: 1,
      out: 'Deleted network(s): lan\n',
      err: "Unable to complete operation on network used.\nOne or more ports are in use.\nNeutron server returns request_ids: ['req-1']\n",
    });
  });

  test('agents are found by id only', async () => {
    expect((await neutron('agent-delete', 'a2')).out).toBe('Deleted agent(s): a2\n');
    expect((await neutron('agent-delete', 'a2')).err).toBe("Unable to find agent(s) with id(s) 'a2'.\n");
    expect(api.asked.every(({ query }) => !query.some(([key]) => key === 'name'))).toBe(true);
  });
});

describe('connection', () => {
  test('a token goes along with admin_token, and not with none', async () => {
    await run(runNeutron, ['net-list'], { OS_AUTH_TYPE: 'admin_token', OS_TOKEN: 'secret' });
    expect(api.asked[0]?.headers['x-auth-token']).toBe('secret');
    await run(runNeutron, ['net-list'], { OS_TOKEN: 'secret' });
    expect(api.asked.at(-1)?.headers['x-auth-token']).toBeUndefined();
  });

  test('options win over variables; the version in the address does no harm', async () => {
    const { code } = await run(runNeutron, ['--os-endpoint', `${api.url}/v2.0/`, 'net-list'], {
      OS_ENDPOINT: 'http://127.0.0.1:1',
    });
    expect(code).toBe(0);
  });

  test('options of the connection may stand behind the command', async () => {
    const env = { OS_ENDPOINT: 'http://127.0.0.1:1' };
    expect((await run(runNeutron, ['net-list', '--name', 'lan', '--os-endpoint', api.url], env)).code).toBe(0);
    expect(api.asked[0]?.query).toEqual([['name', 'lan']]);
  });

  test.each([
    [{ OS_AUTH_TYPE: 'admin_token' }, 'needs a token'],
    [{ OS_AUTH_TYPE: 'password' }, 'Keystone'],
    [{ OS_AUTH_TYPE: '', OS_AUTH_URL: 'http://keystone' }, 'set OS_USERNAME'],
    [{ OS_ENDPOINT: 'nonsense' }, 'is no address of the API'],
    [{ OS_ENDPOINT: 'http://127.0.0.1:1' }, 'Unable to establish connection to http://127.0.0.1:1/v2.0/networks'],
  ])('%j: one line and exit code 1', async (env, message) => {
    const { code, out, err } = await run(runNeutron, ['net-list'], env as unknown as Record<string, string>);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  test('https: the certificate is checked, unless told not to', async () => {
    const tls = (name: string) => fileURLToPath(new URL(`../test/data/tls/${name}`, import.meta.url));
    const answer = (_: unknown, outgoing: ServerResponse) => outgoing.end('{"networks": []}');
    const server = createServer(
      { key: readFileSync(tls('server.key')), cert: readFileSync(tls('server.pem')) },
      answer,
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const env = { OS_ENDPOINT: `https://127.0.0.1:${(server.address() as AddressInfo).port}` };
    const codes: number[] = [];
    for (const options of [[], ['--os-cacert', tls('ca.pem')], ['--insecure']]) {
      codes.push((await run(runNeutron, [...options, 'net-list'], env)).code);
    }
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(codes).toEqual([1, 0, 0]);
  });

  test('--debug shows the talk without the token', async () => {
    const { err } = await run(runNeutron, ['--debug', 'net-list'], { OS_AUTH_TYPE: 'admin_token', OS_TOKEN: 'secret' });
    expect(err).toContain('REQ: GET');
    expect(err).not.toContain('secret');
  });
});

describe('help and mistakes', () => {
  test.each(['net', 'subnet', 'port'])('%s: every command explains itself', async (word) => {
    for (const verb of ['list', 'show', 'create', 'update', 'delete']) {
      const { code, out } = await neutron(`${word}-${verb}`, '--help');
      expect(code).toBe(0);
      expect(out).toContain(`Usage: neutron ${word}-${verb}`);
    }
    expect(api.asked).toEqual([]);
  });

  test('create tells its operands and the old spellings', async () => {
    const { out } = await neutron('help', 'subnet-create');
    for (const text of ['NETWORK [CIDR]', '--dns-nameserver', '--no-gateway', '--allocation-pool <start=A,end=B>']) {
      expect(out).toContain(text);
    }
  });

  test('nothing at all shows the commands; a wrong one is refused with exit code 2', async () => {
    expect((await neutron()).out).toContain('net-list');
    expect(await neutron('net-lst')).toMatchObject({ code: 2, err: expect.stringContaining('unknown command') });
    expect(await neutron('net-list', '-f', 'xml')).toMatchObject({ code: 2 });
  });
});

describe('neutrino explain', () => {
  const explanation = {
    port_id: 'p1',
    verdict: 'broken',
    summary: 'The tap is missing.',
    steps: [
      { step: 'bound', state: 'ok', expected: 'x', found: 'bound to h1' },
      { step: 'rule', state: 'ok', expected: '-j RETURN', found: 'in force', cause: 'rule r1', check: 'iptables -S c' },
      { step: 'leg', state: 'ok', expected: 'x', found: 'eth0.7', check: 'ip -d link show eth0.7' },
      { step: 'tap', state: 'fault', expected: 'tapp1 on h1', found: 'no device\u001b[31m', remedy: 'start the guest' },
      { step: 'set', state: 'fault', expected: '2 addresses', found: '1', cause: 'group g1', check: 'ipset list s' },
    ],
  };

  test('prints the steps; expectation and remedy where something is wrong', async () => {
    api.rows.ports?.push({ id: 'p1', name: 'web', explanation });
    expect(await run(runExplain, ['port', 'web'])).toEqual({
      code: 1,
      err: '',
      out: [
        'Port p1: broken',
        'The tap is missing.',
        '',
        '  ok     bound  bound to h1',
        '  ok     rule   -j RETURN, for rule r1 (iptables -S c)',
        '  ok     leg    eth0.7 (ip -d link show eth0.7)',
        '  FAULT  tap    no device [31m',
        '                expected: tapp1 on h1',
        '                to do: start the guest',
        '  FAULT  set    1',
        '                expected: 2 addresses',
        '                because of: group g1',
        '                seen by: ipset list s',
        '',
      ].join('\n'),
    });
    expect(JSON.parse((await run(runExplain, ['port', 'p1', '-f', 'json'])).out)).toEqual(explanation);
  });

  test.each([
    ['works', 0],
    ['broken', 1],
    ['waits', 3],
    ['unknown', 4],
  ])('%s: exit code %i', async (verdict, code) => {
    api.rows.ports?.push({ id: 'p1', explanation: { ...explanation, verdict } });
    expect((await run(runExplain, ['port', 'p1'])).code).toBe(code);
  });

  test('refuses what it cannot explain', async () => {
    expect(await run(runExplain, ['network', 'x'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('only ports'),
    });
    expect((await run(runExplain, ['port'])).code).toBe(2);
    expect((await run(runExplain, ['port', 'none'])).err).toBe("Unable to find port with name or id 'none'\n");
  });
});
