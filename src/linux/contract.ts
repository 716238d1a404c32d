/**
 * The Linux host as agents see it. `Host` is the real one (host.ts) or the fake that prints itself (fake/): plans are made
 * of the same `NetworkOperation`s for both. Reading gives plain data; applying takes a list and is idempotent per
 * operation ("ensure"), batched into as few kernel calls as possible.
 */
export interface Exec {
  /**
   * Runs a program through the agent's helper process: argv only, never a shell; `LC_ALL=C`.
   * @throws CommandFailed on an exit code that is not in `okCodes` (default [0]), on a timeout, or when the helper died
   */
  run(argv: readonly string[], options?: RunOptions): Promise<CommandResult>;
  /** Starts a daemon that outlives helper and agent (double fork, own session, closed stdin); resolves when it is launched. */
  daemon(
    argv: readonly string[],
    options?: { netns?: string; env?: Record<string, string>; logFile?: string },
  ): Promise<void>;
  close(): Promise<void>;
}

export interface RunOptions {
  /** Name of a network namespace to run in. */
  netns?: string;
  stdin?: string;
  /** Default 10,000. */
  timeoutMs?: number;
  okCodes?: readonly number[];
}

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

export class CommandFailed extends Error {
  readonly argv: readonly string[];
  readonly code: number | null;
  readonly stderr: string;
  readonly netns: string | null;

  constructor(details: {
    argv: readonly string[];
    code: number | null;
    stderr: string;
    netns?: string | null;
    why?: string;
  }) {
    super(
      `${details.argv.join(' ')}: ${details.why ?? `exit code ${details.code}`}${details.stderr ? `: ${details.stderr.trim()}` : ''}`,
    );
    this.name = 'CommandFailed';
    this.argv = details.argv;
    this.code = details.code;
    this.stderr = details.stderr;
    this.netns = details.netns ?? null;
  }
}

/** One network device, as `ip -j -d addr show` tells it. */
export interface Link {
  name: string;
  ifindex: number;
  /** `bridge`, `veth`, `tun`, `vlan`, `vxlan` …; null for plain hardware. */
  kind: string | null;
  mac: string | null;
  mtu: number;
  /** Administratively up. */
  up: boolean;
  /** Lower layer up (carrier). */
  carrier: boolean;
  master: string | null;
  /** For a veth: ifindex of the other end, and whether that end is in another namespace. */
  peer: { ifindex: number; elsewhere: boolean } | null;
  alias: string | null;
  addresses: readonly Address[];
  /** Of a VLAN device: what it cuts out of which. */
  vlan?: Vlan;
  vxlan?: Vxlan;
}

export interface Vlan {
  /** The device whose tagged frames these are; null when it is in another namespace. */
  link: string | null;
  vid: number;
  /** `802.1Q`, `802.1ad` */
  protocol: string;
}

export interface Vxlan {
  vni: number;
  /** The device that tunnel packets leave by; null where routes decide. */
  link: string | null;
  /** Source address of tunnel packets; null where the kernel chooses. */
  local: string | null;
  /** Where frames without a known receiver go to: a multicast group, or nowhere by itself. */
  group: string | null;
  /** UDP port of the receivers. */
  port: number;
  /** First and last source port; the kernel's choice where both are 0. */
  sourcePorts: readonly [number, number];
  /** 0 is the kernel's choice. */
  ttl: number;
  /** 1 means, as for the kernel, that it is copied from the packet inside. */
  tos: number;
  /** Answers ARP and neighbour solicitations from its neighbour table. */
  proxy: boolean;
}

export interface Address {
  /** `192.168.56.11/24` */
  cidr: string;
  family: 4 | 6;
  scope: 'global' | 'link' | 'host' | 'site';
  dynamic: boolean;
  broadcast: string | null;
  /** The other end, where the prefix is its and not the address's own (`10.0.0.1 peer 10.0.0.2/32`). */
  peer?: string;
}

/** One route of the main table. */
export interface Route {
  family: 4 | 6;
  /** `default` or a CIDR. */
  destination: string;
  via: string | null;
  device: string | null;
  metric: number | null;
  /** `kernel`, `boot`, `static`, `dhcp`, `ra` … */
  protocol: string;
  scope: string | null;
  source: string | null;
  /** The gateway is on the link though no prefix says so. */
  onLink?: boolean;
}

/** The network state of one namespace (or of the host). */
export interface NetworkState {
  readonly links: ReadonlyMap<string, Link>;
  readonly routes: readonly Route[];
}

/** What a plan is made of. Every operation may be repeated without harm. */
export type NetworkOperation =
  | { op: 'ensure_bridge'; name: string; mtu?: number }
  | { op: 'ensure_veth'; name: string; peer: string; peerNetns?: string; peerMac?: string }
  | { op: 'ensure_vlan'; name: string; link: string; vid: number }
  | ({ op: 'ensure_vxlan'; name: string } & Vxlan)
  /** Another device carries the tunnel packets from now on; what the device knows of its peers stays. */
  | { op: 'move_vxlan'; name: string; link: string }
  | { op: 'delete_link'; name: string }
  /** A network namespace of this host; without a line for `lo`, which stays down. */
  | { op: 'ensure_namespace'; name: string }
  | { op: 'set_up'; name: string }
  | { op: 'set_down'; name: string }
  | { op: 'set_mtu'; name: string; mtu: number }
  | { op: 'set_mac'; name: string; mac: string }
  | { op: 'set_alias'; name: string; alias: string }
  | { op: 'set_master'; name: string; master: string | null }
  | { op: 'move_to_netns'; name: string; netns: string; rename?: string }
  | { op: 'add_address'; device: string; cidr: string; broadcast?: string | null; peer?: string }
  | { op: 'delete_address'; device: string; cidr: string; peer?: string }
  | {
      op: 'replace_route';
      family: 4 | 6;
      destination: string;
      via: string | null;
      device: string;
      metric?: number | null;
      source?: string | null;
      protocol?: string;
      /** Do not check that the gateway can be reached by what is there. */
      onLink?: boolean;
    }
  | {
      op: 'delete_route';
      family: 4 | 6;
      destination: string;
      via: string | null;
      device: string;
      metric?: number | null;
    }
  | { op: 'sysctl'; key: string; value: string };

/** A change the kernel announced. */
export interface LinkEvent {
  kind: 'added' | 'changed' | 'removed';
  name: string;
  ifindex: number;
}

/** An IPv4 address came or went, in whichever namespace; devices are told apart by their names. */
export interface AddressEvent {
  kind: 'added' | 'removed';
  device: string;
  cidr: string;
}

export interface Host {
  readonly exec: Exec;
  /** Links with addresses and the main routing tables of the host or of one namespace. */
  readNetwork(netns?: string): Promise<NetworkState>;
  /** What was read, with these links as they are now, or without them; routes are kept as they were. */
  readAgain(state: NetworkState, names: readonly string[]): Promise<NetworkState>;
  /** Applies in order. @throws ApplyFailed naming the first operation that failed; later ones were not tried */
  apply(operations: readonly NetworkOperation[], netns?: string): Promise<void>;
  /** Follows link events of the host until closed; `onLost` when the monitor had to be restarted (re-read everything). */
  watchLinks(onEvent: (event: LinkEvent) => void, onLost: () => void): Promise<{ close(): Promise<void> }>;
  /** Follows IPv4 addresses of the host and of namespaces with a veth to it until closed. */
  watchAddresses(onEvent: (event: AddressEvent) => void, onLost: () => void): Promise<{ close(): Promise<void> }>;
  listNetns(): Promise<string[]>;
  /** Creates it with `lo` up. */
  ensureNetns(name: string): Promise<void>;
  removeNetns(name: string): Promise<void>;
  close(): Promise<void>;
}

export class ApplyFailed extends Error {
  readonly operation: NetworkOperation;
  readonly stderr: string;

  constructor(operation: NetworkOperation, stderr: string) {
    super(`${describeOperation(operation)}: ${stderr.trim()}`);
    this.name = 'ApplyFailed';
    this.operation = operation;
    this.stderr = stderr;
  }
}

/** The operation as one line an operator reads: `set_master name=tap1234 master=brq5678`. */
export function describeOperation(operation: NetworkOperation): string {
  const { op, ...rest } = operation;
  const words = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${value}`);
  return [op, ...words].join(' ');
}
