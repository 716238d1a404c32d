import type { Db, Tx } from '../database.ts';
import { prepared, preparedInsert } from '../prepared.ts';

const ofProject = prepared((db, p: { project: string }) =>
  db.selectFrom('auto_allocated_topologies').select(['network_id', 'router_id']).where('project_id', '=', p.project),
);

/** What was made for a project; the router is null where there were none yet. */
export interface AllocatedTopology {
  network_id: string;
  router_id: string | null;
}

/** Null when nothing was made, or it is gone. */
export async function allocatedTopology(db: Db, project: string): Promise<AllocatedTopology | null> {
  return ofProject.first(db, { project });
}

const insert = preparedInsert('auto_allocated_topologies', ['project_id', 'network_id', 'router_id']);

/** One per project: the primary key decides between two that are made at the same moment. */
export async function insertTopology(tx: Tx, project_id: string, made: AllocatedTopology): Promise<void> {
  await insert.later(tx, { project_id, ...made });
}
