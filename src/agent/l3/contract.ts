import type { IpVersion } from '../../lib/ip/address.ts';
import type { Logger } from '../../lib/log.ts';
import type { Host } from '../../linux/contract.ts';
import type { FloatingIpStatus, L3PluginApi, WireRouter, WireRouterPort } from '../../rpc/contract.ts';
import type { Transport } from '../../rpc/transport.ts';
import type { KeptDaemon } from '../daemons/kept.ts';
import type { MetadataRate } from '../daemons/metadata-rate.ts';
import type { L3AgentOptions, L3Options } from './options.ts';

/**
 * What one router must look like on this host. Made by the parts, one after the other, each adding its share (`RouterPart`);
 * then compared with the kernel and put in force as a whole. Nothing in it was read from the host.
 */
export interface RouterState {
  readonly routerId: string;
  /** `qrouter-<id>` */
  readonly namespace: string;
  /** By name. */
  readonly devices: ReadonlyMap<string, RouterDevice>;
  readonly routes: readonly RouterRoute[];
  /** Settings of the namespace, keys with slashes: set before any device is in it. */
  readonly sysctls: ReadonlyMap<string, string>;
  readonly rules: RouterRules;
  readonly floatingIps: ReadonlyMap<string, RouterFloatingIp>;
  readonly daemons: readonly RouterDaemon[];
  /** What was asked for and cannot be. */
  readonly problems: readonly RouterProblem[];
  /** Whether this host forwards the router's traffic: a standby of an HA router announces and reports nothing. */
  readonly isActive: boolean;
  /** Who sets routes: keepalived's routes are left alone. */
  readonly routedBy: 'agent' | 'keepalived';
}

/** A veth pair: `name` in the namespace, `tap` on the host, where the bridge agent takes it into the network's bridge. */
export interface RouterDevice {
  readonly name: string;
  readonly role: 'internal' | 'gateway' | 'ha';
  readonly tap: string;
  readonly port: WireRouterPort;
  readonly mac: string;
  readonly mtu: number;
  /** CIDRs. Others of global scope are removed, where the agent sets them. */
  readonly addresses: string[];
  /** Who sets the addresses: keepalived's are left alone. */
  addressedBy: 'agent' | 'keepalived';
  isUp: boolean;
  /** Of this device, below `net/ipv4/conf/<name>/` or `net/ipv6/conf/<name>/`: `['ipv6', 'accept_ra', '2']`; set before it is up. */
  readonly sysctls: [family: 'ipv4' | 'ipv6', key: string, value: string][];
}

export interface RouterRoute {
  readonly family: IpVersion;
  /** `default` or a CIDR as the kernel prints it. */
  readonly destination: string;
  /** Several: the kernel spreads connections over them. */
  readonly nexthops: readonly RouterNexthop[];
  /** As for people: `extra route of the router`. */
  readonly cause: string;
}

export interface RouterNexthop {
  /** null: on the link */
  readonly via: string | null;
  readonly device: string;
  /** The gateway is on the link though no prefix says so. */
  readonly onLink?: boolean;
}

export type RouterTable = 'raw' | 'mangle' | 'nat' | 'filter';

/** A rule without `-A CHAIN`, exactly as iptables-save prints it: what the kernel has is compared by text. */
export interface RouterRule {
  readonly body: string;
  /** What it comes from, as for people: `floating IP 203.0.113.7 of port …`. */
  readonly cause: string;
}

/** Chains with their full names (`neutron-l3-agent-snat`) by table; wrappers of built-in chains are among them. */
export type RouterRules = Readonly<
  Record<IpVersion, ReadonlyMap<RouterTable, ReadonlyMap<string, readonly RouterRule[]>>>
>;

/** A floating address that this router answers for: it is on the gateway's device and its status is reported. */
export interface RouterFloatingIp {
  readonly id: string;
  /** Without prefix. */
  readonly address: string;
  /** Null where single ports are forwarded only. */
  readonly fixedAddress: string | null;
  /** As the server has it: reported where it is another. */
  readonly status: string;
}

/** A process that serves the router. */
export interface RouterDaemon extends KeptDaemon {
  /** As for people: `radvd`. */
  readonly name: string;
}

export interface RouterProblem {
  readonly resource: string;
  readonly id: string;
  readonly reason: string;
}

/** What parts write the state with. Chains of ours are named without prefix; `$snat` in a rule is one of them, too. */
export interface RouterDraft extends RouterState {
  isActive: boolean;
  routedBy: 'agent' | 'keepalived';
  /** The device of a port, made when it was not there. */
  device(role: RouterDevice['role'], port: WireRouterPort): RouterDevice;
  /** The gateway's device, if there is one. */
  readonly gateway: RouterDevice | null;
  readonly internal: readonly RouterDevice[];
  route(route: RouterRoute): void;
  sysctl(key: string, value: string): void;
  /** A chain of our own, made empty when it is not there. Names have eleven characters at most. */
  chain(family: IpVersion, table: RouterTable, name: string): void;
  /** Behind the rules that are in the chain already; `PREROUTING` is our wrapper of it. The chain is made if need be. */
  rule(family: IpVersion, table: RouterTable, chain: string, body: string, cause: string): void;
  /** The address comes on the gateway's device (`/32`) and the status is reported; NAT is the part's business. */
  floatingIp(floatingIp: RouterFloatingIp): void;
  daemon(daemon: RouterDaemon): void;
  problem(problem: RouterProblem): void;
}

/** What is the same for all routers of this agent. */
export interface L3Facts {
  readonly host: string;
  readonly statePath: string;
  /** How often guests may ask for metadata; left out: as often as they like. */
  readonly metadataRate?: MetadataRate | null;
  readonly options: L3Options;
  readonly agentOptions: L3AgentOptions;
}

/**
 * One subject of routers (radvd, port forwarding …): says what it adds to a router. `src/agent/l3/parts.ts` lists them in
 * the order they are asked; later ones see what earlier ones wrote.
 */
export interface RouterPart {
  readonly name: string;
  /** Adds its share. Pure but for what the part itself remembers. */
  derive(draft: RouterDraft, router: WireRouter, facts: L3Facts): void;
  /** Its own messages and questions, from before the first sync on. */
  start?(context: PartContext): Promise<void>;
  /** Asks the server what `derive` needs beside the routers' own word, for all of them in one question; in dry runs, too. */
  prepare?(routers: readonly WireRouter[], context: PartContext): Promise<void>;
  /**
   * What no list of the state can hold (tc, proxied neighbours, conntrack …): looks, compares, and says what to run, after
   * everything else of the router is in force. @param fresh the namespace has just been made: nothing is in it
   */
  plan?(look: PartLook): Promise<PartStep[]>;
  /** Before anything of the router is changed: what goes is still there. Not in dry runs. */
  before?(router: WireRouter, state: RouterState): Promise<void>;
  /** Everything of the router is in force: what goes on in the background begins or ends. Not in dry runs. */
  after?(router: WireRouter, state: RouterState): void;
  /** What an agent before may have left of a router that is not here any more. */
  leftovers?(routerId: string, facts: L3Facts): RouterDaemon[];
  /** Nothing of the router is on this host any more: what is remembered of the host goes, and files of the part. */
  removed?(routerId: string): void | Promise<void>;
  /** The router is not this host's any more: what the server told of it goes, too. */
  forget?(routerId: string): void;
  close?(): Promise<void>;
}

export interface PartLook {
  readonly host: Host;
  readonly router: WireRouter;
  readonly state: RouterState;
  /** What was in force before, as far as this run of the agent knows. */
  readonly before: RouterState | null;
  readonly fresh: boolean;
}

export interface PartStep {
  /** As for people and for dry runs: one line. */
  readonly text: string;
  run(): Promise<void>;
}

/** What a part has to work with. */
export interface PartContext {
  readonly transport: Transport;
  readonly plugin: L3PluginApi;
  readonly linux: Host;
  readonly logger: Logger;
  readonly facts: L3Facts;
  /** The routers here, as the server last told of them. */
  routers(): Iterable<WireRouter>;
  router(id: string): WireRouter | null;
  /** What is in force of a router. */
  state(id: string): RouterState | null;
  /** Derives these routers anew from what is known: the part's own memory changed. */
  refresh(routerIds: Iterable<string>): void;
  /** Asks the server for these routers. */
  ask(routerIds: Iterable<string>): void;
  /** Reports statuses beside those of `RouterState.floatingIps`. */
  floatingIpStatuses(routerId: string, statuses: Record<string, FloatingIpStatus>): void;
}
