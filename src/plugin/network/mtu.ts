import { networkErrors } from './errors.ts';

/** Below this no IPv6 subnet can live on a network (RFC 8200), below that none at all (RFC 791). */
export const MIN_MTU_IPV6 = 1280;
export const MIN_MTU_IPV4 = 68;

/** `[ml2] physical_network_mtus`: MTU in bytes by physical network. */
export type PhysicalNetworkMtus = Readonly<Record<string, number>>;

/** Reads `physnet:mtu` items; a physical network's name may itself hold colons. */
export function parsePhysicalNetworkMtus(items: readonly string[]): {
  mtus: PhysicalNetworkMtus;
  error: string | null;
} {
  const mtus: Record<string, number> = {};
  for (const item of items) {
    const colon = item.lastIndexOf(':');
    const name = item.slice(0, Math.max(colon, 0)).trim();
    const text = item.slice(colon + 1).trim();
    if (name === '' || !/^\d+$/.test(text)) return { mtus: {}, error: `'${item}' is not of the form physnet:mtu` };
    if (Object.hasOwn(mtus, name)) return { mtus: {}, error: `physical network '${name}' is given twice` };
    mtus[name] = Number(text);
  }
  return { mtus, error: null };
}

/** Largest MTU of a network that is not tunnelled: the smaller of the general limit and its physical network's. */
export function physicalMtu(globalMtu: number, mtus: PhysicalNetworkMtus, physicalNetwork: string | null): number {
  const own = physicalNetwork === null ? undefined : mtus[physicalNetwork];
  return own === undefined ? globalMtu : globalMtu === 0 ? own : Math.min(globalMtu, own);
}

/**
 * The MTU a network has: what was asked for, or (0) the largest there can be.
 * @throws InvalidInput when that is less
 */
export function effectiveMtu(largest: number, requested: number): number {
  if (requested > largest) {
    throw networkErrors.InvalidInput({ error_message: `Requested MTU is too big, maximum is ${largest}` });
  }
  return requested === 0 ? largest : requested;
}
