import { type Address, parseAddress } from '../../lib/ip/address.ts';
import type { WireFloatingIp, WireRouter, WireRouterPort } from '../../rpc/contract.ts';
import type { KnownForwarding, KnownRouter, Packet, Translation } from './contract.ts';
import { isIn } from './rules.ts';

/** What a router's NAT made of a packet, and by what; null: left as it was. */
export interface Translated {
  readonly packet: Packet;
  /** The address scope that it counts for from here on; absent: the one it came from. */
  readonly scope?: string | null;
  readonly cause: string;
  readonly text: string;
}

/** Before the route is chosen: floating IPs, then forwardings of their ports. IPv4 only. */
export function translateArrival({ router, forwardings }: KnownRouter, packet: Packet): Translated | null {
  if (packet.version !== 4) return null;
  const floating = floatingOf(router).find(
    ({ floating_ip_address, fixed_ip_address }) => fixed_ip_address !== null && isIn(packet.dst, floating_ip_address),
  );
  if (floating !== undefined) {
    const scope = floating.fixed_ip_address_scope ?? null;
    return {
      packet: { ...packet, dst: parseAddress(floating.fixed_ip_address!)! },
      ...(scope === scopeOf(router.gw_port, 4) ? {} : { scope }),
      cause: `floating IP ${floating.id}`,
      text: `${floating.floating_ip_address} is ${floating.fixed_ip_address} inside`,
    };
  }
  const forwarding = forwardings.find((one) => isForwarded(one, packet));
  if (forwarding === undefined) return null;
  const { floating_ip_address, internal_ip_address, id } = forwarding;
  const port = forwardedPort(forwarding, packet.port);
  const shown = (address: string, number: number | null) => (number === null ? address : `${address}:${number}`);
  return {
    packet: { ...packet, dst: parseAddress(internal_ip_address)!, port },
    cause: `port forwarding ${id}`,
    text: `${shown(floating_ip_address, packet.port)} is ${shown(internal_ip_address, port)} inside`,
  };
}

function isForwarded({ floating_ip_address, protocol, ...range }: KnownForwarding, packet: Packet): boolean {
  if (!isIn(packet.dst, floating_ip_address) || protocol !== packet.protocol) return false;
  if (range.external_port_start === null) return true;
  return (
    packet.port !== null && packet.port >= range.external_port_start && packet.port <= (range.external_port_end ?? 0)
  );
}

/** Ranges of the same width keep their order; many to one give up theirs. */
function forwardedPort(forwarding: KnownForwarding, port: number | null): number | null {
  const { external_port_start, internal_port_start, internal_port_end } = forwarding;
  if (port === null || external_port_start === null || internal_port_start === null) return port;
  if (internal_port_start === internal_port_end) return internal_port_start;
  return internal_port_start + port - external_port_start;
}

/**
 * Before the packet leaves: what goes out by the gateway, or came to a floating IP from inside, gets a source that answers
 * find back to.
 *
 * @param wasTranslated its destination was a floating IP or a forwarding
 */
export function translateDeparture(
  router: WireRouter,
  packet: Packet,
  { from, to, wasTranslated }: { from: WireRouterPort; to: WireRouterPort; wasTranslated: boolean },
): Translated | null {
  const { gw_port: gateway } = router;
  if (packet.version !== 4 || gateway === undefined) return null;
  const isOut = to === gateway;
  if (!isOut && !wasTranslated) return null;
  const floating = floatingFor(router, packet);
  if (floating !== undefined && from !== gateway) {
    return {
      packet: { ...packet, src: parseAddress(floating.floating_ip_address)! },
      cause: `floating IP ${floating.id}`,
      text: `the sender becomes ${floating.floating_ip_address}`,
    };
  }
  if (isOut && (router.enable_snat !== true || isSameScope(from, gateway, 4))) return null;
  // From outside to a floating IP: the guest sees who it is. From inside the answer must come back by the router.
  if (!isOut && from === gateway) return null;
  const own = ownAddress(gateway);
  if (own === null) return null;
  return {
    packet: { ...packet, src: own },
    cause: `SNAT of router ${router.id}`,
    text: `the sender becomes the router's own address ${gateway.fixed_ips[0]!.ip_address}`,
  };
}

/** An answer, as a router that translated the first packet turns it back; null where it did not. */
export function translatedBack(translations: readonly Translation[], router: string, packet: Packet): Packet | null {
  const found = translations.findLast(
    (one) => one.router === router && isSame(one.after.dst, packet.src) && isSame(one.after.src, packet.dst),
  );
  return found ? { ...packet, src: found.before.dst, dst: found.before.src } : null;
}

/**
 * Why address scopes stop a packet; null: they do not. What goes out by the gateway counts for the outside's scope where its
 * source is rewritten; what comes from who has a floating IP counts for it in networks of that scope, too.
 *
 * @param scope of the side it comes from
 */
export function scopeThatStops(
  router: WireRouter,
  packet: Packet,
  { scope, to }: { scope: string | null; to: WireRouterPort },
): string | null {
  const floating = floatingFor(router, packet);
  const isRewritten = router.enable_snat === true || floating !== undefined;
  if (to === router.gw_port && packet.version === 4 && isRewritten) return null;
  const other = scopeOf(to, packet.version);
  if (scope === other) return null;
  const outside = scopeOf(router.gw_port, 4);
  const speaksOutside = floating !== undefined && (floating.fixed_ip_address_scope ?? null) !== outside;
  if (speaksOutside && packet.version === 4 && other === outside) return null;
  return `address scopes differ: ${scope ?? 'none'} on one side of router ${router.id}, ${other ?? 'none'} on the other`;
}

export function scopeOf(port: WireRouterPort | undefined, version: 4 | 6): string | null {
  return port?.address_scopes[version] ?? null;
}

/** Whether both sides are in one address scope, and in one at all: then addresses mean the same on both. */
function isSameScope(a: WireRouterPort, b: WireRouterPort, version: 4 | 6): boolean {
  return scopeOf(a, version) !== null && scopeOf(a, version) === scopeOf(b, version);
}

function floatingFor(router: WireRouter, { src }: Packet): WireFloatingIp | undefined {
  return floatingOf(router).find(({ fixed_ip_address }) => fixed_ip_address !== null && isIn(src, fixed_ip_address));
}

function floatingOf({ _floatingips = [] }: WireRouter): readonly WireFloatingIp[] {
  return _floatingips;
}

function ownAddress(port: WireRouterPort): Address | null {
  const own = port.fixed_ips.map(({ ip_address }) => parseAddress(ip_address)!);
  return own.find(({ version }) => version === 4) ?? null;
}

function isSame(a: Address, b: Address): boolean {
  return a.version === b.version && a.value === b.value;
}
