import { randomUUID } from 'node:crypto';
import type { Db, Tx } from '../database.ts';
import { prepared } from '../prepared.ts';
import { RetryRequest } from '../retry.ts';

const subnetsOf = prepared((db, p: { id: string }) =>
  db.selectFrom('subnets').select(['id', 'project_id', 'network_id', 'cidr']).where('subnetpool_id', '=', p.id),
);

/** What was taken from a pool. */
export interface PoolSubnet {
  id: string;
  project_id: string;
  network_id: string;
  cidr: string;
}

export async function poolSubnets(db: Db, poolId: string): Promise<PoolSubnet[]> {
  return subnetsOf.all(db, { id: poolId });
}

const anySubnet = prepared((db, p: { id: string }) =>
  db.selectFrom('subnets').select('id').where('subnetpool_id', '=', p.id).limit(1),
);

export async function poolIsUsed(db: Db, poolId: string): Promise<boolean> {
  return (await anySubnet.first(db, { id: poolId })) !== null;
}

const hashOf = prepared((db, p: { id: string }) => db.selectFrom('subnetpools').select('hash').where('id', '=', p.id));
const rehash = prepared((db, p: { id: string; old: string; hash: string }) =>
  db.updateTable('subnetpools').set({ hash: p.hash }).where('id', '=', p.id).where('hash', '=', p.old),
);

/**
 * Before a subnet is taken or the prefixes change: of two transactions that do so at the same moment one is done again,
 * on any database, so that no two subnets of a pool overlap. (SQLite has one writer at a time anyway.)
 */
export async function lockPool(tx: Tx, poolId: string): Promise<void> {
  const row = await hashOf.first(tx, { id: poolId });
  const { changes } = await rehash.run(tx, { id: poolId, old: row?.hash ?? '', hash: randomUUID() });
  if (changes === 0) throw new RetryRequest(new Error('another request changed the subnet pool at the same moment'));
}

const ofScope = prepared((db, p: { scope: string; pool: string }) =>
  db
    .selectFrom('subnetpools')
    .innerJoin('subnetpoolprefixes', 'subnetpoolprefixes.subnetpool_id', 'subnetpools.id')
    .select('subnetpoolprefixes.cidr')
    .where('subnetpools.address_scope_id', '=', p.scope)
    .where('subnetpools.id', '!=', p.pool),
);

/** Prefixes of the other pools of an address scope. */
export async function scopePrefixes(db: Db, scopeId: string, exceptPool: string): Promise<string[]> {
  return (await ofScope.all(db, { scope: scopeId, pool: exceptPool })).map(({ cidr }) => cidr);
}

const anyPool = prepared((db, p: { scope: string }) =>
  db.selectFrom('subnetpools').select('id').where('address_scope_id', '=', p.scope).limit(1),
);

export async function scopeIsUsed(db: Db, scopeId: string): Promise<boolean> {
  return (await anyPool.first(db, { scope: scopeId })) !== null;
}

const foreign = prepared((db, p: { pool: string; version: number }) =>
  db
    .selectFrom('subnets as other')
    .select('other.id')
    .where('other.ip_version', '=', p.version)
    .where('other.network_id', 'in', (eb) =>
      eb.selectFrom('subnets').select('network_id').where('subnetpool_id', '=', p.pool),
    )
    .where((eb) => eb.or([eb('other.subnetpool_id', 'is', null), eb('other.subnetpool_id', '!=', p.pool)]))
    .limit(1),
);

/** Whether a network with subnets of the pool has others of the same IP version that are not the pool's. */
export async function sharesNetworks(db: Db, poolId: string, version: number): Promise<boolean> {
  return (await foreign.first(db, { pool: poolId, version })) !== null;
}

const scopeOn = prepared((db, p: { network: string; version: number }) =>
  db
    .selectFrom('subnets')
    .innerJoin('subnetpools', 'subnetpools.id', 'subnets.subnetpool_id')
    .select('subnetpools.address_scope_id')
    .where('subnets.network_id', '=', p.network)
    .where('subnetpools.ip_version', '=', p.version)
    .where('subnetpools.address_scope_id', 'is not', null)
    .limit(1),
);

/** The address scope that a network's subnets of one IP version are in. */
export async function networkScope(db: Db, networkId: string, version: number): Promise<string | null> {
  return (await scopeOn.first(db, { network: networkId, version }))?.address_scope_id ?? null;
}

const poolProjects = prepared((db, p: { id: string }) =>
  db.selectFrom('subnets').select('project_id').distinct().where('subnetpool_id', '=', p.id),
);
const scopeProjects = prepared((db, p: { id: string }) =>
  db.selectFrom('subnetpools').select('project_id').distinct().where('address_scope_id', '=', p.id),
);

/** Projects that have subnets of a pool. */
export async function projectsOfPool(db: Db, poolId: string): Promise<ReadonlySet<string>> {
  return new Set((await poolProjects.all(db, { id: poolId })).map(({ project_id }) => project_id));
}

/** Projects that have pools in a scope. */
export async function projectsOfScope(db: Db, scopeId: string): Promise<ReadonlySet<string>> {
  return new Set((await scopeProjects.all(db, { id: scopeId })).map(({ project_id }) => project_id));
}

const scopeOfPool = prepared((db, p: { id: string }) =>
  db.selectFrom('subnetpools').select('address_scope_id').where('id', '=', p.id),
);

export async function poolScope(db: Db, poolId: string): Promise<string | null> {
  return (await scopeOfPool.first(db, { id: poolId }))?.address_scope_id ?? null;
}

const raiseNetworks = prepared((db, p: { pool: string; time: string }) =>
  db
    .updateTable('networks')
    .set((eb) => ({ revision_number: eb('revision_number', '+', 1), updated_at: p.time }))
    .where('id', 'in', (eb) => eb.selectFrom('subnets').select('network_id').where('subnetpool_id', '=', p.pool)),
);

/** The networks with subnets of a pool show another address scope now: their revisions go up by one. */
export async function bumpNetworksOfPool(tx: Tx, poolId: string, time: string): Promise<void> {
  await raiseNetworks.later(tx, { pool: poolId, time });
}
