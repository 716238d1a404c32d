import { exactInteger } from '../../lib/exact-json.ts';
import { valueOfKey } from '../../lib/ip/address.ts';
import { parseCidr } from '../../lib/ip/cidr.ts';
import {
  type AnyExpressions,
  type AnyQuery,
  type Attribute,
  child,
  columnReader,
  type Definition,
  type Row,
} from './definition.ts';
import { inChild, oneOf } from './filters.ts';

const columns = ['id', 'name', 'project_id'];
const column = columnReader(columns);

/** How many addresses there are, and are taken. */
interface Count {
  /** In the allocation pools; where there are none, in the whole subnet. */
  total: bigint;
  used: number;
  /** In the subnet, and in its pools, each by itself. */
  inSubnet: bigint;
  inPools: bigint;
  usedInPools: number;
}

interface SubnetCount extends Count {
  readonly id: string;
  readonly name: string;
  readonly cidr: string;
  readonly version: number;
}

type SubnetRow = readonly [
  network: string,
  id: string,
  name: string,
  cidr: string,
  version: number,
  used: number | string,
  first: string | null,
  last: string | null,
  usedInPool: number | string,
];

/** By the rows they were counted from: each attribute of a network asks anew. */
const counted = new WeakMap<readonly Row[], readonly SubnetCount[]>();

/** The subnets of a network; there is a row for each of their pools, and one for a subnet without. */
function subnetsOf(rows: readonly Row[]): readonly SubnetCount[] {
  const known = counted.get(rows);
  if (known !== undefined) return known;
  const subnets = new Map<string, SubnetCount>();
  for (const [, id, name, cidr, version, used, first, last, usedInPool] of rows as readonly SubnetRow[]) {
    const subnet = subnets.get(id) ?? { id, name, cidr, version, used: Number(used), ...withoutPools(cidr) };
    subnets.set(id, subnet);
    if (first === null || last === null) continue;
    subnet.inPools += valueOfKey(last) - valueOfKey(first) + 1n;
    subnet.usedInPools += Number(usedInPool);
    subnet.total = subnet.inPools;
  }
  const list = [...subnets.values()];
  counted.set(rows, list);
  return list;
}

/** Of IPv4, network and broadcast address are left out of what a subnet has, as upstream does. */
function withoutPools(text: string) {
  const { first, last, version, prefix } = parseCidr(text)!;
  const total = last - first + 1n;
  return { total, inSubnet: version === 4 && prefix < 31 ? total - 2n : total, inPools: 0n, usedInPools: 0 };
}

function details(counts: readonly Count[]): unknown {
  return {
    total_ips_in_subnet: sum(counts, ({ inSubnet }) => inSubnet),
    total_ips_in_allocation_pool: sum(counts, ({ inPools }) => inPools),
    used_ips_in_subnet: sum(counts, ({ used }) => used),
    used_ips_in_allocation_pool: sum(counts, ({ usedInPools }) => usedInPools),
  };
}

function sum(counts: readonly Count[], of: (count: Count) => bigint | number) {
  return exactInteger(counts.reduce((total, count) => total + BigInt(of(count)), 0n));
}

const DETAILS = 'network-ip-availability-details';

const attributes: readonly Attribute[] = [
  { key: 'network_id', alias: null, ...column.token('id') },
  { key: 'network_name', alias: null, ...column.plain('name') },
  { key: 'tenant_id', alias: null, ...column.plain('project_id') },
  { key: 'project_id', alias: null, ...column.plain('project_id') },
  {
    key: 'subnet_ip_availability',
    alias: null,
    child: 'subnets',
    value: (_, rows, { extensions }) =>
      subnetsOf(rows).map((subnet) => ({
        subnet_id: subnet.id,
        ip_version: subnet.version,
        cidr: subnet.cidr,
        subnet_name: subnet.name,
        used_ips: subnet.used,
        total_ips: exactInteger(subnet.total),
        ...(extensions?.has(DETAILS) !== false && { ip_availability_details: details([subnet]) }),
      })),
  },
  { key: 'used_ips', alias: null, child: 'subnets', value: (_, rows) => sum(subnetsOf(rows), ({ used }) => used) },
  { key: 'total_ips', alias: null, child: 'subnets', value: (_, rows) => sum(subnetsOf(rows), ({ total }) => total) },
  { key: 'ip_availability_details', alias: DETAILS, child: 'subnets', value: (_, rows) => details(subnetsOf(rows)) },
];

/** How many addresses of a subnet are taken, or of them those in a pool. */
const taken = (eb: AnyExpressions) =>
  eb
    .selectFrom('ipallocations')
    .whereRef('ipallocations.subnet_id', '=', 'subnets.id')
    .select(eb.fn.countAll().as('count'));

/**
 * How many addresses the networks have and how many are taken (upstream: db/network_ip_availability_db.py). One statement
 * counts for all networks of a list, by the key (subnet_id, ip_key).
 *
 * @param version counts the subnets of this version only
 */
function availability(version: 4 | 6 | null): Definition {
  return {
    table: 'networks',
    key: 'network_id',
    columns,
    attributes,
    children: {
      subnets: child('subnets.network_id', (db) => {
        const rows = (db.selectFrom('subnets') as AnyQuery)
          .leftJoin('ipallocationpools as pool', 'pool.subnet_id', 'subnets.id')
          .select(['subnets.network_id', 'subnets.id', 'subnets.name', 'subnets.cidr', 'subnets.ip_version'])
          .select((eb: AnyExpressions) => [
            taken(eb).as('used'),
            'pool.first_key',
            'pool.last_key',
            taken(eb)
              .whereRef('ipallocations.ip_key', '>=', 'pool.first_key')
              .whereRef('ipallocations.ip_key', '<=', 'pool.last_key')
              .as('used_in_pool'),
          ])
          .orderBy('subnets.network_id')
          .orderBy('subnets.standard_attr_id');
        return version === null ? rows : rows.where('subnets.ip_version', '=', version);
      }),
    },
    filters: {
      network_id: oneOf('id'),
      network_name: oneOf('name'),
      project_id: oneOf('project_id'),
      ip_version: inChild('subnets', 'network_id', 'ip_version'),
    },
    sorts: { network_id: 'id' },
  };
}

export const networkIpAvailabilities = {
  network_ip_availabilities: availability(null),
  network_ip_availabilities_v4: availability(4),
  network_ip_availabilities_v6: availability(6),
} as const;
