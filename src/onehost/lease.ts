/** What a DHCP client was given. */
export interface Lease {
  address: string;
  prefixLength: number;
  /** Option 3; null when the server named none. */
  router: string | null;
  dnsServers: string[];
  domain: string | null;
  hostName: string | null;
  mtu: number | null;
  /** Option 121, pairs of destination and next hop. */
  routes: { destination: string; nextHop: string }[];
  server: string;
  leaseSeconds: number;
  /** Everything the client got, by udhcpc's own names (`opt150` for options it has no name for). */
  raw: Record<string, string>;
}

/** @param environment what the script noted */
export function parseLease(environment: string): Lease {
  const raw: Record<string, string> = {};
  for (const line of environment.split('\n')) {
    const found = /^([a-z][a-z0-9]*)=(.*)$/.exec(line);
    if (found) raw[found[1]!] = found[2]!;
  }
  const words = (key: string) => (raw[key] ?? '').split(' ').filter(Boolean);
  const pairs = words('staticroutes');
  return {
    address: raw.ip ?? '',
    prefixLength: Number(raw.mask),
    router: words('router')[0] ?? null,
    dnsServers: words('dns'),
    domain: raw.domain ?? null,
    hostName: raw.hostname ?? null,
    mtu: raw.mtu ? Number(raw.mtu) : null,
    routes: pairs.flatMap((destination, at) => (at % 2 === 0 ? [{ destination, nextHop: pairs[at + 1]! }] : [])),
    server: raw.serverid ?? '',
    leaseSeconds: Number(raw.lease),
    raw,
  };
}
