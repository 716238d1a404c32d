import { sql } from 'kysely';
import type { Db, Tx } from '../database.ts';
import { handleOf } from '../handle.ts';
import { type Prepared, prepared, preparedInsert } from '../prepared.ts';
import { ask, type Question } from '../question.ts';
import type { Schema } from '../schema.ts';

const limit = prepared((db, p: { project_id: string; resource: string }) =>
  db.selectFrom('quotas').select('limit').where('project_id', '=', p.project_id).where('resource', '=', p.resource),
);

/** The limit of its own that a project has for a resource, or null. */
export async function ownLimit(db: Db, projectId: string, resource: string): Promise<number | null> {
  return (await ask(db, ownLimitOf(db, projectId, resource)))[0];
}

export function ownLimitOf(db: Db, project_id: string, resource: string): Question<number | null> {
  return {
    statements: [limit.statement(handleOf(db), { project_id, resource })],
    answer: ([outcome]) => (outcome!.rows.length === 0 ? null : Number(outcome!.rows[0]![0])),
  };
}

/** One limit of one project. */
export interface LimitRow {
  project_id: string;
  resource: string;
  limit: number;
}

const ofProject = prepared((db, p: { project_id: string }) =>
  db.selectFrom('quotas').select(['project_id', 'resource', 'limit']).where('project_id', '=', p.project_id),
);
const ofAll = prepared((db) =>
  db.selectFrom('quotas').select(['project_id', 'resource', 'limit']).orderBy('project_id').orderBy('resource'),
);
const insertLimit = preparedInsert('quotas', ['project_id', 'resource', 'limit']);
const removeLimit = prepared((db, p: { project_id: string; resource: string }) =>
  db.deleteFrom('quotas').where('project_id', '=', p.project_id).where('resource', '=', p.resource),
);
const removeLimits = prepared((db, p: { project_id: string }) =>
  db.deleteFrom('quotas').where('project_id', '=', p.project_id),
);

/** The limits of its own that a project has. */
export function limitsOf(db: Db, projectId: string): Promise<LimitRow[]> {
  return ofProject.all(db, { project_id: projectId });
}

/** Those of all projects. */
export function limitsOfAll(db: Db): Promise<LimitRow[]> {
  return ofAll.all(db, {});
}

export async function setLimit(tx: Tx, { project_id, resource, limit }: LimitRow): Promise<void> {
  await removeLimit.later(tx, { project_id, resource });
  await insertLimit.later(tx, { project_id, resource, limit });
}

/** False when the project had none. */
export async function deleteLimits(tx: Tx, projectId: string): Promise<boolean> {
  return (await removeLimits.run(tx, { project_id: projectId })).changes > 0;
}

/** A project's rows of one table: how many there are, and (cheaper) whether there are more than so many. */
export interface ProjectRows {
  count(db: Db, projectId: string): Promise<number>;
  hasMoreThan(db: Db, projectId: string, rows: number): Promise<boolean>;
  /** As `hasMoreThan`, to be asked with others; absent where it takes several statements. */
  moreThanOf?(db: Db, projectId: string, rows: number): Question<boolean>;
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
    moreThanOf: (db, project_id, rows) => ({
      statements: [beyond.statement(handleOf(db), { project_id, rows })],
      answer: ([outcome]) => outcome!.rows.length > 0,
    }),
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
