import type { ExplainStep, WireRule } from '../../rpc/contract.ts';

/** A port of this host as firewalls see it. The same object is given again as long as nothing of it changed. */
export interface FirewallPort {
  /** The tap's name. */
  readonly tap: string;
  readonly portId: string;
  /** The bridge it belongs into: ports of one share a conntrack zone. */
  readonly bridge: string;
  /**
   * `filtered`: as its groups say, from its own addresses only. `open`: everything may pass (trusted, or without port
   * security). `closed`: nothing may, for its rules are not known yet.
   */
  readonly filter: 'filtered' | 'open' | 'closed';
  readonly mac: string;
  readonly fixedIps: readonly string[];
  readonly addressPairs: readonly { readonly ip_address: string; readonly mac_address: string }[];
  readonly groups: readonly string[];
  /** Its guest may send and get frames with VLAN tags: the network is `vlan_transparent`. Filters do not look into them. */
  readonly guestTags?: boolean;
  /** What the server gives every port whatever its groups say: DHCP and router advertisements. */
  readonly providerRules: readonly WireRule[];
}

/** Addresses of a remote group or an address group, by IP version. An address may be a CIDR. */
export type Members = Readonly<
  Partial<Record<'IPv4' | 'IPv6', readonly (readonly [address: string, mac: string | null])[]>>
>;

/** Everything the host's firewall must be. Arrays are given again, the same, as long as nothing of them changed. */
export interface FirewallState {
  /** By tap. */
  readonly ports: ReadonlyMap<string, FirewallPort>;
  /** Rules of each group that some port has. */
  readonly groups: ReadonlyMap<string, readonly WireRule[]>;
  /** Of each group and address group that some rule refers to. */
  readonly members: ReadonlyMap<string, Members>;
}

export interface FirewallOutcome {
  /** Taps of whose rules nothing is in force: nothing may pass there, and they must not be opened up. With the reason. */
  readonly closed: ReadonlyMap<string, string>;
  /** Taps with rules in force that are not the newest; it is tried again. With the reason. */
  readonly late: ReadonlyMap<string, string>;
}

/** What drivers of a host tell each other within one pass. */
export interface Together {
  /**
   * Settles with taps that a guard could not guard, with the reason: what filters must not open them now. Guards do not
   * wait for it, nor for a lock that others may hold while they do.
   */
  readonly unguarded: Promise<ReadonlyMap<string, string>>;
  /** For guards: says so as soon as it is known; the end of `apply` says it, too. */
  guarded(closed: ReadonlyMap<string, string>): void;
}

/**
 * A firewall of one host. Built-in: `iptables` and `noop`. Desired state: `apply` is told all there must be, and changes
 * what differs; it is called with every pass of the agent and must cost next to nothing when nothing changed.
 */
export interface FirewallDriver {
  readonly name: string;
  /** Others open a tap only when this one has done its part. */
  readonly guards?: boolean;
  /** Looks whether this host can do it. @throws CannotStart with option and remedy */
  start(): Promise<void>;
  /**
   * @param isThere whether a tap is on this host: rules of taps that are neither in `state` nor there are removed, those
   *   of taps that are there and that nobody told us of are left alone
   * @param together absent where there is no other driver
   */
  apply(state: FirewallState, isThere: (tap: string) => boolean, together?: Together): Promise<FirewallOutcome>;
  /** What apply would do, a line each, for `--dry-run`. */
  plan(state: FirewallState, isThere: (tap: string) => boolean): Promise<string[]>;
  /** What of a port's rules is in force: read only, from the kernel as it is now. */
  explain?(state: FirewallState, tap: string): Promise<ExplainStep[]>;
  /**
   * Forgets what it knows of the kernel: the next `apply` looks again.
   *
   * @param unchanged what it need not look at, if it has: nobody changed it since the last call
   */
  distrust(unchanged?: Unchanged): void;
}

/** What of the kernel's rules is known to be as it was. */
export interface Unchanged {
  /** All tables of nftables. Those of the legacy flavours of iptables and ebtables are others. */
  readonly nftables: boolean;
}
