import type { Db, Tx } from '../database.ts';
import { prepared, preparedInsert } from '../prepared.ts';

const ofProject = prepared((db, p: { project: string }) =>
  db.selectFrom('auto_allocated_topologies').select('network_id').where('project_id', '=', p.project),
);

/** The network that was made for a project; null when none was, or it is gone. */
export async function allocatedNetwork(db: Db, project: string): Promise<string | null> {
  return (await ofProject.first(db, { project }))?.network_id ?? null;
}

const insert = preparedInsert('auto_allocated_topologies', ['project_id', 'network_id', 'router_id']);

/** One per project: the primary key decides between two that are made at the same moment. */
export async function insertTopology(tx: Tx, project_id: string, network_id: string): Promise<void> {
  await insert.run(tx, { project_id, network_id, router_id: null });
}
