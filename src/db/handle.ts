import type { Compilable, Kysely } from 'kysely';
import { defineErrors } from '../lib/errors.ts';
import type { Connection, Dialect, QueryOutcome, Statement } from './dialect/contract.ts';
import { queryTogether, sendLater } from './dialect/together.ts';
import { whyBusy } from './errors.ts';
import { isBusy, withRetry } from './retry.ts';
import type { Schema } from './schema.ts';

/** What stands behind a `Db` or `Tx`: the way around kysely for prepared queries. */
export interface Handle {
  readonly dialect: Dialect;
  /** The transaction's or snapshot's connection; null for the database itself: one per statement. */
  readonly connection: Connection | null;
}

const handles = new WeakMap<Kysely<Schema>, Handle>();

export function attach(db: Kysely<Schema>, handle: Handle): void {
  handles.set(db, handle);
}

export function handleOf(db: Kysely<Schema>): Handle {
  const handle = handles.get(db);
  if (handle === undefined) throw new Error('this Db was not made by Database');
  return handle;
}

/**
 * Runs one statement behind a handle. Outside of a transaction it is a read, and done again when the connection was lost:
 * a server that was restarted, or failed over, is not its client's matter.
 */
export async function query(handle: Handle, sql: string, values: readonly unknown[]): Promise<QueryOutcome> {
  if (handle.connection !== null) return handle.connection.query(sql, values);
  return reading(async () => {
    const connection = await handle.dialect.acquire(false);
    try {
      return await connection.query(sql, values);
    } finally {
      await handle.dialect.release(connection);
    }
  });
}

/**
 * Has a statement run that nobody waits for: with the transaction's next one, or with its commit, which throw what this one
 * fails with.
 */
export async function later(
  { connection }: Handle,
  statement: Statement,
  answered: (outcome: QueryOutcome) => void = () => {},
): Promise<void> {
  if (connection === null) throw new Error('only a transaction has a later');
  await sendLater(connection, statement, answered);
}

/** The same of a statement that is built for once. */
export function executeLater(tx: Kysely<Schema>, statement: Compilable): Promise<void> {
  const { sql, parameters } = statement.compile();
  return later(handleOf(tx), { sql, values: parameters });
}

/**
 * Reads all of it at one moment, in one round trip where the database can: what a request costs on a database server is
 * mostly how often it asks.
 */
export async function queryAll(handle: Handle, statements: readonly Statement[]): Promise<QueryOutcome[]> {
  const { connection, dialect } = handle;
  if (statements.length === 0) return [];
  if (connection !== null) return queryTogether(connection, statements);
  if (dialect.readTogether !== undefined) return reading(() => dialect.readTogether!(statements));
  return atOneMoment(handle, (snapshot) => queryTogether(snapshot.connection!, statements));
}

/**
 * Runs `work` so that all its statements see the same moment: inside a transaction or snapshot as it is, on the database
 * itself in a snapshot of its own. `work` must only read: it is done again when the connection was lost.
 */
export async function atOneMoment<T>(handle: Handle, work: (handle: Handle) => Promise<T>): Promise<T> {
  if (handle.connection !== null) return work(handle);
  return reading(async () => {
    const connection = await handle.dialect.acquire(true);
    try {
      return await work({ dialect: handle.dialect, connection });
    } finally {
      await handle.dialect.release(connection);
    }
  });
}

const { ServiceUnavailable } = defineErrors({
  ServiceUnavailable: ['unavailable', '{what} at this moment; try again.'],
});

/** Whoever reads is told in the API's words when the database stays away. */
async function reading<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await withRetry(work);
  } catch (error) {
    if (isBusy(error)) throw ServiceUnavailable({ what: whyBusy(error) }, error);
    throw error;
  }
}
