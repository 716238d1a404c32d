import { type Address, type IpVersion, parseAddress } from './address.ts';
import { type Cidr, cidrOf, parseCidr } from './cidr.ts';

/**
 * An address as inet_ntop(3) of glibc writes it, and with it iptables-save, ipset and conntrack: RFC 5952, but with a dotted
 * tail also behind 96 zero bits.
 */
export function kernelAddress(value: bigint, version: IpVersion): string {
  if (version === 4) return dotted(Number(value));
  const words = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  const zeros = longestZeros(words);
  const tail = dotted(Number(value & 0xffffffffn));
  if (zeros.start === 0 && zeros.length === 6) return `::${tail}`;
  if (zeros.start === 0 && zeros.length === 5 && words[5] === 0xffff) return `::ffff:${tail}`;
  const hex = words.map((word) => word.toString(16));
  if (zeros.length === 0) return hex.join(':');
  return `${hex.slice(0, zeros.start).join(':')}::${hex.slice(zeros.start + zeros.length).join(':')}`;
}

/** A block as iptables-save prints it, always with its prefix length. */
export function kernelCidr({ first, version, prefix }: Pick<Cidr, 'first' | 'version' | 'prefix'>): string {
  return `${kernelAddress(first, version)}/${prefix}`;
}

/** Reads an address or a CIDR (host bits are cleared); null when the text is neither. */
export function parseBlock(text: string): Cidr | null {
  const four = parseFour(text);
  if (four) return four;
  if (text.includes('/')) return parseCidr(text);
  const address: Address | null = parseAddress(text);
  return address && cidrOf(address, address.version === 4 ? 32 : 128);
}

const octet = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const fourText = new RegExp(`^${octet}\\.${octet}\\.${octet}\\.${octet}(?:/(3[0-2]|[12]\\d|\\d))?$`);

/** IPv4 in plain arithmetic: a firewall reads thousands at once. */
function parseFour(text: string): Cidr | null {
  const [all, a, b, c, d, length] = fourText.exec(text) ?? [];
  if (all === undefined) return null;
  const prefix = length === undefined ? 32 : Number(length);
  const size = 2 ** (32 - prefix);
  const value = ((Number(a) * 256 + Number(b)) * 256 + Number(c)) * 256 + Number(d);
  const first = value - (value % size);
  return { version: 4, prefix, first: BigInt(first), last: BigInt(first + size - 1) };
}

function dotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}

/** The first of the longest runs of at least two zero words. */
function longestZeros(words: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 0 };
  for (let start = 0; start < words.length; start++) {
    let end = start;
    while (words[end] === 0) end++;
    if (end - start > best.length && end - start >= 2) best = { start, length: end - start };
    start = Math.max(start, end - 1);
  }
  return best;
}
