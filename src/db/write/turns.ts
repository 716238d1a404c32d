import { createHash } from 'node:crypto';
import type { Tx } from '../database.ts';
import { executeLater, handleOf, later } from '../handle.ts';
import { ask, type Question } from '../question.ts';

/**
 * Who may change the network at the same time.
 *
 * Rules about several rows (subnets do not overlap, a pool's prefixes are its own, one network is the default way outside)
 * are read, judged and written in one transaction, and hold only if nobody writes in between. SQLite runs transactions one
 * after the other. MariaDB and PostgreSQL do not, so a transaction says at its beginning how it wants to be:
 *
 * - `alone`: no other change is under way, on whichever server. For everything that is rare.
 * - `together`: beside others like it, but not beside one that is alone. For ports, of which there are many: what they lean
 *   on (networks, subnets, groups) does not change meanwhile, and what they race for has unique keys and locks of its own.
 *
 * Both wait in the order they came. With Galera the locks are those of one node: let all servers write to the same one, as
 * upstream's guides have it. Changes on several nodes meet at the commit; those that wanted to be alone are told apart there.
 */
export type Turn = 'alone' | 'together';

const CHANGES = 'changes';

const MYSQL: Readonly<Record<Turn, string>> = {
  alone: `update neutrino_turns set turns = turns + 1 where name = '${CHANGES}'`,
  together: `select turns from neutrino_turns where name = '${CHANGES}' lock in share mode`,
};

const POSTGRES: Readonly<Record<Turn, string>> = {
  alone: `select pg_advisory_xact_lock(${numberOf(CHANGES)})`,
  together: `select pg_advisory_xact_lock_shared(${numberOf(CHANGES)})`,
};

/**
 * Waits for the transaction's turn, together with what it does first; the turn ends with it. To be the first statement, whose
 * answer is `busy` when the turn did not come.
 */
export async function takeTurn(tx: Tx, turn: Turn): Promise<void> {
  const handle = handleOf(tx);
  if (handle.dialect.name === 'sqlite') return;
  await later(handle, { sql: (handle.dialect.name === 'mysql' ? MYSQL : POSTGRES)[turn], values: [] });
}

/**
 * Waits until no other transaction holds this name, and holds it to the end of this one: for what is counted over many rows,
 * such as a quota. Take several in the order of their names.
 */
export async function holdName(tx: Tx, name: string): Promise<void> {
  await ask(tx, holdOf(tx, name));
}

/** As `holdName`, to be asked before what is then counted. */
export function holdOf(tx: Tx, name: string): Question<void> {
  const { dialect } = handleOf(tx);
  const statements = {
    sqlite: [],
    mysql: [
      {
        sql: 'insert into neutrino_turns (name, turns) values (?, 1) on duplicate key update turns = turns + 1',
        values: [name],
      },
    ],
    postgres: [{ sql: 'select pg_advisory_xact_lock($1::bigint)', values: [numberOf(name)] }],
  };
  return { statements: statements[dialect.name], answer: () => {} };
}

/**
 * Holds a name together with others who do this, to the end of the transaction; who holds it alone waits for all of them, and
 * they for him. Answers false where nobody has ever held it, and it could not be held.
 */
export function holdTogetherOf(tx: Tx, name: string): Question<boolean> {
  const { dialect } = handleOf(tx);
  const statements = {
    sqlite: [],
    mysql: [{ sql: 'select turns from neutrino_turns where name = ? lock in share mode', values: [name] }],
    postgres: [{ sql: 'select pg_advisory_xact_lock_shared($1::bigint)', values: [numberOf(name)] }],
  };
  return {
    statements: statements[dialect.name],
    answer: ([outcome]) => outcome === undefined || outcome.rows.length > 0,
  };
}

/** Whether transactions run one after the other, whatever they say. */
export function isSerial(tx: Tx): boolean {
  return handleOf(tx).dialect.name === 'sqlite';
}

/**
 * Waits until nobody else changes these ports, and holds them to the end: before they are read to be changed, and together with
 * that.
 */
export async function holdPorts(tx: Tx, ids: readonly string[]): Promise<void> {
  await holdRows(tx, 'ports', ids);
}

/** The same of floating addresses. Who holds ports as well holds those first. */
export async function holdFloatingIps(tx: Tx, ids: readonly string[]): Promise<void> {
  await holdRows(tx, 'floatingips', ids);
}

async function holdRows(tx: Tx, table: 'ports' | 'floatingips', ids: readonly string[]): Promise<void> {
  if (isSerial(tx) || ids.length === 0) return;
  await executeLater(tx, tx.selectFrom(table).select('id').where('id', 'in', ids).orderBy('id').forUpdate());
}

/** Advisory locks go by number; each database has its own. */
function numberOf(name: string): string {
  return String(createHash('sha256').update(`neutrino ${name}`).digest().readBigInt64BE());
}
