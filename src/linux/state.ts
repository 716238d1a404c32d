import type { Address, Link, NetworkState, Route } from './contract.ts';

/**
 * What `ip -j -d -batch -` is asked for the state of one namespace, and what its three lines of JSON mean. The family of
 * a route dump is chosen by `root`, because options such as `-6` hold for a whole batch.
 */
export const READ_STATE = [
  'addr show',
  'route show table main root 0.0.0.0/0',
  'route show table main root ::/0',
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
  linkinfo?: { info_kind?: string };
  addr_info?: IpAddress[];
}

interface IpAddress {
  family: 'inet' | 'inet6';
  local: string;
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
}

/** @param output stdout of the three commands of `READ_STATE`, one line of JSON each */
export function parseState(output: string): NetworkState {
  const [links = '[]', routes4 = '[]', routes6 = '[]'] = output.split('\n').filter((line) => line.startsWith('['));
  const rows = (JSON.parse(links) as IpLink[]).filter((row) => row.ifname !== undefined);
  const indexOf = new Map(rows.map((row) => [row.ifname, row.ifindex]));
  return {
    links: new Map(rows.map((row) => [row.ifname, parseLink(row, indexOf)])),
    routes: [
      ...(JSON.parse(routes4) as IpRoute[]).filter(isUnicast).map((row) => parseRoute(row, 4)),
      ...(JSON.parse(routes6) as IpRoute[]).filter(isUnicast).map((row) => parseRoute(row, 6)),
    ],
  };
}

function parseLink(row: IpLink, indexOf: ReadonlyMap<string, number>): Link {
  const kind = row.linkinfo?.info_kind ?? (row.link_type === 'loopback' ? 'loopback' : null);
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
  };
}
