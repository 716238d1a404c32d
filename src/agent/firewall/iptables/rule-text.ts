import type { IpVersion } from '../../../lib/ip/address.ts';
import type { Cidr } from '../../../lib/ip/cidr.ts';
import { kernelCidr, parseBlock } from '../../../lib/ip/kernel-text.ts';
import { protocolNumbers } from '../../../lib/protocols.ts';
import type { WireRule } from '../../../rpc/contract.ts';
import type { Protocols } from './protocols.ts';

/** What a rule of a group says, read once: iptables' text and the judging of flows are made of it. */
export interface RuleTerms {
  readonly version: IpVersion;
  readonly direction: 'ingress' | 'egress';
  /** null: any */
  readonly protocol: number | null;
  readonly source: Cidr | null;
  readonly destination: Cidr | null;
  /** Ports, both ends included. */
  readonly sourcePorts: readonly [number, number] | null;
  readonly ports: readonly [number, number] | null;
  readonly icmp: { readonly type: number; readonly code: number | null } | null;
  /** Group or address group whose addresses the other end must have. */
  readonly remote: string | null;
}

const ICMP = 1;
const ICMPV6 = 58;
/** dccp, sctp, tcp, udp, udplite: those whose ports iptables can match. */
const withPorts = new Set([33, 132, 6, 17, 136]);
/** The match that knows single ports, or types, of a protocol. udplite has none: its ports need `multiport`. */
const extension: Readonly<Record<number, string>> = {
  33: 'dccp',
  1: 'icmp',
  58: 'icmp6',
  132: 'sctp',
  6: 'tcp',
  17: 'udp',
};

/**
 * @returns a reason where no packet can be meant or iptables cannot say it: such a rule opens nothing. What upstream's
 *   agent ignores (ports of a protocol that has none) is ignored.
 */
export function readRule(rule: WireRule): RuleTerms | string {
  const version = rule.ethertype === 'IPv4' ? 4 : rule.ethertype === 'IPv6' ? 6 : null;
  if (version === null) return `ethertype ${JSON.stringify(rule.ethertype)} is unknown`;
  if (rule.direction !== 'ingress' && rule.direction !== 'egress') return 'direction is unknown';
  const protocol = readProtocol(rule.protocol, version);
  if (typeof protocol === 'string') return protocol;
  const source = readPrefix(rule.source_ip_prefix, version);
  const destination = readPrefix(rule.dest_ip_prefix, version);
  if (typeof source === 'string') return source;
  if (typeof destination === 'string') return destination;
  const remote = rule.remote_group_id ?? rule.remote_address_group_id ?? null;
  const terms = { version, direction: rule.direction, protocol, source, destination, remote } as const;
  const far = [rule.source_port_range_min, rule.source_port_range_max] as const;
  const near = [rule.port_range_min, rule.port_range_max] as const;
  if (protocol === ICMP || protocol === ICMPV6) {
    const icmp = readIcmp(near[0] == null ? far : near, protocol, version);
    return typeof icmp === 'string' ? icmp : { ...terms, icmp, ports: null, sourcePorts: null };
  }
  const hasPorts = protocol !== null && withPorts.has(protocol);
  const ports = hasPorts ? readRange(...near) : null;
  const sourcePorts = hasPorts ? readRange(...far) : null;
  if (typeof ports === 'string') return ports;
  if (typeof sourcePorts === 'string') return sourcePorts;
  return { ...terms, ports, sourcePorts, icmp: null };
}

/**
 * The rule as iptables-save prints it: addresses, protocol, ports, set. A packet that matches returns from the port's
 * chain: the next may still have something to say about it.
 *
 * @param set the one that the other end's address must be in
 * @param remote the block it must be in, where there are no sets
 */
export function ruleText(
  terms: RuleTerms,
  protocols: Protocols,
  { set = null, remote = null }: { set?: string | null; remote?: Cidr | null } = {},
): string {
  const { direction, protocol } = terms;
  const source = direction === 'ingress' ? (remote ?? terms.source) : terms.source;
  const destination = direction === 'egress' ? (remote ?? terms.destination) : terms.destination;
  const words: string[] = [];
  if (source && source.prefix > 0) words.push('-s', kernelCidr(source));
  if (destination && destination.prefix > 0) words.push('-d', kernelCidr(destination));
  if (protocol !== null) {
    words.push('-p', protocols.wordOf(protocol));
    const match = extension[protocol];
    if (match && (terms.ports || terms.sourcePorts || terms.icmp)) words.push('-m', match);
  }
  if (terms.icmp) {
    const { type, code } = terms.icmp;
    words.push(protocol === ICMP ? '--icmp-type' : '--icmpv6-type', code === null ? `${type}` : `${type}/${code}`);
  }
  words.push(...portWords('sport', terms.sourcePorts, protocol), ...portWords('dport', terms.ports, protocol));
  if (set !== null) words.push('-m', 'set', '--match-set', set, direction === 'ingress' ? 'src' : 'dst');
  return [...words, '-j', 'RETURN'].join(' ');
}

function portWords(side: string, range: RuleTerms['ports'], protocol: number | null): string[] {
  if (!range) return [];
  const [first, last] = range;
  if (first !== last) return ['-m', 'multiport', `--${side}s`, `${first}:${last}`];
  return extension[protocol ?? 0] ? [`--${side}`, `${first}`] : ['-m', 'multiport', `--${side}s`, `${first}`];
}

/** Protocol 0 is any, under all of its names; `icmp` and `icmpv6` of IPv6 are its own ICMP. */
function readProtocol(text: string | undefined | null, version: IpVersion): number | null | string {
  if (text === undefined || text === null) return null;
  const word = String(text).toLowerCase();
  if (version === 6 && (word === 'icmp' || word === 'icmpv6')) return ICMPV6;
  const number = /^\d{1,3}$/.test(word) ? Number(word) : protocolNumbers[word];
  if (number === undefined || number > 255) return `protocol ${JSON.stringify(text)} is unknown`;
  return number === 0 ? null : number;
}

function readPrefix(text: string | undefined | null, version: IpVersion): Cidr | null | string {
  if (text === undefined || text === null || text === '') return null;
  const block = parseBlock(text);
  if (block === null) return `${JSON.stringify(text)} is no address`;
  return block.version === version ? block : `${text} is no address of IPv${version}`;
}

function readRange(min: number | undefined | null, max: number | undefined | null): RuleTerms['ports'] | string {
  if (min === undefined || min === null) return null;
  const last = max ?? min;
  if (!isPort(min) || !isPort(last) || min > last) return `${min} to ${last} are no ports`;
  return [min, last];
}

function readIcmp(
  [type, code]: readonly [number | undefined | null, number | undefined | null],
  protocol: number,
  version: IpVersion,
): RuleTerms['icmp'] | string {
  if (type === undefined || type === null) return null;
  if ((protocol === ICMP) !== (version === 4)) return `types of protocol ${protocol} do not exist in IPv${version}`;
  if (!isOctet(type) || !(code === undefined || code === null || isOctet(code)))
    return `${type}/${code} is no ICMP type`;
  // iptables takes type 255 of IPv4 for any type (the kernel's match does): more than the rule says.
  if (protocol === ICMP && type === 255) return 'ICMP type 255 cannot be matched by iptables';
  return { type, code: code ?? null };
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65_535;
}

function isOctet(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 255;
}
