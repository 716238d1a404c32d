import type { Connection, QueryOutcome, Statement } from './contract.ts';
import { queryTogether } from './together.ts';

const OVER = 'this transaction is over: a query was not awaited, or its tx was kept';

/** A connection for as long as one transaction lasts: what comes after its end is a bug of the caller, and refused. */
export class BoundConnection implements Connection {
  readonly later: Connection['later'];
  readonly #connection: Connection;
  #over = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.later = connection.later && ((...args) => this.#open().later!(...args));
  }

  async query(sql: string, values: readonly unknown[]): Promise<QueryOutcome> {
    return this.#open().query(sql, values);
  }

  async queryAll(statements: readonly Statement[]): Promise<QueryOutcome[]> {
    return queryTogether(this.#open(), statements);
  }

  end(): void {
    this.#over = true;
  }

  #open(): Connection {
    if (this.#over) throw new Error(OVER);
    return this.#connection;
  }
}
