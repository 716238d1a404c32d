import type { Db, Tx } from '../database.ts';
import { prepared, preparedInsert } from '../prepared.ts';

/** Addresses of ports. The unique key (subnet_id, ip_key) is what keeps two ports from sharing one. */
export interface Allocation {
  port_id: string;
  subnet_id: string;
  network_id: string;
  ip_address: string;
  ip_key: string;
  position: number;
}

const insert = preparedInsert('ipallocations', [
  'port_id',
  'subnet_id',
  'network_id',
  'ip_address',
  'ip_key',
  'position',
]);

/** @throws a unique violation of `ipallocations` when another port has the address: the transaction must be done again */
export async function insertAllocation(tx: Tx, allocation: Allocation): Promise<void> {
  await insert.later(tx, { ...allocation });
}

const taken = prepared((db, p: { subnet_id: string; ip_key: string }) =>
  db.selectFrom('ipallocations').select('port_id').where('subnet_id', '=', p.subnet_id).where('ip_key', '=', p.ip_key),
);

/** The port that has an address, or null. */
export async function holderOf(db: Db, subnetId: string, key: string): Promise<string | null> {
  return (await taken.first(db, { subnet_id: subnetId, ip_key: key }))?.port_id ?? null;
}

const keys = prepared((db, p: { subnet_id: string; from: string; to: string; limit: number }) =>
  db
    .selectFrom('ipallocations')
    .select('ip_key')
    .where('subnet_id', '=', p.subnet_id)
    .where('ip_key', '>=', p.from)
    .where('ip_key', '<=', p.to)
    .orderBy('ip_key')
    .limit(p.limit),
);

/** Taken keys of a subnet between two keys (both included), lowest first, at most `limit`. */
export async function takenKeys(
  db: Db,
  range: { subnetId: string; from: string; to: string; limit: number },
): Promise<string[]> {
  const rows = await keys.arrays(db, { ...range, subnet_id: range.subnetId });
  return rows.map(([key]) => key as string);
}

const counted = prepared((db, p: { subnet_id: string; from: string; to: string }) =>
  db
    .selectFrom('ipallocations')
    .select((eb) => eb.fn.countAll().as('taken'))
    .where('subnet_id', '=', p.subnet_id)
    .where('ip_key', '>=', p.from)
    .where('ip_key', '<=', p.to),
);

/** How many keys of a subnet between two (both included) are taken; the index alone answers it. */
export async function countTaken(db: Db, range: { subnetId: string; from: string; to: string }): Promise<bigint> {
  const rows = await counted.arrays(db, { ...range, subnet_id: range.subnetId });
  return BigInt(rows[0]![0] as number | string | bigint);
}

const remove = prepared((db, p: { port_id: string; subnet_id: string; ip_address: string }) =>
  db
    .deleteFrom('ipallocations')
    .where('port_id', '=', p.port_id)
    .where('subnet_id', '=', p.subnet_id)
    .where('ip_address', '=', p.ip_address),
);

export async function deleteAllocation(
  tx: Tx,
  allocation: { port_id: string; subnet_id: string; ip_address: string },
): Promise<void> {
  await remove.later(tx, allocation);
}

/** Ports of a network and what address rules need of them; the infrastructure's own included. */
export async function portsOfNetwork(
  db: Db,
  networkId: string,
): Promise<{ id: string; mac_address: string; device_owner: string }[]> {
  return db
    .selectFrom('ports')
    .select(['id', 'mac_address', 'device_owner'])
    .where('network_id', '=', networkId)
    .orderBy('standard_attr_id')
    .execute();
}

/** Whether a port holds an address of a subnet: one of these kinds, or one of all others. */
export async function isHeldBy(
  db: Db,
  subnetId: string,
  owners: ReadonlySet<string>,
  { others = false }: { others?: boolean } = {},
): Promise<boolean> {
  const found = await db
    .selectFrom('ipallocations')
    .innerJoin('ports', 'ports.id', 'ipallocations.port_id')
    .select('ports.id')
    .where('ipallocations.subnet_id', '=', subnetId)
    .where('ports.device_owner', others ? 'not in' : 'in', [...owners])
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

/** Every port that holds an address of a subnet. */
export async function holdersInSubnet(db: Db, subnetId: string): Promise<{ port_id: string; ip_address: string }[]> {
  return db.selectFrom('ipallocations').select(['port_id', 'ip_address']).where('subnet_id', '=', subnetId).execute();
}
