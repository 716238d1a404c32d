import { DatabaseError } from '../../errors.ts';
import type { Connection, QueryOutcome } from '../contract.ts';

/** Table, column, key, foreign key exist already; what is to go is gone. */
const DONE_BEFORE = new Set([1050, 1060, 1061, 1091, 1826]);

const NOTHING: QueryOutcome = { columns: [], rows: [], changes: 0, insertId: null };

/**
 * The connection of a migration step. MySQL commits with every change of a table, so a step that was interrupted is found
 * half done: what it did is not done again.
 */
export class ResumedConnection implements Connection {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async query(sql: string, values: readonly unknown[]): Promise<QueryOutcome> {
    try {
      return await this.#connection.query(sql, values);
    } catch (error) {
      if (error instanceof DatabaseError && DONE_BEFORE.has(errorNumber(error.cause))) return NOTHING;
      throw error;
    }
  }
}

function errorNumber(cause: unknown): number {
  return (cause as { errno?: number } | null)?.errno ?? 0;
}
