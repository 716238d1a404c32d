import fc from 'fast-check';

/** A cloud by chance: few networks, so that its parts meet. Networks, routers and guests are known by their place. */
export interface CloudPlan {
  readonly networks: readonly NetworkPlan[];
  /** The address scope of the external network. */
  readonly outsideScope: ScopePlan;
  readonly routers: readonly RouterPlan[];
  readonly groups: readonly (readonly RulePlan[])[];
  readonly guests: readonly GuestPlan[];
  readonly forwardings: readonly { guest: number; router: number; external: number; internal: number }[];
}

/** One of two address scopes, or none. */
export type ScopePlan = 0 | 1 | null;

export interface NetworkPlan {
  readonly hasGateway: boolean;
  readonly scope: ScopePlan;
  /** A route that its guests are told: to a network, by a guest or router's address with this last byte. */
  readonly hostRoute: { to: number; via: number } | null;
}

export interface RouterPlan {
  /** Networks it has a leg in: as their gateway where that is free. */
  readonly legs: readonly number[];
  readonly gateway: boolean;
  readonly snat: boolean;
  readonly up: boolean;
  /** By another address in one of its own networks. */
  readonly routes: readonly { to: RouteTarget; by: number; via: number }[];
}

/** A network, one host of it, two networks, where nobody is, everywhere: so that destinations lie in each other. */
export type RouteTarget = number | { host: number } | 'two networks' | 'elsewhere' | 'everywhere';

export interface RulePlan {
  readonly direction: 'ingress' | 'egress';
  readonly protocol: 'icmp' | 'tcp' | 'udp' | null;
  readonly ports: readonly [number, number] | null;
  readonly remote: 'any' | 'own group' | number;
}

export interface GuestPlan {
  readonly network: number;
  readonly groups: readonly number[];
  readonly security: boolean;
  readonly up: boolean;
  /** Has a floating IP, where its network's router leads outside. */
  readonly floating: boolean;
}

export const servedPorts = [53, 80, 5000];
export const outsideAddress = '203.0.113.9';

/** The block of a network. */
export function cidrOf(network: number): string {
  return `10.${network}.0.0/24`;
}

export function destinationOf(target: RouteTarget): string {
  if (typeof target === 'number') return cidrOf(target);
  if (typeof target === 'object') return `${addressOf(target.host, 11)}/32`;
  return { 'two networks': '10.0.0.0/15', elsewhere: '10.9.0.0/24', everywhere: '0.0.0.0/0' }[target];
}

export function addressOf(network: number, host: number): string {
  return `10.${network}.0.${host}`;
}

const networkAt = fc.integer({ min: 0, max: 3 });
const often = fc.integer({ min: 0, max: 7 }).map((dice) => dice > 0);
/** Last bytes: the gateway, other routers, guests, nobody. */
const someHost = fc.constantFrom(1, 2, 3, 11, 12, 99);

const rule: fc.Arbitrary<RulePlan> = fc.record({
  direction: fc.constantFrom('ingress', 'egress'),
  protocol: fc.constantFrom('icmp', 'tcp', 'udp', null),
  ports: fc.option(fc.constantFrom<readonly [number, number]>([53, 53], [80, 80], [50, 6000], [5000, 5000]), {
    freq: 2,
  }),
  remote: fc.oneof(fc.constantFrom<RulePlan['remote']>('any', 'any', 'own group'), networkAt),
});

const routeTarget: fc.Arbitrary<RouteTarget> = fc.oneof(
  networkAt,
  fc.record({ host: networkAt }),
  fc.constantFrom<RouteTarget>('two networks', 'elsewhere', 'everywhere'),
);
/** Mostly none: between scopes nothing passes, and nothing else would be seen. */
const scope = fc.constantFrom<ScopePlan>(null, null, null, 0, 0, 1);

const router: fc.Arbitrary<RouterPlan> = fc.record({
  legs: fc.uniqueArray(networkAt, { minLength: 1, maxLength: 3 }),
  gateway: often,
  snat: often,
  up: often,
  routes: fc.array(fc.record({ to: routeTarget, by: networkAt, via: someHost }), { maxLength: 3 }),
});

const guest = fc.record({
  network: networkAt,
  groups: fc.uniqueArray(fc.integer({ min: 0, max: 1 }), { maxLength: 2 }),
  security: often,
  up: often,
  floating: fc.boolean(),
});

export const cloudPlan: fc.Arbitrary<CloudPlan> = fc.record({
  networks: fc.array(
    fc.record({
      hasGateway: often,
      scope,
      hostRoute: fc.option(fc.record({ to: networkAt, via: someHost }), { freq: 1, nil: null }),
    }),
    { minLength: 4, maxLength: 4 },
  ),
  outsideScope: scope,
  routers: fc.array(router, { minLength: 1, maxLength: 3 }),
  groups: fc.array(
    fc
      .tuple(fc.array(rule, { maxLength: 4 }), often, often)
      .map(([rules, out, inwards]) => [
        ...rules,
        ...(out ? [open('egress')] : []),
        ...(inwards ? [open('ingress')] : []),
      ]),
    { minLength: 2, maxLength: 2 },
  ),
  guests: fc.array(guest, { minLength: 3, maxLength: 5 }),
  forwardings: fc.array(
    fc.record({
      guest: fc.nat(4),
      router: fc.nat(2),
      external: fc.constantFrom(...servedPorts),
      internal: fc.constantFrom(...servedPorts),
    }),
    { maxLength: 2 },
  ),
});

function open(direction: RulePlan['direction']): RulePlan {
  return { direction, protocol: null, ports: null, remote: 'any' };
}

export interface PacketPlan {
  readonly guest: number;
  readonly protocol: 'icmp' | 'tcp' | 'udp';
  readonly port: number;
  /** Where to: by its place among the addresses that the cloud has. */
  readonly target: number;
}

export const packetPlans = fc.array(
  fc.record({
    guest: fc.nat(4),
    protocol: fc.constantFrom<PacketPlan['protocol']>('icmp', 'icmp', 'tcp', 'udp'),
    port: fc.constantFrom(...servedPorts),
    target: fc.nat(999),
  }),
  { minLength: 24, maxLength: 24 },
);
