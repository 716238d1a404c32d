import type { Tx } from '../database.ts';
import { prepared, preparedIn } from '../prepared.ts';

/** Who must still say that a port is ready before it becomes ACTIVE. */
export type ProvisioningEntity = 'L2' | 'DHCP';

const present = prepared((db, p: { port_id: string }) =>
  db.selectFrom('provisioningblocks').select('entity').where('port_id', '=', p.port_id),
);

export async function provisioningBlocks(tx: Tx, portId: string): Promise<ProvisioningEntity[]> {
  return (await present.all(tx, { port_id: portId })).map(({ entity }) => entity);
}

const insert = prepared((db, p: { port_id: string; entity: ProvisioningEntity }) =>
  db.insertInto('provisioningblocks').values({ port_id: p.port_id, entity: p.entity }),
);

/** Adds blocks to a port that has none of them yet. */
export async function insertProvisioningBlocks(
  tx: Tx,
  portId: string,
  entities: readonly ProvisioningEntity[],
): Promise<void> {
  for (const entity of entities) await insert.later(tx, { port_id: portId, entity });
}

/** Adds a block unless it is there. */
export async function ensureProvisioningBlock(tx: Tx, portId: string, entity: ProvisioningEntity): Promise<void> {
  if (!(await provisioningBlocks(tx, portId)).includes(entity)) await insertProvisioningBlocks(tx, portId, [entity]);
}

const removeEntity: Record<ProvisioningEntity, ReturnType<typeof remover>> = {
  L2: remover('L2'),
  DHCP: remover('DHCP'),
};

function remover(entity: ProvisioningEntity) {
  return preparedIn((db, ids: string[]) =>
    db.deleteFrom('provisioningblocks').where('entity', '=', entity).where('port_id', 'in', ids),
  );
}

export async function deleteProvisioningBlocks(
  tx: Tx,
  portIds: readonly string[],
  entity: ProvisioningEntity,
): Promise<void> {
  await removeEntity[entity].run(tx, portIds);
}

const still = preparedIn((db, ids: string[]) =>
  db.selectFrom('provisioningblocks').select('port_id').where('port_id', 'in', ids),
);

/** Those of these ports that somebody still holds back. */
export async function blockedPorts(tx: Tx, portIds: readonly string[]): Promise<Set<string>> {
  return new Set((await still.all(tx, portIds)).map(({ port_id }) => port_id));
}
