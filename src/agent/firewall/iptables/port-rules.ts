import type { IpVersion } from '../../../lib/ip/address.ts';
import type { FirewallPort } from '../contract.ts';
import { chains, commentName, portChain } from './names.ts';
import { type ChainSetting, fromGuest, ownAddresses, type Spelling, toGuest } from './port-chains.ts';
import { isPassing, type Line, type Unit } from './unit.ts';

/** How frames of a bridge are followed: in a conntrack zone of its own, or (all its ports are stateless) not at all. */
export type Tracking = { readonly zone: number } | 'notrack';

export interface PortSetting extends ChainSetting {
  readonly key: string;
  readonly tracking: Tracking;
}

/** A unit with what it was made of. */
export interface MadeUnit {
  readonly setting: PortSetting;
  readonly unit: Unit;
}

/**
 * What a port needs in the tables of one family (upstream: agent/linux/iptables_firewall.py).
 *
 * @param before what was made for the same port: what did not change is the same object again
 * @param beside the unit of the other family, if that was made already: lines in shared chains are the same
 */
export function portUnit(
  port: FirewallPort,
  version: IpVersion,
  setting: PortSetting,
  spelling: Spelling,
  { before = null, beside = null }: { before?: MadeUnit | null; beside?: Unit | null } = {},
): Unit {
  if (before && isSameSetting(before.setting, setting)) return before.unit;
  if (port.filter === 'closed') return closedUnit(port, spelling);
  if (port.filter === 'open') return openUnit(port, spelling);
  const { key, rules, stateless } = setting;
  const isSamePlace = before !== null && isSamePlaceAs(before.setting, setting);
  const keeps = (direction: 'ingress' | 'egress') =>
    isSamePlace && before.setting.stateless === stateless && before.setting.rules[direction] === rules[direction];
  const old = before?.unit.chains;
  const to = portChain('i', key);
  const from = portChain('o', key);
  const own = portChain('s', key);
  return {
    chains: new Map([
      [to, (keeps('ingress') && old?.get(to)) || toGuest(version, setting, spelling)],
      [from, (keeps('egress') && old?.get(from)) || fromGuest(version, setting, own, spelling)],
      [own, (isSamePlace && old?.get(own)) || ownAddresses(port, version, spelling)],
    ]),
    lines: isSamePlace ? before.unit.lines : (beside?.lines ?? filteredLines(port, setting, spelling)),
  };
}

function isSamePlaceAs(a: PortSetting, b: PortSetting): boolean {
  return a.key === b.key && (a.tracking === b.tracking || zoneOf(a.tracking) === zoneOf(b.tracking));
}

function isSameSetting(a: PortSetting, b: PortSetting): boolean {
  const isSameRules = a.rules.ingress === b.rules.ingress && a.rules.egress === b.rules.egress;
  return isSameRules && a.stateless === b.stateless && isSamePlaceAs(a, b);
}

/** null where connections are not followed. */
export function zoneOf(tracking: Tracking): number | null {
  return tracking === 'notrack' ? null : tracking.zone;
}

function filteredLines(port: FirewallPort, { key, tracking }: PortSetting, { commented }: Spelling): Line[] {
  const to = portChain('i', key);
  const from = portChain('o', key);
  return [
    forward(commented(`${bridgedOut(port.tap)} -j ${chains.groups}`, 'toGroups')),
    forward(commented(`${bridgedIn(port.tap)} -j ${chains.groups}`, 'toGroups')),
    input(commented(`${cameIn(port.tap)} -g ${from}`, 'input')),
    { table: 'filter', chain: chains.groups, body: commented(`${bridgedOut(port.tap)} -j ${to}`, 'toPort') },
    { table: 'filter', chain: chains.groups, body: commented(`${bridgedIn(port.tap)} -j ${from}`, 'toPort') },
    ...knownLines(port.tap),
    ...trackingLines(port, tracking),
  ];
}

/** The tap is known: what other lines say of it counts. */
function knownLines(tap: string): Line[] {
  return [
    { table: 'filter', chain: chains.from, body: `${cameIn(tap)} -j RETURN` },
    { table: 'filter', chain: chains.to, body: `${bridgedOut(tap)} -j RETURN` },
  ];
}

/**
 * A unit of another agent, perhaps one of upstream's, that does not know of our list: its tap is let through it. One by which
 * nothing passes is ours, of a port that was closed.
 */
export function knownUnit(tap: string, unit: Unit): Unit {
  if (!isPassing(unit) || unit.lines.some(({ chain }) => chain === chains.from)) return unit;
  return { ...unit, lines: [...unit.lines, ...knownLines(tap), input(`${cameIn(tap)} -j RETURN`)] };
}

/**
 * Everything is dropped, whatever else stands in the chains: a frame whose other end is a filtered port may be led to the
 * chain of groups before it comes to the lines of this one.
 */
export function closedUnit(port: FirewallPort, { commented }: Spelling): Unit {
  const drop = `-j ${chains.fallback}`;
  const bridged = [bridgedOut(port.tap), bridgedIn(port.tap)].map((match) => commented(`${match} ${drop}`, 'fallback'));
  return {
    chains: new Map(),
    lines: [
      ...bridged.map(forward),
      ...bridged.map((body): Line => ({ table: 'filter', chain: chains.groups, body })),
      input(commented(`${cameIn(port.tap)} ${drop}`, 'fallback')),
    ],
  };
}

function openUnit(port: FirewallPort, { commented }: Spelling): Unit {
  return {
    chains: new Map(),
    lines: [
      forward(commented(`${bridgedOut(port.tap)} -j ACCEPT`, 'open')),
      forward(commented(`${bridgedIn(port.tap)} -j ACCEPT`, 'open')),
      // What comes for the host itself is for its own rules to judge.
      input(commented(`${cameIn(port.tap)} -j RETURN`, 'open')),
      ...knownLines(port.tap),
    ],
  };
}

/**
 * One zone for each bridge, so that two networks may have the same addresses. Three lines of each filtered port, as
 * upstream: the second is the one that matches, since br_netfilter shows the bridge as the device.
 */
function trackingLines({ tap, bridge }: FirewallPort, tracking: Tracking): Line[] {
  const name = commentName(tap);
  const [comment, target] =
    tracking === 'notrack'
      ? [`Make ${name} stateless`, '--notrack']
      : [`Set zone for ${name}`, `--zone ${tracking.zone}`];
  return [`-m physdev --physdev-in ${bridge}`, `-i ${bridge}`, `-m physdev --physdev-in ${tap}`].map((match) => ({
    table: 'raw',
    chain: chains.prerouting,
    body: `${match} -m comment --comment "${comment}" -j CT ${target}`,
  }));
}

/** What the host itself sends into a bridge is followed in the zone in which its answers are looked up. */
export function bridgeUnit(bridge: string, tracking: Tracking): Unit {
  if (tracking === 'notrack') return { chains: new Map(), lines: [] };
  return {
    chains: new Map(),
    lines: [{ table: 'raw', chain: chains.output, body: `-o ${bridge} -j CT --zone ${tracking.zone}` }],
  };
}

function forward(body: string): Line {
  return { table: 'filter', chain: chains.forward, body };
}

function input(body: string): Line {
  return { table: 'filter', chain: chains.input, body };
}

function bridgedOut(tap: string): string {
  return `-m physdev --physdev-out ${tap} --physdev-is-bridged`;
}

function bridgedIn(tap: string): string {
  return `-m physdev --physdev-in ${tap} --physdev-is-bridged`;
}

/** Without `--physdev-is-bridged`: in INPUT, and for routed packets, the kernel never finds that. */
function cameIn(tap: string): string {
  return `-m physdev --physdev-in ${tap}`;
}
