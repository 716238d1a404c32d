import type { IncomingHttpHeaders } from 'node:http';
import { formatAddress, isLinkLocal, parseAddress } from '../../lib/ip/address.ts';

/**
 * Which guest asks, as the proxy of its network or router says: where it sits, and the address its request came from (for
 * an IPv6 link-local one, the MAC in it: such an address is nobody's fixed IP).
 */
export interface Caller {
  place: { network: string } | { router: string };
  from: { address: string } | { mac: string };
  /** The address as the guest used it: what Nova is told. */
  remoteAddress: string;
}

/**
 * Reads the proxy's headers. The proxy sets `X-Neutron-…-ID` anew and appends to `X-Forwarded-For`, so of the latter only
 * the last entry is its own: what stands before it came from the guest.
 * @returns null when it cannot be said who asks: no or both ids, no address
 */
export function callerOf(headers: IncomingHttpHeaders): Caller | null {
  const network = headers['x-neutron-network-id'];
  const router = headers['x-neutron-router-id'];
  const forwarded = headers['x-forwarded-for'];
  if (typeof forwarded !== 'string' || (network === undefined) === (router === undefined)) return null;
  const id = network ?? router;
  if (typeof id !== 'string' || !/^[\w-]{1,64}$/.test(id)) return null;
  const remoteAddress = forwarded.split(',').at(-1)?.trim() ?? '';
  const from = sourceOf(remoteAddress);
  return from && { place: network === undefined ? { router: id } : { network: id }, from, remoteAddress };
}

function sourceOf(text: string): Caller['from'] | null {
  const address = parseAddress(text.split('%', 1)[0] ?? '');
  if (!address) return null;
  const { version, value } = address;
  if (version === 4) return { address: formatAddress(value, 4) };
  if (value >> 32n === 0xffffn) return { address: formatAddress(value & 0xffff_ffffn, 4) };
  if (!isLinkLocal(address)) return { address: formatAddress(value, 6) };
  const mac = macOf(value);
  return mac === null ? null : { mac };
}

/** The MAC of a modified EUI-64 interface id, or null when the id was not made from one. */
function macOf(value: bigint): string | null {
  const id = value & 0xffff_ffff_ffff_ffffn;
  if (((id >> 24n) & 0xffffn) !== 0xfffen) return null;
  const digits = ((((id >> 40n) ^ 0x02_0000n) << 24n) | (id & 0xff_ffffn)).toString(16).padStart(12, '0');
  return digits.match(/../g)?.join(':') ?? null;
}
