import { eui64, type IpVersion } from '../../../lib/ip/address.ts';
import { kernelAddress, kernelCidr, parseBlock } from '../../../lib/ip/kernel-text.ts';
import type { FirewallPort } from '../contract.ts';
import type { Commented } from './comments.ts';
import { chains } from './names.ts';
import type { Protocols } from './protocols.ts';
import type { ByVersion } from './unit.ts';

/** What chains of a port are made of beside the port itself. */
export interface ChainSetting {
  /** Answers need a rule of their own. */
  readonly stateless: boolean;
  /** Texts of the rules, by direction, in order, each once; the server's own first. Unchanged ones are the same arrays. */
  readonly rules: { readonly ingress: readonly string[]; readonly egress: readonly string[] };
}

export interface Spelling {
  readonly commented: Commented;
  readonly protocols: Protocols;
}

/** What a guest may get. The same list for all ports with the same rules: who compares it with another does so once. */
export function toGuest(version: IpVersion, { rules, stateless }: ChainSetting, spelling: Spelling): readonly string[] {
  const parts = fixedParts(spelling);
  const { ingress, made } = parts[version];
  const known = made[stateless ? 'stateless' : 'stateful'];
  let chain = known.get(rules.ingress);
  if (!chain) {
    chain = judged(ingress, rules.ingress, stateless, parts);
    known.set(rules.ingress, chain);
  }
  return chain;
}

/** What a guest may send, if its chain of own addresses lets it go on. */
export function fromGuest(
  version: IpVersion,
  { rules, stateless }: ChainSetting,
  own: string,
  spelling: Spelling,
): string[] {
  const parts = fixedParts(spelling);
  const { before, after } = parts[version].egress;
  return judged([...before, `-j ${own}`, ...after], rules.egress, stateless, parts);
}

interface FixedPart {
  readonly ingress: readonly string[];
  readonly egress: { readonly before: readonly string[]; readonly after: readonly string[] };
  /** Chains of what guests get, by the list of the rules of their groups. */
  readonly made: Readonly<Record<'stateful' | 'stateless', WeakMap<readonly string[], readonly string[]>>>;
}

/** What all chains of ports have, whatever their groups say. */
interface FixedParts extends ByVersion<FixedPart> {
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
      made: { stateful: new WeakMap(), stateless: new WeakMap() },
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
      made: { stateful: new WeakMap(), stateless: new WeakMap() },
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
export function ownAddresses(port: FirewallPort, version: IpVersion, { commented }: Spelling): string[] {
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

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
