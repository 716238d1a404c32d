import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Connection, QueryOutcome } from '../contract.ts';
import { sqliteError } from './errors.ts';

/** Statements kept prepared per connection. Ours are a few hundred; lists with filters make the rest. */
const CACHE_SIZE = 500;

interface CachedStatement {
  readonly statement: StatementSync;
  readonly columns: readonly string[];
}

const NO_ROWS: readonly (readonly unknown[])[] = [];

/** One open handle on the database file, with its prepared statements. Everything it does is synchronous. */
export class SqliteConnection implements Connection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, CachedStatement>();

  /** @param pragmas statements that set the handle up, in order */
  constructor(path: string, pragmas: readonly string[]) {
    this.#database = new DatabaseSync(path, { enableForeignKeyConstraints: true });
    for (const pragma of pragmas) this.#database.exec(pragma);
  }

  async query(sql: string, values: readonly unknown[]): Promise<QueryOutcome> {
    return this.querySync(sql, values);
  }

  /** @throws DatabaseError */
  querySync(sql: string, values: readonly unknown[]): QueryOutcome {
    try {
      const { statement, columns } = this.#statements.get(sql) ?? this.#prepare(sql);
      const bound = bind(values);
      if (columns.length > 0) {
        // setReturnArrays makes rows arrays, which node's types do not know.
        const rows = statement.all(...bound) as unknown as unknown[][];
        return { columns, rows, changes: 0, insertId: null };
      }
      const { changes, lastInsertRowid } = statement.run(...bound);
      return { columns, rows: NO_ROWS, changes: Number(changes), insertId: Number(lastInsertRowid) };
    } catch (error) {
      throw sqliteError(error, sql);
    }
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepare(sql: string): CachedStatement {
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    const cached = { statement, columns: statement.columns().map((column) => column.name) };
    if (this.#statements.size >= CACHE_SIZE) {
      // Maps keep insertion order: the first key is the oldest. Hot statements come back at once.
      this.#statements.delete(this.#statements.keys().next().value!);
    }
    this.#statements.set(sql, cached);
    return cached;
  }
}

/** SQLite has no booleans, and node:sqlite refuses them; `undefined` is a bug of the caller and refused by node:sqlite. */
function bind(values: readonly unknown[]): SQLInputValue[] {
  for (let i = 0; i < values.length; i++) {
    if (typeof values[i] === 'boolean') {
      return values.map((value) => (typeof value === 'boolean' ? Number(value) : (value as SQLInputValue)));
    }
  }
  return values as SQLInputValue[];
}
