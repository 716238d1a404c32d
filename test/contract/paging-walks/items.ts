import { insertAgent } from '../../support/rows.ts';
import { admin, type Caller, member, type Tenants } from '../../support/tenants.ts';

const COUNT = 10;
const names = ['b', 'a', 'B', 'á', 'aa', 'a', 'é', '_', 'Z', 'b'];
const demo = member('demo');

/** Ten of everything, of two projects, with values that are there several times and some that are not there at all. */
export async function furnish(t: Tenants): Promise<void> {
  const pick = <T>(i: number, ...of: readonly T[]): T => of[i % of.length]!;
  const groups: string[] = [];
  const addresses: string[] = [];
  const networks: string[] = [];
  for (let i = 0; i < COUNT; i++) {
    const name = names[i]!;
    const who = i < 8 ? demo : admin;
    const common = { name, description: pick(i, '', 'x', 'y') };
    const network = await t.create(who, 'networks', { ...common, mtu: 1300 + (i % 3), admin_state_up: i % 2 === 0 });
    networks.push(network.id);
    await t.create(who, 'subnets', {
      ...common,
      network_id: network.id,
      ...(i % 3 === 0
        ? { ip_version: 6, cidr: `fd00:${i}::/64`, ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' }
        : { ip_version: 4, cidr: `10.${i}.0.0/24`, gateway_ip: pick<string | null>(i, null, `10.${i}.0.9`) }),
      enable_dhcp: i % 4 !== 1 || i % 3 === 0,
    });
    const device = { device_id: pick(i, '', 'vm', 'VM'), device_owner: pick(i, '', 'compute:nova') };
    await t.create(who, 'ports', { ...common, network_id: network.id, ...device, admin_state_up: i % 3 === 0 });
    await trunk(t, who, { ...common, network_id: network.id, admin_state_up: i % 3 !== 0 });
    groups.push((await t.create(who, 'security-groups', common)).id);
    addresses.push((await t.create(who, 'address-groups', { ...common, addresses: [`10.${i}.0.0/16`] })).id);
    const scope = await t.create(who, 'address-scopes', { name, ip_version: 4 });
    await t.create(who, 'subnetpools', {
      ...common,
      prefixes: [`172.16.${i}.0/24`],
      default_prefixlen: pick(i, 26, 28, 30),
      ...(i % 3 === 0 && { min_prefixlen: 25, max_prefixlen: 31 }),
      ...(i % 2 === 0 && { address_scope_id: scope.id }),
    });
    const target_tenant = pick(i, 'x', 'y');
    await t.create(who, 'rbac-policies', {
      ...pick(
        i,
        { object_type: 'network', object_id: network.id },
        { object_type: 'security_group', object_id: groups.at(-1) },
        { object_type: 'address_group', object_id: addresses.at(-1) },
      ),
      action: 'access_as_shared',
      target_tenant,
    });
  }
  await rules(t, groups[0]!, addresses[0]!);
  await routed(t);
  for (let i = 0; i < COUNT; i++) await operators(t, i, networks[i]!);
}

/** Routers, and what stands on them. */
async function routed(t: Tenants): Promise<void> {
  const { id: address_scope_id } = await t.create(admin, 'address-scopes', { name: 'z', ip_version: 6, shared: true });
  const pool = { name: 'l3', prefixes: ['2001:db8::/32'], default_prefixlen: 64, address_scope_id, shared: true };
  const v6 = { ip_version: 6, subnetpool_id: (await t.create(admin, 'subnetpools', pool)).id };
  const outside = await t.create(admin, 'networks', { name: 'outside', 'router:external': true });
  const v4 = { ip_version: 4, cidr: '198.18.0.0/16', enable_dhcp: false };
  await t.create(admin, 'subnets', { network_id: outside.id, ...v4 });
  await t.create(admin, 'subnets', { network_id: outside.id, ...v6, enable_dhcp: false });
  for (let i = 0; i < COUNT; i++) {
    const name = names[i]!;
    const who = i < 8 ? demo : admin;
    const inside = await t.create(who, 'networks', { name: 'inside' });
    const subnets = [v6, { ip_version: 4, cidr: '10.0.0.0/24' }];
    const gateway = { external_gateway_info: { network_id: outside.id }, enable_ndp_proxy: true };
    const router = await t.create(who, 'routers', { name, description: name, ...gateway, admin_state_up: i % 3 > 0 });
    for (const subnet of subnets) {
      const { id: subnet_id } = await t.create(who, 'subnets', { network_id: inside.id, ...subnet });
      await t.ask(who, 'PUT', `routers/${router.id}/add_router_interface`, { subnet_id });
    }
    const port = await t.create(who, 'ports', { network_id: inside.id });
    const floating = { floating_network_id: outside.id, description: name };
    await t.create(who, 'floatingips', { ...floating, ...(i % 2 && { port_id: port.id }) });
    await t.create(who, 'ndp_proxies', { name, router_id: router.id, port_id: port.id });
    const label = await t.create(admin, 'metering/metering-labels', { name, description: name, shared: i % 2 === 0 });
    await t.create(admin, 'metering/metering-label-rules', {
      metering_label_id: label.id,
      direction: i % 3 ? 'ingress' : 'egress',
      excluded: i % 2 === 0,
      ...(i % 4 ? { source_ip_prefix: `10.${i}.0.0/16` } : { remote_ip_prefix: `10.${i}.0.0/16` }),
    });
  }
}

/** On a port of its own, with another for a sub-port. */
async function trunk(
  t: Tenants,
  who: Caller,
  { network_id, ...input }: Readonly<Record<string, unknown>>,
): Promise<void> {
  const [port, other] = [await t.create(who, 'ports', { network_id }), await t.create(who, 'ports', { network_id })];
  const sub_ports = [{ port_id: other.id, segmentation_type: 'vlan', segmentation_id: 100 }];
  await t.create(who, 'trunks', { ...input, port_id: port.id, sub_ports });
}

async function rules(t: Tenants, group: string, addressGroup: string): Promise<void> {
  const matches = [
    { protocol: 'tcp', port_range_min: 22, port_range_max: 22 },
    { protocol: 'tcp', port_range_min: 3, port_range_max: 100 },
    { protocol: 'udp' },
    { protocol: 'icmp', port_range_min: 8 },
    { protocol: '47', remote_ip_prefix: '10.0.0.0/8' },
    { protocol: 'tcp', remote_ip_prefix: '10.9.9.9/8', port_range_min: 22, port_range_max: 22 },
    { remote_group_id: group },
    { remote_address_group_id: addressGroup },
    { ethertype: 'IPv6' },
    { ethertype: 'IPv6', protocol: 'tcp', port_range_min: 22, port_range_max: 22 },
  ];
  for (const [i, match] of matches.entries()) {
    const direction = i % 3 ? 'ingress' : 'egress';
    const { remote_group_id, remote_address_group_id, ...template } = match as Record<string, unknown>;
    // Rules that every group has already are left out.
    if (direction === 'ingress' || match.protocol !== undefined) {
      await t.create(demo, 'security-group-rules', { security_group_id: group, direction, ...match });
    }
    const remote = remote_group_id === undefined ? {} : { remote_group_id: 'PARENT', protocol: 'udp' };
    const more = remote_address_group_id === undefined ? {} : { protocol: 'sctp' };
    await t.create(admin, 'default-security-group-rules', { direction: 'ingress', ...template, ...remote, ...more });
  }
}

async function operators(t: Tenants, i: number, network_id: string): Promise<void> {
  const name = names[i]!;
  const physical = { physical_network: `physnet${i % 3}`, network_type: 'vlan' };
  await t.create(admin, 'segments', {
    network_id,
    ...(i % 2 ? { network_type: 'local' } : { ...physical, segmentation_id: 3000 + i }),
    ...(i % 4 && { name }),
  });
  await t.create(admin, 'network-segment-ranges', {
    name,
    shared: i % 2 === 0,
    ...(i % 2 === 1 && { project_id: 'demo' }),
    ...physical,
    minimum: 1000 + 10 * i,
    maximum: 1009 + 10 * i,
  });
  await t.database.transaction((tx) => insertAgent(tx, { host: `host${i % 4}${i}`, topic: i % 2 ? 'N/A' : 'x' }));
  await t.create(admin, 'qos/policies', { name, description: name, ...(i % 3 === 0 && { project_id: 'demo' }) });
  await t.create(admin, 'flavors', { name, service_type: 'CORE', description: name, enabled: i % 2 === 0 });
  await t.create(admin, 'service_profiles', { metainfo: `m${i % 4} ${i}`, driver: '', enabled: i % 2 === 0 });
}
