import type { Connection, QueryOutcome, Statement } from './contract.ts';
import { queryTogether } from './together.ts';

/** A connection for as long as one transaction lasts: what comes after its end is a bug of the caller, and refused. */
export class BoundConnection implements Connection {
  readonly #connection: Connection;
  #over = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async query(sql: string, values: readonly unknown[]): Promise<QueryOutcome> {
    if (this.#over) throw new Error('this transaction is over: a query was not awaited, or its tx was kept');
    return this.#connection.query(sql, values);
  }

  async queryAll(statements: readonly Statement[]): Promise<QueryOutcome[]> {
    if (this.#over) throw new Error('this transaction is over: a query was not awaited, or its tx was kept');
    return queryTogether(this.#connection, statements);
  }

  end(): void {
    this.#over = true;
  }
}
