import { eui64, type IpVersion } from '../../../lib/ip/address.ts';
import { kernelAddress, kernelCidr, parseBlock } from '../../../lib/ip/kernel-text.ts';
import type { FirewallPort } from '../contract.ts';
import type { Commented } from './comments.ts';
import { chains, commentName, portChain } from './names.ts';
import type { Protocols } from './protocols.ts';
import type { ByVersion, Line, Unit } from './unit.ts';

/** How frames of a bridge are followed: in a conntrack zone of its own, or (all its ports are stateless) not at all. */
export type Tracking = { readonly zone: number } | 'notrack';

export interface PortSetting {
  readonly key: string;
  readonly tracking: Tracking;
  /** Answers need a rule of their own. */
  readonly stateless: boolean;
  /** Texts of the rules, by direction, in order, each once; the server's own first. Unchanged ones are the same arrays. */
  readonly rules: { readonly ingress: readonly string[]; readonly egress: readonly string[] };
}

export interface Spelling {
  readonly commented: Commented;
  readonly protocols: Protocols;
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

/** A unit of another agent, perhaps one of upstream's, that does not know of our list: its tap is let through it. */
export function knownUnit(tap: string, unit: Unit): Unit {
  if (unit.lines.some(({ chain }) => chain === chains.from)) return unit;
  return { ...unit, lines: [...unit.lines, ...knownLines(tap), input(`${cameIn(tap)} -j RETURN`)] };
}

/** Everything is dropped, whatever else stands in the chains. */
export function closedUnit(port: FirewallPort, { commented }: Spelling): Unit {
  const drop = `-j ${chains.fallback}`;
  return {
    chains: new Map(),
    lines: [
      forward(commented(`${bridgedOut(port.tap)} ${drop}`, 'fallback')),
      forward(commented(`${bridgedIn(port.tap)} ${drop}`, 'fallback')),
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

function toGuest(version: IpVersion, { rules, stateless }: PortSetting, spelling: Spelling): string[] {
  return judged(fixedParts(spelling)[version].ingress, rules.ingress, stateless, fixedParts(spelling));
}

function fromGuest(version: IpVersion, { rules, stateless }: PortSetting, own: string, spelling: Spelling): string[] {
  const parts = fixedParts(spelling);
  const { before, after } = parts[version].egress;
  return judged([...before, `-j ${own}`, ...after], rules.egress, stateless, parts);
}

/** What all chains of ports have, whatever their groups say. */
interface FixedParts extends ByVersion<{ ingress: readonly string[]; egress: { before: string[]; after: string[] } }> {
  readonly established: string;
  readonly end: readonly string[];
  readonly fallback: string;
}

const parts = new WeakMap<Spelling, FixedParts>();

function fixedParts(spelling: Spelling): FixedParts {
  let made = parts.get(spelling);
  if (!made) {
    made = makeFixedParts(spelling);
    parts.set(spelling, made);
  }
  return made;
}

function makeFixedParts({ commented, protocols }: Spelling): FixedParts {
  const udp = `-p ${protocols.wordOf(17)} -m udp`;
  const icmpv6 = `-p ${protocols.wordOf(58)}`;
  const typed = (type: number) => `${icmpv6} -m icmp6 --icmpv6-type ${type}`;
  const fallback = commented(`-j ${chains.fallback}`, 'fallback');
  return {
    4: {
      ingress: [],
      egress: {
        // Before the guest has an address.
        before: [commented(`-s 0.0.0.0/32 -d 255.255.255.255/32 ${udp} --sport 68 --dport 67 -j RETURN`, 'dhcpClient')],
        after: [
          commented(`${udp} --sport 68 --dport 67 -j RETURN`, 'dhcpClient'),
          commented(`${udp} --sport 67 --dport 68 -j DROP`, 'dhcpServer'),
        ],
      },
    },
    6: {
      // MLD queries, neighbour solicitations and advertisements: without them a guest has no IPv6.
      ingress: [130, 135, 136].map((type) => `${typed(type)} -j RETURN`),
      egress: {
        // MLD reports and neighbour solicitations before the guest has an address (duplicate address detection).
        before: [131, 135, 143].map((type) => commented(`-s ::/128 -d ff02::/16 ${typed(type)} -j RETURN`, 'icmpv6')),
        after: [
          commented(`${typed(134)} -j DROP`, 'advertisement'),
          commented(`${icmpv6} -j RETURN`, 'icmpv6'),
          commented(`${udp} --sport 546 --dport 547 -j RETURN`, 'dhcpClient'),
          commented(`${udp} --sport 547 --dport 546 -j DROP`, 'dhcpServer'),
        ],
      },
    },
    established: commented('-m state --state RELATED,ESTABLISHED -j RETURN', 'established'),
    end: [commented('-m state --state INVALID -j DROP', 'invalid'), fallback],
    fallback,
  };
}

/**
 * A chain around the rules of groups. Where packets are not followed there are no known sessions and nothing is invalid.
 * A rule that says what a line before it says is left out: no line stands twice, so that one can be named by its text.
 */
function judged(
  fixed: readonly string[],
  rules: readonly string[],
  stateless: boolean,
  { established, end, fallback }: FixedParts,
): string[] {
  const own = rules.some((body) => fixed.includes(body)) ? rules.filter((body) => !fixed.includes(body)) : rules;
  return stateless ? [...fixed, ...own, fallback] : [...fixed, established, ...own, ...end];
}

/**
 * Who the guest may say it is: its fixed addresses and address pairs, each with its MAC; in IPv6 also the link-local address
 * of each MAC. Without any fixed address the MAC alone counts, as upstream. In a family in which the port has no address, upstream
 * lets it say anything; here nothing but that link-local address is its own.
 */
function ownAddresses(port: FirewallPort, version: IpVersion, { commented }: Spelling): string[] {
  const pairs: string[] = [];
  const add = (mac: string, ip: string) => {
    const block = parseBlock(ip);
    if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac) || block?.version !== version) return;
    pairs.push(`${block.prefix > 0 ? `-s ${kernelCidr(block)} ` : ''}${fromMac(mac)}`);
    if (version === 6) pairs.push(linkLocal(mac));
  };
  for (const { mac_address, ip_address } of port.addressPairs) add(mac_address, ip_address);
  for (const ip of port.fixedIps) add(port.mac, ip);
  if (port.fixedIps.length === 0) pairs.push(fromMac(port.mac));
  else if (version === 6) pairs.push(linkLocal(port.mac));
  return [...unique(pairs).map((match) => commented(`${match} -j RETURN`, 'pair')), commented('-j DROP', 'noPair')];
}

function fromMac(mac: string): string {
  return `-m mac --mac-source ${mac.toLowerCase()}`;
}

const LINK_LOCAL = 0xfe80n << 112n;

function linkLocal(mac: string): string {
  return `-s ${kernelAddress(eui64(LINK_LOCAL, mac), 6)}/128 ${fromMac(mac)}`;
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

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
