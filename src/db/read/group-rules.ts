import type { Db } from '../database.ts';
import { preparedIn } from '../prepared.ts';

/** What agents filter by, read for many ports at once: rules of groups, and the addresses that rules refer to. */

export interface GroupRule {
  id: string;
  security_group_id: string;
  direction: 'ingress' | 'egress';
  ethertype: 'IPv4' | 'IPv6';
  protocol: string | null;
  port_range_min: number | null;
  port_range_max: number | null;
  normalized_cidr: string | null;
  remote_group_id: string | null;
  remote_address_group_id: string | null;
}

const rules = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('securitygrouprules')
    .select([
      'id',
      'security_group_id',
      'direction',
      'ethertype',
      'protocol',
      'port_range_min',
      'port_range_max',
      'normalized_cidr',
      'remote_group_id',
      'remote_address_group_id',
    ])
    .where('security_group_id', 'in', ids)
    .orderBy('standard_attr_id'),
);

export async function rulesOfGroups(db: Db, groupIds: readonly string[]): Promise<GroupRule[]> {
  return (await rules.all(db, groupIds)) as GroupRule[];
}

/** An address that a group or address group stands for; the MAC only where an address pair names one. */
export interface MemberAddress {
  group: string;
  address: string;
  mac: string | null;
}

const fixed = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('securitygroupportbindings as member')
    .innerJoin('ipallocations as ip', 'ip.port_id', 'member.port_id')
    .select(['member.security_group_id', 'ip.ip_address'])
    .where('member.security_group_id', 'in', ids),
);

const paired = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('securitygroupportbindings as member')
    .innerJoin('allowedaddresspairs as pair', 'pair.port_id', 'member.port_id')
    .select(['member.security_group_id', 'pair.ip_address', 'pair.mac_address'])
    .where('member.security_group_id', 'in', ids),
);

/** Addresses of the ports in these groups, and those of their address pairs. */
export async function memberAddresses(db: Db, groupIds: readonly string[]): Promise<MemberAddress[]> {
  const own = await fixed.arrays<readonly [string, string]>(db, groupIds);
  const pairs = await paired.arrays<readonly [string, string, string]>(db, groupIds);
  return [
    ...own.map(([group, address]) => ({ group, address, mac: null })),
    ...pairs.map(([group, address, mac]) => ({ group, address, mac })),
  ];
}

const listed = preparedIn((db, ids: string[]) =>
  db.selectFrom('address_associations').select(['address_group_id', 'address']).where('address_group_id', 'in', ids),
);

export async function listedAddresses(db: Db, addressGroupIds: readonly string[]): Promise<MemberAddress[]> {
  const rows = await listed.arrays<readonly [string, string]>(db, addressGroupIds);
  return rows.map(([group, address]) => ({ group, address, mac: null }));
}
