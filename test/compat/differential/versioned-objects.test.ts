import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFixture, type Fixture } from '../../../src/plugin/fixture.ts';
import type { ObjectKind } from '../../../src/plugin/objects/contract.ts';
import { kinds } from '../../../src/plugin/objects/kinds.ts';
import type { VersionedObject } from '../../../src/rpc/contract.ts';
import type { Json } from '../../support/api.ts';

/** Objects that our server pushes, read by the real Neutron's own classes, and made older by them. */
let f: Fixture;
let pushed: Map<string, VersionedObject[]>;

/** The oldest version that upstream can make of one; of the others it is the first. */
const oldest: Readonly<Record<string, number>> = { QosPolicy: 8 };

const olderOf = ({ name, version }: ObjectKind) =>
  Array.from({ length: Number(version.slice(2)) }, (_, minor) => `1.${minor}`).slice(oldest[name] ?? 0);

beforeAll(async () => {
  f = await createFixture({
    core: { dns_domain: 'x.example.' },
    ml2: {
      type_drivers: ['flat', 'vxlan'],
      tenant_network_types: ['vxlan'],
      extension_drivers: ['port_security', 'dns'],
    },
    vxlan: { vni_ranges: ['1:100'] },
    securityGroup: { enable_security_group: true },
    service: { service_plugins: ['segments', 'qos'] },
  });
  f.transport.hears = () => true;
  await f.bridgeAgent('host1', { interface_mappings: { physnet1: 'eth1' }, tunnel_types: ['vxlan'] });
  for (const minor of [0, 1, 2, 3, 4, 5, 6, 8, 9]) await speaks(minor);
  await makeSome();
  pushed = Map.groupBy(
    (await f.told()).filter(({ method }) => method === 'push').flatMap(({ args }) => args.resource_list),
    (object: VersionedObject) => object['versioned_object.version'] + object['versioned_object.name'],
  );
});
afterAll(() => f[Symbol.asyncDispose]());

/** An agent of long ago. */
async function speaks(minor: number): Promise<void> {
  const versions = kinds.filter((kind) => Number(kind.version.slice(2)) > minor);
  const resource_versions = Object.fromEntries(versions.map(({ name }) => [name, `1.${minor}`]));
  const state = { binary: 'old', agent_type: 'old', host: `host-${minor}`, topic: 'N/A', configurations: {} };
  await f.transport.tell('q-reports-plugin', 'report_state', {
    agent_state: { agent_state: { ...state, start_flag: true, resource_versions } },
    time: `${new Date(f.clock.nowMs).toISOString().slice(0, -1)}000`,
  });
}

/** One of everything, with everything in it. */
async function makeSome(): Promise<void> {
  const { collections } = f.plugin;
  const make = (kind: string, input: object) => collections[kind]!.create!(f.context, { project_id: 'p1', ...input });
  const network = await f.network({
    ...{ 'provider:network_type': 'flat', 'provider:physical_network': 'physnet1' },
    ...{ name: 'é"x', dns_domain: 'a.example.' },
  });
  await f.subnet(network.id, {
    dns_nameservers: ['192.0.2.53'],
    host_routes: [{ destination: '10.9.0.0/16', nexthop: '10.0.0.9' }],
    service_types: ['compute:nova'],
  });
  const slaac = { ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac', gateway_ip: null };
  await f.subnet(network.id, { cidr: '2001:db8::/64', ip_version: 6, ...slaac });
  const addresses = await make('address_groups', { name: 'ag', addresses: ['10.0.0.0/8', '2001:db8::/32'] });
  const { id: security_group_id } = await make('security_groups', { name: 'g' });
  const rule = (match: object) =>
    make('security_group_rules', { security_group_id, direction: 'ingress', ethertype: 'IPv4', ...match });
  await rule({ protocol: 'tcp', port_range_min: 1, port_range_max: 2, remote_ip_prefix: '10.0.0.5/24' });
  await rule({ remote_address_group_id: addresses.id });
  await rule({ remote_group_id: security_group_id });
  await collections.security_groups!.update!(f.context, security_group_id, { description: 'with rules' });
  const policy = await make('policies', { name: 'q', shared: true, is_default: true });
  const limits: [type: string, input: object][] = [
    ['bandwidth_limit', { max_kbps: 1000, max_burst_kbps: 100, direction: 'egress' }],
    ['bandwidth_limit', { max_kbps: 2000, max_burst_kbps: 0, direction: 'ingress' }],
    ['dscp_marking', { dscp_mark: 26 }],
    ['minimum_bandwidth', { min_kbps: 10, direction: 'egress' }],
    ['packet_rate_limit', { max_kpps: 10, max_burst_kpps: 0, direction: 'egress' }],
    ['minimum_packet_rate', { min_kpps: 5, direction: 'any' }],
  ];
  for (const [type, input] of limits) {
    await f.plugin.children[`policies/${type}_rules`]!(policy.id).create!(f.context, { ...input });
  }
  const port = await f.port(network.id, {
    ...{ device_owner: 'compute:nova', 'binding:host_id': 'host1', dns_name: 'vm' },
    ...{ security_groups: [security_group_id], 'binding:profile': { a: ['ü', 1, true, null] } },
    allowed_address_pairs: [{ ip_address: '10.0.0.0/24' }],
    extra_dhcp_opts: [{ opt_name: 'tftp-server', opt_value: '192.0.2.1', ip_version: 4 }],
  });
  await f.plugin.idle();
  await collections.ports.update!(f.context, port.id, { data_plane_status: 'ACTIVE' });
}

async function realObjects(asked: readonly { object: VersionedObject; versions: string[] }[]): Promise<Json[]> {
  const script = fileURLToPath(new URL('../openstack/objects.py', import.meta.url));
  const python = spawn('/usr/bin/python3', ['-W', 'ignore', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  python.stdin.end(JSON.stringify(asked));
  const [text] = await Promise.all([python.stdout.toArray(), once(python, 'close')]);
  return JSON.parse(Buffer.concat(text).toString());
}

it.each(kinds.map((kind) => [kind.name, kind] as const))('%s', async (name, kind) => {
  const newest = pushed.get(kind.version + name)!;
  const versions = olderOf(kind);
  const answers = await realObjects(newest.map((object) => ({ object, versions })));
  expect(answers.map((answer) => answer.newest)).toEqual(newest);
  for (const version of versions) {
    expect(pushed.get(version + name), version).toEqual(answers.map((answer) => answer.older[version]));
  }
});
