import type { Connection, QueryOutcome } from './contract.ts';

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

  end(): void {
    this.#over = true;
  }
}
