import { eui64, formatAddress } from '../../../src/lib/ip/address.ts';

/** A rule as a tenant writes it; groups by the names of this world. */
export interface Rule {
  direction: 'ingress' | 'egress';
  ethertype: 'IPv4' | 'IPv6';
  /** A number, as the API takes it; without it any. */
  protocol?: number;
  /** First and last port; type and code of ICMP. */
  min?: number;
  max?: number;
  prefix?: string;
  /** Of a security group. */
  group?: string;
  addressGroup?: string;
}

export interface Guest {
  name: string;
  network: string;
  mac: string;
  ipv4: string;
  ipv6: string;
  pairs: { ip: string; mac?: string }[];
  groups: string[];
  /** `off`: port security is off. `trusted`: a port of the network itself (`network:dhcp`). */
  security: 'on' | 'off' | 'trusted';
}

/** What tenants asked for: all that decides which frame must arrive where. */
export interface World {
  groups: Readonly<Record<string, readonly Rule[]>>;
  addressGroups: Readonly<Record<string, readonly string[]>>;
  guests: Readonly<Record<string, Guest>>;
}

/** The address a card gives itself. */
export function linkLocal(mac: string): string {
  return formatAddress(eui64(0xfe80n << 112n, mac), 6);
}

const IPV4_AND_6 = ['IPv4', 'IPv6'] as const;
const [ICMP, TCP, UDP, ICMPV6, SCTP] = [1, 6, 17, 58, 132];
const anywhere: Rule[] = IPV4_AND_6.map((ethertype) => ({ direction: 'egress', ethertype }));

const groups: Record<string, Rule[]> = {
  nothing: [],
  /** A client: all goes out, nothing comes in unasked. */
  out: anywhere,
  /** As the default group: everybody in it to everybody in it. */
  peers: [...anywhere, ...IPV4_AND_6.map((ethertype): Rule => ({ direction: 'ingress', ethertype, group: 'peers' }))],
  services: [
    ...anywhere,
    { direction: 'ingress', ethertype: 'IPv4', protocol: UDP, min: 5000, max: 5010 },
    { direction: 'ingress', ethertype: 'IPv6', protocol: UDP, min: 5353, max: 5353 },
    { direction: 'ingress', ethertype: 'IPv4', protocol: ICMP, min: 8, max: 0 },
    { direction: 'ingress', ethertype: 'IPv6', protocol: ICMPV6, min: 128 },
    { direction: 'ingress', ethertype: 'IPv4', protocol: TCP, min: 22, max: 22, prefix: '10.7.0.3/32' },
    { direction: 'ingress', ethertype: 'IPv4', protocol: TCP, min: 8080, max: 8080, addressGroup: 'friends' },
    { direction: 'ingress', ethertype: 'IPv4', protocol: SCTP },
  ],
  web: [
    ...anywhere,
    ...IPV4_AND_6.map((ethertype): Rule => ({ direction: 'ingress', ethertype, protocol: TCP, min: 80, max: 80 })),
    { direction: 'ingress', ethertype: 'IPv4', protocol: TCP, min: 443, max: 443, group: 'peers' },
    { direction: 'ingress', ethertype: 'IPv4', protocol: UDP, prefix: '10.7.0.0/28' },
    { direction: 'ingress', ethertype: 'IPv6', protocol: UDP, min: 1, max: 65_535, prefix: 'fd07::/125' },
  ],
  /** Asks one name server, and takes everything. */
  narrow: [
    { direction: 'egress', ethertype: 'IPv4', protocol: UDP, min: 53, max: 53, prefix: '10.7.0.7/32' },
    { direction: 'ingress', ethertype: 'IPv4', prefix: '0.0.0.0/0' },
    { direction: 'ingress', ethertype: 'IPv6', prefix: '::/0' },
  ],
};

/** @param at its number in addresses */
export function guest(name: string, at: number, more: Partial<Guest> = {}): Guest {
  const end = at.toString(16).padStart(2, '0');
  return {
    name,
    network: 'red',
    mac: `fa:16:3e:07:00:${end}`,
    ipv4: `10.7.0.${at}`,
    ipv6: `fd07::${at.toString(16)}`,
    pairs: [],
    groups: ['out'],
    security: 'on',
    ...more,
  };
}

const pairsOfAlice = [
  { ip: '10.7.9.0/24' },
  // As VRRP: an address with a MAC of its own.
  { ip: '10.7.0.200', mac: '02:00:5e:00:01:07' },
  { ip: 'fd07:0:0:9::/64' },
];

const guests = [
  guest('alice', 1, { groups: ['peers'], pairs: pairsOfAlice }),
  guest('bob', 2, { groups: ['peers'] }),
  guest('carol', 3),
  guest('dave', 4, { groups: ['services'] }),
  guest('erin', 5, { groups: ['nothing'] }),
  guest('frank', 6, { groups: ['narrow'] }),
  guest('olaf', 7, { groups: [], security: 'off' }),
  guest('gina', 8, { groups: ['web'] }),
  guest('server', 9, { groups: [], security: 'trusted' }),
  // Another network with the same addresses: carol again to the last bit, and one who may send what it likes.
  guest('twin', 3, { network: 'blue' }),
  guest('mimic', 7, { network: 'blue', groups: [], security: 'off' }),
];

export const world: World = {
  groups,
  addressGroups: { friends: ['10.7.9.0/25', '10.7.0.77/32'] },
  guests: Object.fromEntries(guests.map((one) => [one.name, one])),
};
