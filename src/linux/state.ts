import type { Address, Link, NetworkState, Route, Vlan, Vxlan } from './contract.ts';
import { INHERITED_TOS } from './operations.ts';

/**
 * What is asked for the state of one namespace. Routes of IPv6 take a process of their own: the family is an option of
 * `ip`, not of a line in its batch.
 */
export const READ_COMMANDS = [
  ['-j', '-d', 'addr', 'show'],
  ['-j', '-4', 'route', 'show', 'table', 'main'],
  ['-j', '-6', 'route', 'show', 'table', 'main'],
] as const;

/** A dump that met a change while it ran says so on stderr; it must be read again. */
export const DUMP_INTERRUPTED = /Dump was interrupted/;

interface IpLink {
  ifindex: number;
  ifname: string;
  flags: string[];
  mtu: number;
  address?: string;
  link_type: string;
  link?: string | null;
  link_index?: number;
  link_netnsid?: number;
  master?: string;
  ifalias?: string;
  linkinfo?: { info_kind?: string; info_data?: Partial<IpVlan & IpVxlan> };
  addr_info?: IpAddress[];
}

interface IpVlan {
  protocol: string;
  id: number;
}

/** Flags are there when they are on; older releases of iproute2 tell `tos` as a number, newer ones as hexadecimal text. */
interface IpVxlan {
  id: number;
  link?: string;
  local?: string;
  local6?: string;
  group?: string;
  group6?: string;
  remote?: string;
  remote6?: string;
  port?: number;
  port_range?: { low: number; high: number };
  ttl?: number | string;
  tos?: number | string;
  proxy?: boolean;
}

interface IpAddress {
  family: 'inet' | 'inet6';
  local: string;
  /** The other end of a point-to-point address. */
  address?: string;
  prefixlen: number;
  scope: string;
  broadcast?: string;
  dynamic?: boolean;
  tentative?: boolean;
}

interface IpRoute {
  type: string;
  dst: string;
  gateway?: string;
  via?: { host: string };
  dev?: string;
  metric?: number;
  protocol?: string;
  scope?: string;
  prefsrc?: string;
  flags?: string[];
}

/** @param outputs stdout of each of `READ_COMMANDS` */
export function parseState([links, routes4, routes6]: readonly string[]): NetworkState {
  const rows = (parseRows(links) as IpLink[]).filter((row) => row.ifname !== undefined);
  const indexOf = new Map(rows.map((row) => [row.ifname, row.ifindex]));
  return {
    links: new Map(rows.map((row) => [row.ifname, parseLink(row, indexOf)])),
    routes: [
      ...(parseRows(routes4) as IpRoute[]).filter(isUnicast).map((row) => parseRoute(row, 4)),
      ...(parseRows(routes6) as IpRoute[]).filter(isUnicast).map((row) => parseRoute(row, 6)),
    ],
  };
}

/** Options and lines of `ip -batch` that tell of single links; those that are not there are told of on stderr. */
export const READ_LINKS = ['-j', '-d', '-force', '-batch', '-'] as const;
export const readLinkLine = (name: string): string => `addr show dev ${name}`;

/** @param output stdout of `READ_LINKS` with a line for each of the names */
export function parseLinksAgain(state: NetworkState, names: readonly string[], output: string): NetworkState {
  const rows = output
    .split('\n')
    .filter(Boolean)
    .flatMap((line) => parseRows(line) as IpLink[])
    .filter((row) => row.ifname !== undefined);
  const links = new Map(state.links);
  for (const name of names) links.delete(name);
  const indexOf = new Map([...links.values()].map((link) => [link.name, link.ifindex]));
  for (const row of rows) indexOf.set(row.ifname, row.ifindex);
  for (const row of rows) links.set(row.ifname, parseLink(row, indexOf));
  return { ...state, links };
}

/** `ip -j` prints nothing at all, an empty list, or a list that may hold empty objects for what a filter left out. */
function parseRows(output: string | undefined): unknown[] {
  return output?.trim() ? (JSON.parse(output) as unknown[]) : [];
}

function parseLink(row: IpLink, indexOf: ReadonlyMap<string, number>): Link {
  const kind = row.linkinfo?.info_kind ?? (row.link_type === 'loopback' ? 'loopback' : null);
  const data = row.linkinfo?.info_data;
  return {
    name: row.ifname,
    ifindex: row.ifindex,
    kind,
    mac: row.link_type === 'ether' ? (row.address ?? null) : null,
    mtu: row.mtu,
    up: row.flags.includes('UP'),
    carrier: row.flags.includes('LOWER_UP'),
    master: row.master ?? null,
    peer: kind === 'veth' ? parsePeer(row, indexOf) : null,
    alias: row.ifalias ?? null,
    addresses: (row.addr_info ?? []).filter((address) => address.local !== undefined).map(parseAddress),
    ...(kind === 'vlan' && data && { vlan: parseVlan(row, data as IpVlan) }),
    ...(kind === 'vxlan' && data && { vxlan: parseVxlan(data as IpVxlan) }),
  };
}

/** The lower device is told by index, and without a name, when it is in another namespace. */
function parseVlan(row: IpLink, data: IpVlan): Vlan {
  return { link: row.link ?? null, vid: data.id, protocol: data.protocol };
}

function parseVxlan(data: IpVxlan): Vxlan {
  return {
    vni: data.id,
    link: data.link ?? null,
    local: data.local ?? data.local6 ?? null,
    group: data.group ?? data.group6 ?? data.remote ?? data.remote6 ?? null,
    port: data.port ?? 0,
    sourcePorts: [data.port_range?.low ?? 0, data.port_range?.high ?? 0],
    // "auto" in a listing for people is 0 in one for programs; "inherit" is a TTL that we never give.
    ttl: Number(data.ttl ?? 0) || 0,
    tos: data.tos === 'inherit' ? INHERITED_TOS : Number(data.tos ?? 0),
    proxy: data.proxy ?? false,
  };
}

/** The other end is told by index when it is in another namespace, else by name. */
function parsePeer(row: IpLink, indexOf: ReadonlyMap<string, number>): Link['peer'] {
  if (row.link_index !== undefined) return { ifindex: row.link_index, elsewhere: true };
  const ifindex = row.link ? indexOf.get(row.link) : undefined;
  return ifindex === undefined ? null : { ifindex, elsewhere: false };
}

function parseAddress(row: IpAddress): Address {
  return {
    cidr: `${row.local}/${row.prefixlen}`,
    family: row.family === 'inet' ? 4 : 6,
    scope: row.scope as Address['scope'],
    dynamic: row.dynamic ?? false,
    broadcast: row.broadcast ?? null,
    ...(row.address !== undefined && { peer: row.address }),
  };
}

function isUnicast(row: IpRoute): boolean {
  return row.type === undefined || row.type === 'unicast';
}

function parseRoute(row: IpRoute, family: 4 | 6): Route {
  return {
    family,
    destination: row.dst,
    via: row.gateway ?? row.via?.host ?? null,
    device: row.dev ?? null,
    metric: row.metric ?? null,
    protocol: row.protocol ?? 'boot',
    scope: row.scope ?? null,
    source: row.prefsrc ?? null,
    ...(row.flags?.includes('onlink') && { onLink: true }),
  };
}
