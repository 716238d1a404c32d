import { eui64, formatAddress, parseAddress } from '../../../lib/ip/address.ts';
import { type Cidr, cidrOf, parseCidr } from '../../../lib/ip/cidr.ts';
import type { FirewallPort } from '../contract.ts';
import { type Rule, rule } from './saved-table.ts';

/** Upstream's names. */
export const macChain = (tap: string) => `neutronMAC-${tap}`;
export const arpChain = (tap: string) => `neutronARP-${tap}`;
/** Ours: upstream does not look into neighbour discovery. */
export const neighborChain = (tap: string) => `neutrinoND-${tap}`;

/** A line of a restore file may not get too long. */
const MACS_PER_RULE = 500;
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;
const DEVICE = /^[\w.-]{1,15}$/;
const LINK_LOCAL = 0xfe80n << 112n;

/** What the chains of one filtered port hold; null for a chain that it must not have. */
export interface PortRules {
  readonly mac: readonly Rule[];
  /** Null when it may tell any address. */
  readonly arp: readonly Rule[] | null;
  /** Null when it may tell any address. */
  readonly neighbors: readonly Rule[] | null;
}

/** The text is what is wrong with the port: what stands in a rule must be what it is taken for. */
export function portRules(port: FirewallPort): PortRules | string {
  const { tap, mac, fixedIps, addressPairs } = port;
  const macs = [...new Set([mac, ...addressPairs.map((pair) => pair.mac_address)].map((text) => text.toLowerCase()))];
  const texts = [...new Set([...fixedIps, ...addressPairs.map((pair) => pair.ip_address)])];
  const blocks = texts.map(parseBlock);
  if (!DEVICE.test(tap)) return `${JSON.stringify(tap)} cannot be the name of a device`;
  const badMac = macs.find((text) => !MAC.test(text));
  if (badMac !== undefined) return `${JSON.stringify(badMac)} is no MAC address`;
  if (blocks.includes(null)) return `${JSON.stringify(texts[blocks.indexOf(null)])} is no address and no CIDR`;
  const known = blocks.filter((block) => block !== null);
  return {
    mac: macRules(tap, macs.sort()),
    arp: arpRules(known.filter(({ version }) => version === 4)),
    neighbors: neighborRules(
      known.filter(({ version }) => version === 6),
      macs,
    ),
  };
}

/** In upstream's order: each rule was put in front of those before. */
function macRules(tap: string, macs: readonly string[]): Rule[] {
  const rules: Rule[] = [];
  for (let start = 0; start < macs.length; start += MACS_PER_RULE) {
    const some = macs.slice(start, start + MACS_PER_RULE).join(',');
    rules.unshift(rule(`-i ${tap} --among-src ${some} -j RETURN`));
  }
  return [...rules, rule('-j DROP')];
}

/**
 * A guest may tell its own addresses. Unlike upstream it may also ask whether somebody has them (RFC 5227: the sender's
 * address is 0.0.0.0), but only them: a probe for the address of another makes that one give it up while it asks itself.
 */
function arpRules(blocks: readonly Cidr[]): Rule[] | null {
  if (blocks.some(({ prefix }) => prefix === 0)) return null;
  const addresses = blocks.map(written).sort();
  return [
    ...addresses.map((address) => rule(`-p 0x806 --arp-ip-src ${address} -j ACCEPT`)).reverse(),
    ...addresses.map((address) =>
      rule(`-p 0x806 --arp-op Request --arp-ip-src 0.0.0.0 --arp-ip-dst ${address} -j ACCEPT`),
    ),
    rule('-j DROP'),
  ];
}

/** The same for IPv6; its link-local addresses are those that follow from its MACs, as for everything it sends. */
function neighborRules(blocks: readonly Cidr[], macs: readonly string[]): Rule[] | null {
  if (blocks.some(({ prefix }) => prefix === 0)) return null;
  const own = macs.map((mac) => cidrOf({ version: 6, value: eui64(LINK_LOCAL, mac) }, 128));
  const matches = [...new Set([...blocks, ...own].map(targetIn))];
  return [...matches.map((match) => rule(`-m u32 --u32 "${match}" -j RETURN`)), rule('-j DROP')];
}

/**
 * Matches packets with ICMPv6 right behind the header of IPv6 (nobody has use for extension headers in front of
 * neighbour discovery, but for hiding it) whose target, from the 48th byte on, lies in the block.
 */
function targetIn({ first, prefix }: Cidr): string {
  const words = [0, 1, 2, 3].flatMap((at) => {
    const bits = Math.min(Math.max(prefix - at * 32, 0), 32);
    const value = hex((first >> BigInt(96 - at * 32)) & 0xffffffffn);
    const where = hex(BigInt(48 + at * 4));
    if (bits === 0) return [];
    return [
      bits === 32 ? `${where}=${value}` : `${where}&${hex((0xffffffffn << BigInt(32 - bits)) & 0xffffffffn)}=${value}`,
    ];
  });
  return ['0x4>>0x8&0xff=0x3a', ...words].join('&&');
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

function parseBlock(text: string): Cidr | null {
  if (text.includes('/')) return parseCidr(text);
  const address = parseAddress(text);
  return address && cidrOf(address, address.version === 4 ? 32 : 128);
}

/** As ebtables prints it. */
function written({ first, prefix }: Cidr): string {
  return `${formatAddress(first, 4)}${prefix === 32 ? '' : `/${prefix}`}`;
}
