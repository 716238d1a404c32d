import type { Kysely } from 'kysely';
import type { Columns } from './columns.ts';

/**
 * One step of the schema. Steps are data in a list (`list.ts`), in order; a released one never changes. `expand` steps can
 * run while older servers work (new tables, new columns with defaults); `contract` steps need those stopped whose release
 * does not know the step, and take away only what their own release does not use any more: it works before them, too.
 */
export interface Migration {
  /** 12 hex digits, as the old tool's revisions. */
  readonly revision: string;
  readonly branch: 'expand' | 'contract';
  /** What it does, in the words `history` shows. */
  readonly title: string;
  /** Rows and tables only. Gets a schemaless kysely: it must not follow later changes of `schema.ts`. */
  // biome-ignore lint/suspicious/noExplicitAny: a migration knows tables that later schemas do not
  up(db: Kysely<any>, columns: Columns): Promise<void>;
}
