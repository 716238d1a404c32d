import type { Options } from '../../src/plugin/fixture.ts';
import { insertAgent } from './rows.ts';
import { admin, type Caller, type Tenants } from './tenants.ts';

// biome-ignore lint/suspicious/noExplicitAny: bodies of all kinds
type Json = any;

/** A server with every resource of this part. */
export const everything: Options = {
  ml2: { type_drivers: ['local', 'flat', 'vlan', 'vxlan'], tenant_network_types: ['vxlan'] },
  vlan: { network_vlan_ranges: Array.from({ length: 100 }, (_, i) => `physnet${i}`) },
  vxlan: { vni_ranges: ['1:1000'] },
  securityGroup: { enable_security_group: true },
  service: {
    service_plugins: ['segments', 'network_segment_range', 'trunk', 'qos', 'router', 'ndp_proxy', 'metering'],
  },
};

export interface Made {
  /** In the URL. */
  readonly path: string;
  readonly member: string;
  /** Administrators make them. */
  readonly byAdmin?: true;
  /** Input of the n-th, for what it may stand on. */
  readonly input: (ground: Ground, n: number) => Json;
  readonly change?: Json;
}

/** What others stand on. */
export interface Ground {
  readonly network: string;
  readonly group: string;
  /** Ports that nothing uses. */
  readonly ports: readonly string[];
  /** An external network, of IPv4 and IPv6, a router to it that answers for addresses, and ports behind it. */
  readonly outside: string;
  readonly router: string;
  readonly routed: readonly string[];
}

/** How to make any number of each resource that can be made, by its collection. */
export const makers: Readonly<Record<string, Made>> = {
  networks: { path: 'networks', member: 'network', input: (_, n) => ({ name: `n${n % 5}` }) },
  subnets: {
    path: 'subnets',
    member: 'subnet',
    input: ({ network }, n) => ({ network_id: network, ip_version: 4, cidr: `10.1.${n}.0/24`, name: `s${n % 5}` }),
  },
  ports: {
    path: 'ports',
    member: 'port',
    input: ({ network }, n) => ({ network_id: network, name: `p${n % 5}`, device_id: `d${n % 3}` }),
  },
  security_groups: { path: 'security-groups', member: 'security_group', input: (_, n) => ({ name: `g${n % 5}` }) },
  security_group_rules: {
    path: 'security-group-rules',
    member: 'security_group_rule',
    input: ({ group }, n) => ({
      security_group_id: group,
      direction: n % 2 ? 'ingress' : 'egress',
      protocol: ['tcp', 'udp'][n % 2],
      port_range_min: n + 1,
      port_range_max: n + 1,
    }),
  },
  address_groups: { path: 'address-groups', member: 'address_group', input: (_, n) => ({ name: `a${n % 5}` }) },
  address_scopes: {
    path: 'address-scopes',
    member: 'address_scope',
    input: (_, n) => ({ name: `s${n % 5}`, ip_version: n % 2 ? 4 : 6 }),
  },
  subnetpools: {
    path: 'subnetpools',
    member: 'subnetpool',
    input: (_, n) => ({ name: `p${n % 5}`, prefixes: ['10.0.0.0/8'], default_prefixlen: 20 + (n % 3) }),
  },
  rbac_policies: {
    path: 'rbac-policies',
    member: 'rbac_policy',
    input: ({ network }, n) => ({
      object_type: 'network',
      object_id: network,
      action: 'access_as_shared',
      target_tenant: `t${n}`,
    }),
    change: { target_tenant: 'changed' },
  },
  trunks: {
    path: 'trunks',
    member: 'trunk',
    input: ({ ports }, n) => ({
      name: `t${n % 5}`,
      port_id: ports[2 * n],
      sub_ports: [{ port_id: ports[2 * n + 1], segmentation_type: 'vlan', segmentation_id: 100 }],
    }),
  },
  routers: { path: 'routers', member: 'router', input: (_, n) => ({ name: `r${n % 5}` }) },
  floatingips: {
    path: 'floatingips',
    member: 'floatingip',
    input: ({ outside }) => ({ floating_network_id: outside }),
    change: { description: 'changed' },
  },
  ndp_proxies: {
    path: 'ndp_proxies',
    member: 'ndp_proxy',
    input: ({ router, routed }, n) => ({ name: `n${n % 5}`, router_id: router, port_id: routed[n] }),
  },
  metering_labels: {
    path: 'metering/metering-labels',
    member: 'metering_label',
    byAdmin: true,
    input: (_, n) => ({ name: `m${n % 5}` }),
  },
  segments: {
    path: 'segments',
    member: 'segment',
    byAdmin: true,
    input: ({ network }, n) => ({
      network_id: network,
      network_type: 'vlan',
      physical_network: `physnet${n}`,
      segmentation_id: 100 + n,
      name: `s${n % 5}`,
    }),
  },
  network_segment_ranges: {
    path: 'network_segment_ranges',
    member: 'network_segment_range',
    byAdmin: true,
    input: (_, n) => ({ name: `r${n % 5}`, network_type: 'vxlan', minimum: 5000 + 10 * n, maximum: 5009 + 10 * n }),
  },
  flavors: {
    path: 'flavors',
    member: 'flavor',
    byAdmin: true,
    input: (_, n) => ({ name: `f${n % 5}`, service_type: 'CORE' }),
  },
  service_profiles: {
    path: 'service_profiles',
    member: 'service_profile',
    byAdmin: true,
    input: (_, n) => ({ description: `p${n % 5}`, metainfo: `m${n}` }),
    change: { enabled: false },
  },
  policies: { path: 'qos/policies', member: 'policy', byAdmin: true, input: (_, n) => ({ name: `q${n % 5}` }) },
  default_security_group_rules: {
    path: 'default-security-group-rules',
    member: 'default_security_group_rule',
    byAdmin: true,
    input: (_, n) => ({ direction: 'ingress', protocol: 'tcp', port_range_min: n + 1, port_range_max: n + 1 }),
  },
};

/** @returns what the others of a project stand on */
export async function ground(t: Tenants, caller: Caller): Promise<Ground> {
  const network = await t.create(caller, 'networks', { name: 'ground' });
  const group = await t.create(caller, 'security-groups', { name: 'ground' });
  const wanted = Array.from({ length: 200 }, () => ({ network_id: network.id }));
  const { ports } = (await t.ask(caller, 'POST', 'ports', { ports: wanted })).body;
  const ids = (made: Json[]) => made.map(({ id }) => id);
  return { network: network.id, group: group.id, ports: ids(ports), ...(await routedGround(t, caller)) };
}

/** IPv6 of one address scope, inside and outside, and a router between. */
async function routedGround(t: Tenants, caller: Caller): Promise<Pick<Ground, 'outside' | 'router' | 'routed'>> {
  const { id: address_scope_id } = await t.create(admin, 'address-scopes', {
    name: 'ground',
    ip_version: 6,
    shared: true,
  });
  const pool = { name: 'ground', prefixes: ['2001:db8::/32'], default_prefixlen: 64, address_scope_id, shared: true };
  const { id: subnetpool_id } = await t.create(admin, 'subnetpools', pool);
  const v6 = { ip_version: 6, subnetpool_id };
  const outside = await t.create(admin, 'networks', { name: 'outside', 'router:external': true });
  const v4 = { ip_version: 4, cidr: '198.18.0.0/16', enable_dhcp: false };
  await t.create(admin, 'subnets', { network_id: outside.id, ...v4 });
  await t.create(admin, 'subnets', { network_id: outside.id, ...v6, enable_dhcp: false });
  const inside = await t.create(caller, 'networks', { name: 'inside' });
  const subnet = await t.create(caller, 'subnets', { network_id: inside.id, ...v6 });
  const gateway = { external_gateway_info: { network_id: outside.id }, enable_ndp_proxy: true };
  const router = await t.create(caller, 'routers', { name: 'ground', ...gateway });
  await t.ask(caller, 'PUT', `routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  const wanted = Array.from({ length: 100 }, () => ({ network_id: inside.id }));
  const { ports } = (await t.ask(caller, 'POST', 'ports', { ports: wanted })).body;
  return { outside: outside.id, router: router.id, routed: ports.map(({ id }: Json) => id) };
}

export async function makeOne(t: Tenants, caller: Caller, made: Made, on: Ground, n: number): Promise<Json> {
  const { path, member, byAdmin } = made;
  const { status, body } = await t.ask(byAdmin ? admin : caller, 'POST', path, { [member]: made.input(on, n) });
  if (status !== 201) throw new Error(`POST ${path}: ${status} ${JSON.stringify(body)}`);
  return body[member];
}

export async function makeAgents(t: Tenants, count: number): Promise<void> {
  await t.database.transaction(async (tx) => {
    for (let n = 0; n < count; n++) await insertAgent(tx, { agent_type: `type ${n % 3}`, host: `host${n}` });
  });
}
