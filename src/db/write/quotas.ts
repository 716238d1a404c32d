import { sql } from 'kysely';
import type { Db } from '../database.ts';
import { type Prepared, prepared } from '../prepared.ts';
import type { Schema } from '../schema.ts';

const limit = prepared((db, p: { project_id: string; resource: string }) =>
  db.selectFrom('quotas').select('limit').where('project_id', '=', p.project_id).where('resource', '=', p.resource),
);

/** The limit of its own that a project has for a resource, or null. */
export async function ownLimit(db: Db, projectId: string, resource: string): Promise<number | null> {
  const row = await limit.first(db, { project_id: projectId, resource });
  return row === null ? null : Number(row.limit);
}

/** A project's rows of one table: how many there are, and (cheaper) whether there are more than so many. */
export interface ProjectRows {
  count(db: Db, projectId: string): Promise<number>;
  hasMoreThan(db: Db, projectId: string, rows: number): Promise<boolean>;
}

/** Both go by the index on `project_id` alone. */
export function projectRows(table: keyof Schema & string): ProjectRows {
  // Which table it is is data, so kysely's types cannot follow.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  const from = (db: any) => db.selectFrom(table);
  const counted: Prepared<{ project_id: string }, { rows: number }> = prepared((db, p: { project_id: string }) =>
    from(db).select(sql<number>`count(*)`.as('rows')).where('project_id', '=', p.project_id),
  );
  const beyond: Prepared<{ project_id: string; rows: number }, unknown> = prepared(
    (db, p: { project_id: string; rows: number }) =>
      from(db).select(sql.lit(1).as('one')).where('project_id', '=', p.project_id).limit(1).offset(p.rows),
  );
  return {
    count: async (db, project_id) => Number((await counted.first(db, { project_id }))?.rows ?? 0),
    hasMoreThan: async (db, project_id, rows) => (await beyond.arrays(db, { project_id, rows })).length > 0,
  };
}

/** The same over several tables. */
export function projectRowsOfAll(tables: readonly (keyof Schema & string)[]): ProjectRows {
  const parts = tables.map(projectRows);
  return {
    async count(db, projectId) {
      let sum = 0;
      for (const part of parts) sum += await part.count(db, projectId);
      return sum;
    },
    async hasMoreThan(db, projectId, rows) {
      let room = rows;
      for (const part of parts) {
        if (await part.hasMoreThan(db, projectId, room)) return true;
        room -= await part.count(db, projectId);
      }
      return false;
    },
  };
}
