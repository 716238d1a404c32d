import type { FirewallPort, FirewallState, Members } from '../../../src/agent/firewall/contract.ts';
import { addressVersion } from '../../../src/lib/ip/address.ts';
import { providerRules } from '../../../src/plugin/rpc/provider-rules.ts';
import type { WireRule } from '../../../src/rpc/contract.ts';
import { openStation } from '../frames/station.ts';
import type { EmulatedHost } from '../hosts.ts';
import type { Spot } from './run.ts';
import type { Guest, Rule, World } from './world.ts';

/** The world on one host without a server: guests in namespaces, a bridge for each network, and what a driver is told. */

const tapOf = (guest: Guest) => `tap-${guest.name}`;
const bridgeOf = (guest: Guest) => `brq-${guest.network}`;

/** Plugs all guests in, with a station at both ends of each card. */
export async function plugGuests(host: EmulatedHost, world: World): Promise<Map<string, Spot>> {
  const guests = Object.values(world.guests);
  const bridges = new Set(guests.map(bridgeOf));
  await host.ipBatch([
    ...[...bridges].map((name) => `link add ${name} type bridge forward_delay 0 mcast_snooping 0`),
    ...[...bridges].map((name) => `link set ${name} addrgenmode none up`),
  ]);
  const spots = new Map<string, Spot>();
  for (const guest of guests) {
    await host.run(['ip', 'netns', 'add', guest.name]);
    await host.ipBatch([
      `link add ${tapOf(guest)} type veth peer name eth0 address ${guest.mac} netns ${guest.name}`,
      `link set ${tapOf(guest)} addrgenmode none master ${bridgeOf(guest)} up`,
    ]);
    await host.ipBatch(['link set eth0 addrgenmode none up'], guest.name);
    const [card, outside] = await Promise.all([
      openStation({ host, netns: guest.name, device: 'eth0' }),
      openStation({ host, device: tapOf(guest) }),
    ]);
    spots.set(guest.name, { guest, card, outside });
  }
  return spots;
}

/** What the agent would tell its drivers of this world. */
export function stateOf(world: World): FirewallState {
  const groups = Object.entries(world.groups);
  return {
    ports: new Map(Object.values(world.guests).map((guest) => [tapOf(guest), portOf(world, guest)])),
    groups: new Map(
      groups.map(([name, rules]) => [idOf(world, name), rules.map((rule) => wireRule(world, name, rule))]),
    ),
    members: new Map([
      ...groups.map(([name]) => [idOf(world, name), membersOf(world, name)] as const),
      ...Object.entries(world.addressGroups).map(([name, blocks]) => [idOf(world, name), byVersion(blocks)] as const),
    ]),
  };
}

function portOf(world: World, guest: Guest): FirewallPort {
  return {
    tap: tapOf(guest),
    portId: guest.name,
    bridge: bridgeOf(guest),
    filter: guest.security === 'on' ? 'filtered' : 'open',
    mac: guest.mac,
    fixedIps: [guest.ipv4, guest.ipv6],
    addressPairs: guest.pairs.map(({ ip, mac }) => ({ ip_address: ip, mac_address: mac ?? guest.mac })),
    groups: guest.groups.map((name) => idOf(world, name)),
    providerRules: providerRules([guest.ipv4, guest.ipv6]),
  };
}

/** Names of sets hold the first 24 characters of an id. */
function idOf(world: World, name: string): string {
  const names = [...Object.keys(world.groups), ...Object.keys(world.addressGroups)];
  return `${String(names.indexOf(name)).padStart(8, '0')}-0000-4000-8000-000000000000`;
}

function wireRule(world: World, group: string, rule: Rule): WireRule {
  const { direction, ethertype, protocol, min, max, prefix } = rule;
  return {
    direction,
    ethertype,
    stateful: true,
    security_group_id: idOf(world, group),
    ...(protocol !== undefined && { protocol: String(protocol) }),
    ...(min !== undefined && { port_range_min: min }),
    ...(max !== undefined && { port_range_max: max }),
    ...(prefix !== undefined && { [direction === 'ingress' ? 'source_ip_prefix' : 'dest_ip_prefix']: prefix }),
    ...(rule.group !== undefined && { remote_group_id: idOf(world, rule.group) }),
    ...(rule.addressGroup !== undefined && { remote_address_group_id: idOf(world, rule.addressGroup) }),
  };
}

function membersOf(world: World, group: string): Members {
  const members = Object.values(world.guests).filter(({ groups }) => groups.includes(group));
  return byVersion(members.flatMap(({ ipv4, ipv6, pairs }) => [ipv4, ipv6, ...pairs.map(({ ip }) => ip)]));
}

function byVersion(blocks: readonly string[]): Members {
  const of = (version: 4 | 6) =>
    blocks.filter((block) => addressVersion(block.split('/')[0]!) === version).map((block) => [block, null] as const);
  return { IPv4: of(4), IPv6: of(6) };
}
