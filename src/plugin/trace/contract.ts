import type { Address, IpVersion } from '../../lib/ip/address.ts';
import type { Network, Port, Subnet } from '../../resources/shapes.ts';
import type { WireRouter } from '../../rpc/contract.ts';

/** The first packet of a flow, as it is at some place on its way. */
export interface Packet {
  readonly version: IpVersion;
  readonly src: Address;
  readonly dst: Address;
  readonly protocol: 'icmp' | 'tcp' | 'udp';
  /** Where it is sent to; null: a ping. */
  readonly port: number | null;
}

/** One place that the packet comes by. */
export interface Hop {
  /** What kind of place: `tap`, `egress`, `route`, `bridge`, `leg`, `router`, `nat`, `gateway`, `ingress`, `arrival`. */
  readonly hop: HopKind;
  readonly state: 'passes' | 'drops' | 'unknown';
  /** What happens there, one sentence. */
  readonly text: string;
  /** The rule, route, floating IP … that decides, with its id. */
  readonly cause?: string;
  readonly remedy?: string;
  /** The same for a program: what is to be made or changed, as far as it is known. */
  readonly mend?: Mend;
}

/** A change that would let the packet go on. */
export interface Mend {
  /** Its collection as the API's lists have it: `security_group_rules`. */
  readonly resource: 'security_group_rules' | 'ports' | 'networks' | 'subnets' | 'routers' | 'floatingips';
  /** What is to be changed; null: one is to be made. */
  readonly id: string | null;
  /** Attributes and their values; those that somebody must choose are left out. */
  readonly values: Readonly<Record<string, unknown>>;
  /** A router is to be joined to this network, in place of the above. */
  readonly join?: string;
}

export type HopKind =
  | 'tap'
  | 'egress'
  | 'route'
  | 'bridge'
  | 'leg'
  | 'router'
  | 'nat'
  | 'gateway'
  | 'ingress'
  | 'arrival';

/**
 * `arrives`: at a port or a router's own address. `leaves`: into a network that others rule, where nothing is known.
 * `unknown`: it depends on something that the rows do not say.
 */
export type Verdict = 'arrives' | 'dropped' | 'leaves' | 'unknown';

/** A hop with the project whose thing it tells of; null: everybody's. */
export interface KnownHop extends Hop {
  readonly project: string | null;
}

export interface Trace {
  port_id: string;
  from: string;
  to: string;
  protocol: string;
  port: number | null;
  verdict: Verdict;
  /** One sentence: where it comes to, or what stops it. */
  summary: string;
  hops: Hop[];
  /** The way back of the first answer; only where the packet arrives. */
  answer?: { verdict: Verdict; summary: string; hops: Hop[] };
}

/** A rule of a port's groups, with the addresses that it stands for where it names a group of them. */
export interface KnownRule {
  readonly id: string;
  readonly group: string;
  readonly stateful: boolean;
  readonly direction: 'ingress' | 'egress';
  readonly ethertype: 'IPv4' | 'IPv6';
  readonly protocol: string | null;
  readonly port_range_min: number | null;
  readonly port_range_max: number | null;
  /** CIDRs and addresses; null: any. */
  readonly remote: readonly string[] | null;
}

/** A forwarding of a floating IP's port, as `portforwardings` has it. */
export interface KnownForwarding {
  readonly id: string;
  readonly floating_ip_address: string;
  readonly protocol: string;
  readonly external_port_start: number | null;
  readonly external_port_end: number | null;
  readonly internal_ip_address: string;
  readonly internal_port_start: number | null;
  readonly internal_port_end: number | null;
}

export interface KnownRouter {
  readonly router: WireRouter;
  readonly forwardings: readonly KnownForwarding[];
  /** Hosts whose agents serve it, and whether they are alive. */
  readonly agents: readonly { readonly host: string; readonly alive: boolean }[];
}

/** Rows, as the model asks for them on the way. Everything else is worked out. */
export interface TraceWorld {
  port(id: string): Promise<Port | null>;
  /** The port of a network that has the address: its own, or by an address pair (`pair`). */
  holder(networkId: string, address: string): Promise<{ port: Port; by: 'own' | 'pair' } | null>;
  network(id: string): Promise<{ network: Network; subnets: readonly Subnet[] }>;
  router(id: string): Promise<KnownRouter | null>;
  /** The router that answers for the floating IP whose port this is; null: none does. */
  routerOfFloating(portId: string): Promise<string | null>;
  /** Whether hosts filter at all, in this configuration. */
  readonly filters: boolean;
  /** Rules of the groups of a port. */
  rules(port: Port): Promise<readonly KnownRule[]>;
}

/** What a router remembers of a flow that it translated, and how its answers are translated back. */
export interface Translation {
  readonly router: string;
  readonly before: Packet;
  readonly after: Packet;
}

/** An answer goes by what is remembered of the first packet: rules of stateful groups, and translations. */
export interface Memory {
  readonly translations: readonly Translation[];
  /** The rule that let the first packet out, which lets its answer in; null: nothing filtered there. */
  readonly left: KnownRule | null;
  /** The rule that let it in. */
  readonly entered: KnownRule | null;
}
