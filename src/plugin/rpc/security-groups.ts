import type { Db } from '../../db/database.ts';
import {
  type GroupRule,
  listedAddresses,
  type MemberAddress,
  memberAddresses,
  rulesOfGroups,
} from '../../db/read/group-rules.ts';
import { portIdsByPrefixes } from '../../db/write/ports.ts';
import { groupFacts } from '../../db/write/security-groups.ts';
import { addressVersion } from '../../lib/ip/address.ts';
import { portIdPrefix } from '../../lib/names.ts';
import {
  endpoint,
  OUR_AGENT,
  SECURITY_GROUP_VERSION,
  type SecuredDevice,
  type SecurityGroupInfo,
  type SecurityGroupMethods,
  type WireRule,
} from '../../rpc/contract.ts';
import type { Endpoint } from '../../rpc/transport.ts';
import type { Shared } from '../parts.ts';
import { providerRules } from './provider-rules.ts';
import { wirePorts } from './wire.ts';

/**
 * What bridge agents ask before they let a port's frames through (upstream: db/securitygroups_rpc_base.py). Trusted ports are
 * left out. A port without port security is not: from its `port_security_enabled` an agent knows to take its rules away.
 */
export function securityGroupEndpoint(shared: Shared): Endpoint {
  return endpoint<SecurityGroupMethods>(SECURITY_GROUP_VERSION, {
    security_group_info_for_devices: ({ devices }, { userName }) =>
      infoFor(shared, devices ?? [], { withRuleIds: userName === OUR_AGENT }),
    security_group_rules_for_devices: ({ devices }) => rulesFor(shared, devices ?? []),
  });
}

async function infoFor(
  shared: Shared,
  names: readonly string[],
  { withRuleIds }: { withRuleIds: boolean },
): Promise<SecurityGroupInfo> {
  const { db } = shared.database;
  const devices = await securedDevices(shared, names);
  const groups = [...new Set(Object.values(devices).flatMap(groupsOf))];
  const rules = await rulesOfGroups(db, groups);
  const stateful = new Map((await groupFacts(db, groups)).map((group) => [group.id, group.stateful]));
  const byGroup: Record<string, WireRule[]> = Object.fromEntries(groups.map((id) => [id, []]));
  for (const rule of rules) {
    const { direction, ethertype, security_group_id: id } = rule;
    const named = withRuleIds ? { id: rule.id } : {};
    byGroup[id]!.push({ ...named, direction, ethertype, stateful: stateful.get(id) !== false, ...conditions(rule) });
  }
  const ruleOf = rulesByGroup(rules);
  for (const device of Object.values(devices)) {
    noteReferences(device, ruleOf);
    device.security_group_rules = providerRules(device.fixed_ips);
  }
  return { devices, security_groups: byGroup, sg_member_ips: await memberIps(db, rules) };
}

/** Of each group that a rule refers to: addresses of the IP versions that rules ask for. */
async function memberIps(db: Db, rules: readonly GroupRule[]): Promise<SecurityGroupInfo['sg_member_ips']> {
  const members: SecurityGroupInfo['sg_member_ips'] = {};
  for (const { remote_group_id, remote_address_group_id, ethertype } of rules) {
    const id = remote_group_id ?? remote_address_group_id;
    if (id === null) continue;
    members[id] ??= {};
    members[id][ethertype] ??= [];
  }
  const seen = new Set<string>();
  for (const { group, address, mac } of await addressesOf(db, rules)) {
    const list = members[group]?.[ethertypeOf(address)];
    const same = `${group} ${address} ${mac}`;
    if (list === undefined || seen.has(same)) continue;
    seen.add(same);
    list.push([address, mac]);
  }
  return members;
}

/** The older form. Addresses of a rule's group take the rule's place, one rule each; a port's own are left out. */
async function rulesFor(shared: Shared, names: readonly string[]): Promise<Record<string, SecuredDevice>> {
  const { db } = shared.database;
  const devices = await securedDevices(shared, names);
  const rules = await rulesOfGroups(db, [...new Set(Object.values(devices).flatMap(groupsOf))]);
  const members = new Map<string, Set<string>>();
  for (const { group, address } of await addressesOf(db, rules)) {
    members.set(group, (members.get(group) ?? new Set()).add(address));
  }
  const ruleOf = rulesByGroup(rules);
  for (const device of Object.values(devices)) {
    noteReferences(device, ruleOf);
    const expanded = rulesOfDevice(device, ruleOf).flatMap((rule) => {
      const { direction, ethertype, security_group_id } = rule;
      const wire: WireRule = { security_group_id, direction, ethertype, ...conditions(rule) };
      const remote = rule.remote_group_id ?? rule.remote_address_group_id;
      if (remote === null) return [wire];
      return [...(members.get(remote) ?? [])]
        .filter((address) => ethertypeOf(address) === ethertype && !device.fixed_ips.includes(address))
        .map((address) => ({ ...wire, [prefixKey[direction]]: asPrefix(address) }));
    });
    device.security_group_rules = [...expanded, ...providerRules(device.fixed_ips)];
  }
  return devices;
}

/** The ports of these devices that are not trusted, with nothing said of rules yet. */
async function securedDevices(shared: Shared, names: readonly string[]): Promise<Record<string, SecuredDevice>> {
  const { db } = shared.database;
  if (!shared.options.securityGroup.enable_security_group) return {};
  const prefixOf = (name: string) => portIdPrefix(name) ?? name;
  const ids = await portIdsByPrefixes(db, names.map(prefixOf));
  const deviceOf = new Map<string, string>();
  for (const name of names) {
    const id = ids.get(prefixOf(name)) ?? null;
    if (id !== null) deviceOf.set(id, name);
  }
  const ports = await wirePorts(db, { id: [...deviceOf.keys()] });
  const secured = ports.filter((port) => !port.device_owner.startsWith('network:'));
  return Object.fromEntries(
    secured.map((port) => [
      port.id,
      {
        ...port,
        fixed_ips: port.fixed_ips.map(({ ip_address }) => ip_address),
        security_group_rules: [],
        security_group_source_groups: [],
        security_group_remote_address_groups: [],
        device: deviceOf.get(port.id)!,
      } as unknown as SecuredDevice,
    ]),
  );
}

function groupsOf({ security_groups = [] }: SecuredDevice): string[] {
  return security_groups as string[];
}

function rulesByGroup(rules: readonly GroupRule[]): ReadonlyMap<string, readonly GroupRule[]> {
  return Map.groupBy(rules, ({ security_group_id }) => security_group_id);
}

function rulesOfDevice(device: SecuredDevice, byGroup: ReadonlyMap<string, readonly GroupRule[]>): GroupRule[] {
  return groupsOf(device).flatMap((group) => byGroup.get(group) ?? []);
}

function noteReferences(device: SecuredDevice, byGroup: ReadonlyMap<string, readonly GroupRule[]>): void {
  const own = rulesOfDevice(device, byGroup);
  const named = (key: 'remote_group_id' | 'remote_address_group_id') => [
    ...new Set(own.flatMap((rule) => rule[key] ?? [])),
  ];
  device.security_group_source_groups = named('remote_group_id');
  device.security_group_remote_address_groups = named('remote_address_group_id');
}

async function addressesOf(db: Db, rules: readonly GroupRule[]): Promise<MemberAddress[]> {
  const groups = [...new Set(rules.flatMap(({ remote_group_id: id }) => id ?? []))];
  const lists = [...new Set(rules.flatMap(({ remote_address_group_id: id }) => id ?? []))];
  return [...(await memberAddresses(db, groups)), ...(await listedAddresses(db, lists))];
}

const prefixKey = { ingress: 'source_ip_prefix', egress: 'dest_ip_prefix' } as const;

/** What a rule says beyond direction and version; what it does not say is left out. */
function conditions(rule: GroupRule): Partial<WireRule> {
  const { protocol, port_range_min, port_range_max, normalized_cidr, remote_group_id, remote_address_group_id } = rule;
  return {
    ...(protocol !== null && { protocol }),
    ...(port_range_min !== null && { port_range_min }),
    ...(port_range_max !== null && { port_range_max }),
    ...(normalized_cidr !== null && { [prefixKey[rule.direction]]: normalized_cidr }),
    ...(remote_group_id !== null && { remote_group_id }),
    ...(remote_address_group_id !== null && { remote_address_group_id }),
  };
}

function ethertypeOf(address: string): 'IPv4' | 'IPv6' {
  return addressVersion(address.split('/')[0]!) === 4 ? 'IPv4' : 'IPv6';
}

function asPrefix(address: string): string {
  if (address.includes('/')) return address;
  return `${address}/${ethertypeOf(address) === 'IPv4' ? 32 : 128}`;
}
