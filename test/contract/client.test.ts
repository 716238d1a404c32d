import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runNeutron } from '../../cli/main.ts';
import { nouns } from '../../cli/nouns.ts';
import { allCommands } from '../../cli/program.ts';
import { apiOptions } from '../../src/api/options.ts';
import { type Api, createApi } from '../../src/api/server.ts';
import type { Database } from '../../src/db/database.ts';
import { temporaryDatabase } from '../../src/db/temporary.ts';
import { defaultValues } from '../../src/lib/options.ts';
import { pluginOptions } from '../../src/plugin/fixture.ts';
import { createPlugin, type Plugin } from '../../src/plugin/plugin.ts';
import { FakeTransport } from '../../src/rpc/fake.ts';
import { everything } from '../support/every-resource.ts';
import { freePort } from '../support/programs.ts';
import { insertAgent } from '../support/rows.ts';
import { testsOfRouters } from './client-routers.ts';

/**
 * The `neutron` client against a server with every resource, over HTTP. Whole command lines, most of them in this process:
 * a process for each would cost more than all else; the last test goes through `bin/neutron`.
 */
let api: Api;
let plugin: Plugin;
let database: Database;
let url: string;
const agentId = '0a9e5a52-0c1f-4c3e-9d3c-111111111111';
const l3AgentId = '0a9e5a52-0c1f-4c3e-9d3c-222222222222';

beforeAll(async () => {
  database = await temporaryDatabase();
  const options = pluginOptions({
    ...everything,
    service: {
      service_plugins: [
        ...['segments', 'network_segment_range', 'auto_allocate', 'flavors', 'trunk', 'qos'],
        ...['router', 'port_forwarding', 'conntrack_helper', 'ndp_proxy', 'metering'],
      ],
    },
  });
  plugin = await createPlugin({ database, transport: new FakeTransport(), host: 'server', options });
  await plugin.start();
  const port = await freePort();
  api = createApi({
    plugin,
    protection: 'off',
    options: { ...defaultValues(apiOptions), bind_host: '127.0.0.1', bind_port: port },
  });
  await api.listen();
  url = `http://127.0.0.1:${port}`;
  // However long all of this takes, they do not fall silent meanwhile.
  const heartbeat_timestamp = Date.now() + 24 * 3_600_000;
  const alive = { heartbeat_timestamp, availability_zone: 'nova' };
  const configurations = JSON.stringify({ tunnel_types: ['vxlan'], tunneling_ip: '192.0.2.1' });
  await database.transaction(async (tx) => {
    await insertAgent(tx, {
      ...alive,
      id: agentId,
      agent_type: 'DHCP agent',
      binary: 'neutron-dhcp-agent',
      host: 'h1',
    });
    await insertAgent(tx, {
      ...alive,
      id: l3AgentId,
      agent_type: 'L3 agent',
      binary: 'neutron-l3-agent',
      topic: 'l3_agent',
      host: 'h3',
      configurations: JSON.stringify({ agent_mode: 'legacy', handle_internal_only_routers: true }),
    });
    for (const host of ['h1', 'h2']) await insertAgent(tx, { heartbeat_timestamp, host, configurations });
  });
});
afterAll(async () => {
  await api.close();
  await plugin.close();
  await database.close();
});

/** Words are separated by blanks; a list is one command line with blanks in its words. */
const words = (line: string | readonly string[]) => (typeof line === 'string' ? line.split(' ') : line);
const ran = new Set<string>();

async function neutron(line: string | readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const argv = words(line);
  ran.add(argv[0]!);
  const io = {
    stdout(text: string) {
      out += text;
    },
    stderr(text: string) {
      err += text;
    },
  };
  const code = await runNeutron(argv, { OS_AUTH_TYPE: 'none', OS_ENDPOINT: url }, io);
  return { code, out, err };
}

async function ok(line: string): Promise<string> {
  const { code, out, err } = await neutron(line);
  expect({ line, code, err }).toEqual({ line, code: 0, err: '' });
  return out;
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the command prints
const json = async (line: string): Promise<any> => JSON.parse(await ok(`${line} -f json`));

interface Life {
  create: string;
  /** Options of update, and what they change. */
  update?: [options: string, changed: object];
  /** How it is called afterwards; by its id when left out. */
  name?: string;
  made: object;
  filter?: string;
}

/** One of each resource, by the first word of its commands, in an order in which they can stand on each other. */
const lives: readonly [string, Life][] = [
  [
    'net',
    {
      create: 'n --mtu 1400 --description x',
      made: { name: 'n', mtu: 1400, description: 'x' },
      update: ['--name n2 --shared', { name: 'n2', shared: true }],
      name: 'n',
      filter: '--mtu 1400',
    },
  ],
  ['net-ip-availability', { create: '', made: {} }],
  [
    'subnet',
    {
      create: 'base 10.7.0.0/24 --name s --gateway 10.7.0.9 --allocation-pool start=10.7.0.20,end=10.7.0.30',
      made: { ip_version: 4, gateway_ip: '10.7.0.9', allocation_pools: [{ start: '10.7.0.20', end: '10.7.0.30' }] },
      update: ['--dns-nameserver 9.9.9.9', { dns_nameservers: ['9.9.9.9'] }],
      name: 's',
    },
  ],
  [
    'port',
    {
      create: 'base --name p --security-group ground --fixed-ip subnet_id=lan,ip_address=10.1.0.77',
      made: { name: 'p', fixed_ips: [{ subnet_id: expect.any(String), ip_address: '10.1.0.77' }] },
      update: ['--device-id vm --no-security-groups', { device_id: 'vm', security_groups: [] }],
      name: 'p',
    },
  ],
  [
    'subnetpool',
    {
      create: 'sp --pool-prefix 10.64.0.0/16 --pool-prefix 10.65.0.0/16 --default-prefixlen 24',
      made: { name: 'sp', prefixes: ['10.64.0.0/15'], default_prefixlen: '24' },
      update: ['--address-scope world --is-default', { is_default: true, address_scope_id: expect.any(String) }],
      name: 'sp',
    },
  ],
  [
    'address-scope',
    {
      create: 'as 6 --shared',
      made: { ip_version: 6, shared: true },
      update: ['--name as', { name: 'as' }],
      name: 'as',
    },
  ],
  [
    'address-group',
    {
      create: 'ag --address 192.0.2.0/24 --address 198.51.100.7/32',
      made: { addresses: ['192.0.2.0/24', '198.51.100.7/32'] },
      update: ['--description d', { description: 'd' }],
      name: 'ag',
    },
  ],
  [
    'security-group',
    { create: 'web --description d', made: { name: 'web' }, update: ['--name w', { name: 'w' }], name: 'web' },
  ],
  [
    'security-group-rule',
    {
      create: 'ground --protocol tcp --port-range-min 80 --port-range-max 90 --remote-group-id ground',
      made: { direction: 'ingress', ethertype: 'IPv4', port_range_min: 80, remote_group_id: expect.any(String) },
      filter: '--port_range_max 90',
    },
  ],
  [
    'default-security-group-rule',
    {
      create: '--protocol icmpv6 --direction egress --used-in-default-sg True',
      made: { ethertype: 'IPv6', direction: 'egress', used_in_default_sg: true },
    },
  ],
  [
    'qos-policy',
    {
      create: 'slow --description d --shared True --tenant-id t1',
      made: { name: 'slow', shared: true, rules: [] },
      update: ['--name slower --is-default True', { name: 'slower', is_default: true }],
      name: 'slow',
    },
  ],
  [
    'rbac',
    {
      create: 'base --type network --action access_as_shared',
      made: { object_type: 'network', target_tenant: '*', action: 'access_as_shared' },
      update: ['--target-tenant other', { target_tenant: 'other' }],
    },
  ],
  [
    'network-segment',
    {
      create: 'base --network-type vlan --physical-network physnet1 --segmentation-id 77 --name seg',
      made: { network_type: 'vlan', segmentation_id: 77 },
      update: ['--description d', { description: 'd' }],
      name: 'seg',
    },
  ],
  [
    'network-segment-range',
    {
      create: 'range --network-type vxlan --minimum 5000 --maximum 5009 --shared False --tenant-id t1',
      made: { minimum: 5000, maximum: 5009, shared: false },
      update: ['--maximum 5019', { maximum: 5019 }],
      name: 'range',
    },
  ],
  [
    'flavor',
    {
      create: 'gold CORE --description d --enabled False',
      made: { service_type: 'CORE', enabled: false },
      update: ['--enabled True', { enabled: true }],
      name: 'gold',
    },
  ],
  [
    'flavor-profile',
    {
      create: '--description d --metainfo m',
      made: { metainfo: 'm', enabled: true },
      update: ['--enabled False', { enabled: false }],
      filter: '--description d',
    },
  ],
  [
    'security-groups-default-statefulness',
    {
      create: '--stateful False --tenant-id t9',
      made: { stateful: false, project_id: 't9' },
      update: ['--stateful True', { stateful: true }],
    },
  ],
];

describe('each resource', () => {
  beforeAll(async () => {
    await ok('net-create base');
    await ok('subnet-create base 10.1.0.0/24 --name lan');
    await ok('security-group-create ground');
    await ok('address-scope-create world 4');
  });

  it.each(lives.filter(([, { create }]) => create))('%s: create, list, show, update, delete', async (word, life) => {
    const { create, made, update, name, filter } = life;
    const thing = await json(`${word}-create ${create}`);
    expect(thing).toMatchObject(made);
    const id: string = thing.id;
    const known = name ?? id;
    const listed = await json(`${word}-list ${filter ?? (name ? `--name ${name}` : `--id ${id}`)}`);
    expect(listed.map((one: { id: string }) => one.id)).toContain(id);
    expect(await ok(`${word}-list`)).toContain(id);
    // Some answers to a creation tell more.
    expect(thing).toMatchObject(await json(`${word}-show ${known}`));
    if (update) {
      const [options, changed] = update;
      expect(await ok(`${word}-update ${known} ${options}`)).toMatch(new RegExp(`^Updated \\w+: ${known}\\n$`));
      expect(await json(`${word}-show ${id}`)).toMatchObject(changed);
    }
    expect(await ok(`${word}-delete ${id}`)).toMatch(new RegExp(`^Deleted \\w+\\(s\\): ${id}\\n$`));
    const { code, err } = await neutron(`${word}-show ${id}`);
    expect([code, err]).toEqual([1, expect.stringContaining('Unable to find')]);
  });

  it.each([
    ['bandwidth-limit', '--max-kbps 1000 --direction ingress', { max_kbps: 1000, direction: 'ingress' }, 'max-kbps'],
    ['dscp-marking', '--dscp-mark 26', { dscp_mark: 26 }, 'dscp-mark'],
    ['minimum-bandwidth', '--min-kbps 10', { min_kbps: 10, direction: 'egress' }, 'min-kbps'],
    ['minimum-packet-rate', '--min-kpps 10 --direction any', { min_kpps: 10, direction: 'any' }, 'min-kpps'],
    ['packet-rate-limit', '--max-kpps 10', { max_kpps: 10, max_burst_kpps: 0 }, 'max-kpps'],
  ])('QoS rules of a policy: %s', async (kind, options, made, changed) => {
    await ok(`qos-policy-create of-${kind}`);
    const word = `qos-${kind}-rule`;
    const rule = await json(`${word}-create of-${kind} ${options}`);
    expect(rule).toMatchObject(made);
    expect(await json(`${word}-list of-${kind}`)).toEqual([expect.objectContaining({ id: rule.id })]);
    await ok(`${word}-update of-${kind} ${rule.id} --${changed} 8`);
    expect(await json(`${word}-show of-${kind} ${rule.id}`)).toMatchObject({ [changed.replace('-', '_')]: 8 });
    await ok(`${word}-delete of-${kind} ${rule.id}`);
    expect(await json(`${word}-list of-${kind}`)).toEqual([]);
    await ok(`qos-policy-delete of-${kind}`);
  });

  it('QoS policies by name, on networks and ports', async () => {
    const { id } = await json('qos-policy-create gold');
    expect(await json('net-create limited --qos-policy gold')).toMatchObject({ qos_policy_id: id });
    await ok('net-update limited --no-qos-policy');
    expect(await json('port-create limited --qos-policy gold --name limited')).toMatchObject({ qos_policy_id: id });
    await ok('rbac-create gold --type qos-policy --action access_as_shared');
    expect(await json('qos-rule-type-list')).toEqual([{ type: 'bandwidth_limit' }, { type: 'dscp_marking' }]);
    expect(await json('qos-rule-type-show bandwidth_limit')).toMatchObject({ drivers: expect.anything() });
    await ok('port-delete limited');
    await ok('net-delete limited');
  });

  it('bindings of a port, and its activation', async () => {
    await ok('port-create base --name moving --binding:host_id h1 --device-owner compute:nova');
    expect(await json('port-binding-create moving h2')).toMatchObject({ host: 'h2', vnic_type: 'normal' });
    expect(await json('port-binding-list moving --host h2')).toEqual([expect.objectContaining({ host: 'h2' })]);
    expect(await ok('port-binding-update moving h2 --vnic-type normal')).toBe('Updated binding: h2\n');
    expect(await json('port-binding-show moving h2')).toMatchObject({ vnic_type: 'normal', status: 'INACTIVE' });
    const { err } = await neutron('port-binding-activate moving h9');
    expect(err).toContain('could not be found');
    expect(await ok('port-binding-delete moving h2')).toBe('Deleted binding(s): h2\n');
    expect((await neutron('port-binding-delete moving h2')).err).toContain("Unable to find binding(s) with id(s) 'h2'");
    expect((await neutron('port-explain moving')).code).toBe(0);
    expect((await neutron('net-explain base')).code).toBe(0);
    await ok('port-delete moving');
  });

  it('what is only looked at', async () => {
    expect(await json('net-ip-availability-list --network_name base')).toEqual([
      expect.objectContaining({ network_name: 'base', total_ips: 253 }),
    ]);
    expect(await json('net-ip-availability-show base')).toMatchObject({ network_name: 'base', total_ips: 253 });
    expect(await json('availability-zone-list')).toEqual([
      { name: 'nova', resource: 'network', state: 'available' },
      { name: 'nova', resource: 'router', state: 'available' },
    ]);
    expect(await json('service-provider-list')).toContainEqual({
      service_type: 'L3_ROUTER_NAT',
      name: 'single_node',
      default: false,
    });
    expect(await json('agent-list')).toContainEqual(expect.objectContaining({ id: agentId, alive: ':-)' }));
    expect(await json(`agent-show ${agentId}`)).toMatchObject({ host: 'h1' });
    expect(await json(`agent-history ${agentId}`)).toEqual({ agent_down_time: 75, events: [] });
    await ok(`agent-update ${agentId} --description d`);
    expect(await json('ext-list')).toContainEqual({ alias: 'quotas', name: 'Quota management support' });
    expect(await json('ext-show quotas')).toMatchObject({ alias: 'quotas' });
    expect(await json('net-external-list')).toEqual([]);
  });
});

describe('more than the five verbs', () => {
  it('quotas: of a project, of nobody in particular, with their use', async () => {
    expect(await json('quota-update t1 --network 7 --security-group-rule -1')).toMatchObject({ network: 7 });
    expect(await json('quota-show --tenant-id t1')).toMatchObject({ network: 7, security_group_rule: -1 });
    expect(await json('quota-list')).toEqual([expect.objectContaining({ tenant_id: 't1', network: 7 })]);
    expect(await json('quota-details t1')).toMatchObject({ network: { limit: 7, used: 0, reserved: 0 } });
    const defaults = await json('quota-default-show t1');
    expect(defaults).toMatchObject({ network: -1 });
    expect(await ok('quota-delete t1')).toBe('Deleted quota: t1\n');
    expect(await json('quota-show t1')).toEqual(defaults);
    expect((await neutron('quota-update t1')).err).toContain('Must specify a valid resource with new quota value');
  });

  it('tags: add, replace, filter, remove', async () => {
    await ok('net-create tagged');
    const on = '--resource-type network --resource tagged';
    await ok(`tag-add ${on} --tag red`);
    await ok(`tag-replace ${on} --tag blue --tag green`);
    expect((await json('net-show tagged')).tags.toSorted()).toEqual(['blue', 'green']);
    expect(await json('net-list --tags-any red,blue')).toHaveLength(1);
    expect(await json('net-list --not-tags blue --name tagged')).toEqual([]);
    await ok(`tag-remove ${on} --tag blue`);
    await ok(`tag-remove ${on} --all`);
    expect((await json('net-show tagged')).tags).toEqual([]);
    expect((await neutron(`tag-remove ${on}`)).err).toBe('--all or --tag must be specified\n');
    await ok('net-delete tagged');
  });

  it('networks of a DHCP agent', async () => {
    await ok('net-create bare');
    expect(await ok(`dhcp-agent-network-add ${agentId} bare`)).toBe('Added network bare to DHCP agent\n');
    expect(await json('dhcp-agent-list-hosting-net bare')).toEqual([
      { id: agentId, host: 'h1', admin_state_up: true, alive: ':-)' },
    ]);
    expect(await json(`net-list-on-dhcp-agent ${agentId}`)).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'bare' })]),
    );
    expect(await ok(`dhcp-agent-network-remove ${agentId} bare`)).toBe('Removed network bare from DHCP agent\n');
    expect(await json('dhcp-agent-list-hosting-net bare')).toEqual([]);
    expect(await ok(`agent-delete ${agentId}`)).toBe(`Deleted agent(s): ${agentId}\n`);
  });

  it('flavors and their profiles', async () => {
    await ok('flavor-create gold CORE');
    const { id } = await json('flavor-profile-create --description d --metainfo m');
    expect(await ok(`flavor-associate gold ${id}`)).toBe(`Associated flavor gold with flavor_profile ${id}\n`);
    await ok(`flavor-service-profiles-show gold ${id}`);
    expect((await neutron('flavor-next-providers gold')).err).not.toContain('Error:');
    expect(await ok(`flavor-disassociate gold ${id}`)).toBe(`Disassociated flavor gold from flavor_profile ${id}\n`);
    await ok('flavor-delete gold');
  });

  it('prefixes of a pool, addresses of a group', async () => {
    await ok('subnetpool-create pool --pool-prefix 10.80.0.0/16');
    await ok('subnetpool-add-prefixes pool 10.82.0.0/16 10.84.0.0/16');
    await ok('subnetpool-remove-prefixes pool 10.84.0.0/16');
    expect((await json('subnetpool-show pool')).prefixes.toSorted()).toEqual(['10.80.0.0/16', '10.82.0.0/16']);
    await ok('subnetpool-onboard-network-subnets pool base');
    await ok('address-group-create hosts --address 192.0.2.1/32');
    expect(await json('address-group-add-addresses hosts 192.0.2.2/32 192.0.2.3/32')).toMatchObject({ name: 'hosts' });
    await ok('address-group-remove-addresses hosts 192.0.2.1/32 192.0.2.2/32');
    expect(await json('address-group-show hosts')).toMatchObject({ addresses: ['192.0.2.3/32'] });
  });

  it('ports on a trunk, by name', async () => {
    for (const name of ['trunk-parent', 'web', 'db', 'mail']) await ok(`port-create base --name ${name}`);
    const vlan = (port: string, id: number) => `port_id=${port},segmentation_type=vlan,segmentation_id=${id}`;
    await ok(`trunk-create trunk-parent --name tr --sub-port ${vlan('web', 100)} --sub-port ${vlan('db', 101)}`);
    await ok(`trunk-add-subports tr ${vlan('mail', 102)}`);
    await ok('trunk-remove-subports tr web db');
    const { id } = await json('port-show mail');
    const sub_ports = [{ port_id: id, segmentation_type: 'vlan', segmentation_id: 102 }];
    expect(await json('trunk-get-subports tr')).toEqual({ sub_ports });
    await ok('trunk-update tr --description carries');
    expect(await json('trunk-show tr')).toMatchObject({ description: 'carries', status: 'DOWN', sub_ports });
    expect(await json('trunk-list')).toMatchObject([{ name: 'tr' }]);
    expect((await neutron('port-delete mail')).err).toContain('is currently a subport for trunk');
    await ok('trunk-delete tr');
    for (const name of ['trunk-parent', 'web', 'db', 'mail']) await ok(`port-delete ${name}`);
  });

  it('the topology of a project says what is missing for it', async () => {
    const { code, err } = await neutron('auto-allocated-topology-show --dry-run');
    expect([code, err]).toEqual([1, expect.stringMatching(/could not be found|requirements|router/i)]);
    expect(await ok('auto-allocated-topology-delete')).toBe('Deleted topology for tenant None (i.e. yours).\n');
    expect(await ok('auto-allocated-topology-delete --tenant-id t1')).toBe('Deleted topology for tenant t1.\n');
  });

  it('rules read well, and carry what the server said in JSON', async () => {
    await ok('security-group-create shown');
    const rule = await json('security-group-rule-create shown --protocol tcp --port-range-min 22 --port-range-max 22');
    expect(await ok('security-group-list --name shown')).toContain('ingress, IPv4, 22/tcp');
    const [group] = await json('security-group-list --name shown');
    expect(group.security_group_rules).toContainEqual(expect.objectContaining({ id: rule.id, port_range_min: 22 }));
    const columns = '-c security_group -c port/protocol -c remote';
    expect(await json(`security-group-rule-list --id ${rule.id} ${columns}`)).toEqual([
      { security_group: 'shown', 'port/protocol': '22/tcp', remote: 'any' },
    ]);
    const [plain] = await json(`security-group-rule-list --id ${rule.id} --no-nameconv`);
    expect(plain).toMatchObject({ security_group_id: rule.security_group_id });
  });

  it('purge deletes what a project has, and nothing else', async () => {
    await ok('net-create gone --tenant-id t5');
    await ok('port-create gone --tenant-id t5');
    const out = await ok('purge t5');
    expect(out).toContain('Purging resources: 100% complete.');
    expect(out).toMatch(/\nDeleted 1 port, 1 network, 1 security_group\.\n$/);
    expect(await ok('purge nobody')).toBe('\nTenant has no supported resources.\n');
    expect((await json('net-list --name base')).length).toBe(1);
  });

  it('a refusal teaches what to do', async () => {
    await ok('quota-update t6 --network 0');
    const { code, err } = await neutron('net-create n --tenant-id t6');
    expect([code, err]).toEqual([1, expect.stringContaining('neutron quota-show shows the limits')]);
  });
});

describe('routers', () => testsOfRouters({ neutron, ok, json }, l3AgentId));

it('no command is left out above, and each explains itself', async () => {
  const left = allCommands().filter(({ name }) => !ran.has(name));
  expect(left.map(({ name }) => name)).toEqual([]);
  for (const { name } of allCommands())
    expect((await neutron(`${name} --help`)).out).toContain(`Usage: neutron ${name}`);
  expect(nouns.every(({ verbs, definition }) => verbs.length > 0 || definition.routes)).toBe(true);
});

it('bin/neutron is the same program', async () => {
  const bin = fileURLToPath(new URL('../../bin/neutron', import.meta.url));
  const env = { PATH: process.env.PATH!, OS_AUTH_TYPE: 'none', OS_ENDPOINT: url };
  const run = (...argv: string[]) =>
    new Promise<{ code: unknown; out: string; err: string }>((resolve) =>
      execFile(bin, argv, { env }, (error, out, err) => resolve({ code: error?.code ?? 0, out, err })),
    );
  expect(await run('net-create', 'binary', '-f', 'value', '-c', 'name')).toEqual({ code: 0, out: 'binary\n', err: '' });
  expect(await run('net-list', '--name', 'binary', '-f', 'value', '-c', 'name')).toMatchObject({ out: 'binary\n' });
  expect(await run('net-update', 'binary', '--mtu', '1300')).toMatchObject({ out: 'Updated network: binary\n' });
  expect(await run('net-show', 'binary', '-f', 'value', '-c', 'mtu')).toMatchObject({ out: '1300\n' });
  expect(await run('net-delete', 'binary')).toMatchObject({ code: 0, out: 'Deleted network(s): binary\n' });
  expect(await run('net-delete', 'binary')).toMatchObject({ code: 1, out: '' });
});
