import type { AddressPair, FixedIp } from '../../resources/shapes.ts';
import { portErrors } from './errors.ts';

/** A pair as a client writes it. */
export interface PairRequest {
  ip_address: string;
  mac_address?: string | null;
}

/** The port a list of pairs is for. */
export interface PairedPort {
  mac_address: string;
  fixed_ips: readonly FixedIp[];
  port_security_enabled: boolean;
}

/**
 * Completes and checks `allowed_address_pairs` (upstream: db/allowedaddresspairs_db.py).
 * @throws AddressPairAndPortSecurityRequired, AllowedAddressPairExhausted, DuplicateAddressPairInRequest,
 * AddressPairMatchesPortFixedIPAndMac
 */
export function completePairs(requested: readonly PairRequest[], port: PairedPort, limit: number): AddressPair[] {
  if (requested.length === 0) return [];
  if (!port.port_security_enabled) throw portErrors.AddressPairAndPortSecurityRequired();
  if (limit >= 0 && requested.length > limit) throw portErrors.AllowedAddressPairExhausted({ quota: limit });
  const seen = new Set<string>();
  return requested.map(({ ip_address, mac_address }) => {
    const pair = { mac_address: mac_address ?? port.mac_address, ip_address };
    const key = `${pair.mac_address} ${ip_address}`;
    if (seen.has(key)) throw portErrors.DuplicateAddressPairInRequest({ ...pair });
    seen.add(key);
    const own = port.fixed_ips.some((fixed) => fixed.ip_address === ip_address);
    if (own && pair.mac_address === port.mac_address) throw portErrors.AddressPairMatchesPortFixedIPAndMac();
    return pair;
  });
}
