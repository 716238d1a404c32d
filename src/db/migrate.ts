import { sql } from 'kysely';
import { contracting } from './contracting.ts';
import type { Database, Db } from './database.ts';
import { DatabaseError, SchemaError } from './errors.ts';
import { columnsOf } from './migrations/columns.ts';
import type { Migration } from './migrations/contract.ts';
import { migrations } from './migrations/list.ts';
import { refuseOtherNeutron } from './other-neutron.ts';
import type { ServerRow } from './presence.ts';

export interface UpgradeOptions {
  /** `head`, `heads`, a revision (its beginning suffices), or `+n`. */
  readonly target?: string;
  /** Only steps of this branch. */
  readonly branch?: Migration['branch'] | null;
  /** Called before each step. */
  readonly onStep?: (from: string | null, step: Migration) => void;
  /** Told when a step must wait to see which servers of older releases live. */
  readonly onWait?: (servers: readonly ServerRow[], silenceMs: number) => void;
  /** The steps there are; tests pass their own. */
  readonly steps?: readonly Migration[];
  /** For tests: how long a server must be silent to count as dead. */
  readonly silenceMs?: number;
}

/**
 * Brings the tables to the newest revision (or `target`), one step per transaction. Several programs may do this at the
 * same moment: each step looks again, under the lock, at what is there.
 *
 * @returns the revision reached
 * @throws SchemaError for an unknown target, a database of a newer release or of Python's Neutron, or a contracting step while
 *   older servers live
 */
export async function upgrade(database: Database, options: UpgradeOptions = {}): Promise<string | null> {
  const { target = 'head', branch = null, onStep, onWait, silenceMs, steps = migrations } = options;
  return database.exclusively(async () => {
    const start = await currentRevision(database, steps);
    if (start === null) await refuseOtherNeutron(database);
    const end = targetIndex(target, indexOf(start, steps), steps);
    // By itself, and first: in PostgreSQL a transaction that looked for a table in vain is over.
    if (start === null) await database.transaction((tx) => makeVersionTable(database.forTables(tx)));
    for (let i = indexOf(start, steps) + 1; i <= end; i++) {
      const step = steps[i]!;
      if (branch !== null && step.branch !== branch) break;
      const make = () =>
        database.transaction(async (tx) => {
          const present = await readRevision(tx);
          if (indexOf(present, steps) >= i) return;
          onStep?.(present, step);
          const tables = database.forTables(tx);
          await step.up(tables, columnsOf(database.dialect));
          await stampRevision(tables, step.revision);
        });
      if (step.branch === 'expand') await make();
      else
        await contracting(database, step, make, { steps, ...(silenceMs && { silenceMs }), ...(onWait && { onWait }) });
    }
    return currentRevision(database, steps);
  });
}

/** Steps between the database's revision and the head. */
export async function pendingSteps(
  database: Database,
  steps: readonly Migration[] = migrations,
): Promise<readonly Migration[]> {
  return steps.slice(indexOf(await currentRevision(database, steps), steps) + 1);
}

/** The statements an upgrade from an empty database would run, for operators who run SQL themselves (`--sql`). */
export async function recordUpgrade(
  database: Database,
  options: Pick<UpgradeOptions, 'target' | 'branch' | 'steps'> = {},
): Promise<string[]> {
  const { target = 'head', branch = null, steps = migrations } = options;
  const lines: string[] = [];
  let from: string | null = null;
  for (const step of steps.slice(0, targetIndex(target, -1, steps) + 1)) {
    if (branch !== null && step.branch !== branch) break;
    const statements = await database.record(async (tx) => {
      const tables = database.forTables(tx);
      await step.up(tables, columnsOf(database.dialect));
      await stampRevision(tables, step.revision);
      if (step.branch === 'contract') {
        await sql`insert into neutrino_contracted (version_num) values (${sql.lit(step.revision)})`.execute(tables);
      }
    });
    lines.push(`-- Running upgrade ${from ?? ''} -> ${step.revision}`, '');
    for (const statement of statements) lines.push(`${statement};`, '');
    from = step.revision;
  }
  return lines;
}

/** The revision of the tables, or null when there are none. */
export async function currentRevision(
  database: Database,
  steps: readonly Migration[] = migrations,
): Promise<string | null> {
  const revision = await readRevision(database.db);
  indexOf(revision, steps);
  return revision;
}

export interface HistoryEntry {
  readonly revision: string;
  readonly down_revision: string | null;
  readonly branch: Migration['branch'];
  readonly title: string;
  readonly head: boolean;
}

/** All steps, newest first. */
export function history(steps: readonly Migration[] = migrations): HistoryEntry[] {
  return steps
    .map((step, i) => ({
      revision: step.revision,
      down_revision: steps[i - 1]?.revision ?? null,
      branch: step.branch,
      title: step.title,
      head: i === steps.length - 1,
    }))
    .reverse();
}

/** The newest revision. */
export function headRevision(steps: readonly Migration[] = migrations): string {
  return steps.at(-1)!.revision;
}

/** Writes the revision down without running anything: for an operator who knows what the tables are. */
export async function stamp(database: Database, target: string): Promise<string> {
  const { revision } = migrations[targetIndex(target, -1, migrations)]!;
  await database.transaction((tx) => stampRevision(database.forTables(tx), revision));
  return revision;
}

/** What the version table says, whether or not this release knows it; null when there is none. */
export async function readRevision(db: Db): Promise<string | null> {
  try {
    const row = await db.selectFrom('neutrino_version').select('version_num').executeTakeFirst();
    return row?.version_num ?? null;
  } catch (error) {
    if (error instanceof DatabaseError && /no such table|doesn't exist|does not exist/.test(error.message)) return null;
    throw error;
  }
}

async function makeVersionTable(db: Db): Promise<void> {
  await db.schema
    .createTable('neutrino_version')
    .ifNotExists()
    .addColumn('version_num', 'varchar(32)', (c) => c.notNull().primaryKey())
    .execute();
}

async function stampRevision(db: Db, revision: string): Promise<void> {
  await makeVersionTable(db);
  await db.deleteFrom('neutrino_version').execute();
  // A literal, so that `--sql` prints something that can be run.
  await sql`insert into neutrino_version (version_num) values (${sql.lit(revision)})`.execute(db);
}

/** -1 for no tables. @throws SchemaError for a revision of a release we do not know */
function indexOf(revision: string | null, steps: readonly Migration[]): number {
  if (revision === null) return -1;
  const index = steps.findIndex((step) => step.revision === revision);
  if (index < 0) throw new SchemaError(`The database is at revision ${revision}, which this release does not know.`);
  return index;
}

function targetIndex(target: string, current: number, steps: readonly Migration[]): number {
  if (target === 'head' || target === 'heads') return steps.length - 1;
  if (/^\+\d+$/.test(target)) {
    const index = current + Number(target.slice(1));
    if (index >= steps.length) throw new SchemaError(`Relative revision ${target} is beyond the head.`);
    return index;
  }
  const found = steps
    .map((step, i) => ({ step, i }))
    .filter(({ step }) => target !== '' && step.revision.startsWith(target));
  if (found.length !== 1) throw new SchemaError(`Can't locate revision identified by '${target}'`);
  return found[0]!.i;
}

/** A connection URL as it may be shown. */
export function maskPassword(url: string): string {
  return url.replace(/(:\/\/[^:@/]*):[^@]*@/, '$1:***@');
}
