import { type ConnectionOptions, createConnection, type Connection as MysqlClient } from 'mysql2';
import type { Connection, QueryOutcome, Statement } from '../contract.ts';
import type { Pooled } from '../pool.ts';
import { endsConnection, mysqlError } from './errors.ts';

/**
 * What a connection is set up for. Reading: each transaction sees one moment (repeatable read) and cannot write. Writing:
 * each statement sees what is committed by then, so that a row that was waited for is read as it became.
 */
export type Mode = 'read' | 'write';

const SET_MODE: Readonly<Record<Mode, string>> = {
  read: 'set session transaction isolation level repeatable read, read only',
  write: 'set session transaction isolation level read committed, read write',
};

/** An answer that takes longer will not come: the network is cut. Lock waits end before that on the server's side. */
const ANSWER_TIMEOUT_MS = 30_000;
const LOCK_WAIT_S = 10;

export interface MysqlSettings {
  readonly client: ConnectionOptions;
  /** `wsrep_sync_wait` of the session, for Galera; null leaves the server's. */
  readonly wsrepSyncWait: number | null;
}

/** One connection to MariaDB or MySQL. Statements go as text with their values quoted by the driver: one round trip each. */
export class MysqlConnection implements Connection, Pooled {
  readonly openedAt = performance.now();
  readonly #client: MysqlClient;
  #mode: Mode | null = null;
  /** What goes to the server before the next statement, in one round trip with it: its mode, and the begin of a transaction. */
  #setMode: Statement | null = null;
  #first: Statement | null = null;
  /** Written with the next statement, and who is told. */
  #waiting: { statement: Statement; answered: (outcome: QueryOutcome) => void }[] = [];
  #broken = false;
  /** Statements that change tables may take hours. */
  #patient = false;

  private constructor(client: MysqlClient) {
    this.#client = client;
    const fail = () => {
      this.#broken = true;
    };
    client.on('error', fail);
    client.on('end', fail);
  }

  /** @throws what the driver throws; not yet a DatabaseError, because who opens knows what to say of it */
  static async open({ client: options, wsrepSyncWait }: MysqlSettings): Promise<MysqlConnection> {
    const client = createConnection(options);
    const connection = new MysqlConnection(client);
    try {
      await new Promise<void>((resolve, reject) => {
        client.connect((error) => (error ? reject(error) : resolve()));
      });
      const galera = wsrepSyncWait === null ? '' : `, wsrep_sync_wait = ${wsrepSyncWait}`;
      // Strict, as upstream has it: what does not fit is refused, not cut.
      const set = `set session sql_mode = 'TRADITIONAL', innodb_lock_wait_timeout = ${LOCK_WAIT_S}${galera}`;
      await connection.#run([{ sql: set, values: [] }]);
      return connection;
    } catch (error) {
      client.destroy();
      throw error;
    }
  }

  get isBroken(): boolean {
    return this.#broken;
  }

  get mode(): Mode | null {
    return this.#mode;
  }

  /** Sets it up for reading or writing, if it is not already: with its next statement. */
  become(mode: Mode): void {
    if (this.#mode === mode) return;
    this.#setMode = { sql: SET_MODE[mode], values: [] };
    this.#mode = mode;
  }

  /** From now on it waits for an answer as long as it takes. */
  waitForEver(): void {
    this.#patient = true;
  }

  /** Begins a transaction by this statement, which goes to the server together with the first of it. */
  begin(statement: Statement): void {
    this.#first = statement;
  }

  /** Ends it by this statement; one that had nothing in it never came to the server. @throws DatabaseError */
  async end(sql: string): Promise<void> {
    if (this.#first === null || this.#waiting.length > 0) await this.query(sql, []);
    this.#first = null;
  }

  /** Takes back what the transaction did, and what it was still to do. @throws DatabaseError */
  async rollBack(): Promise<void> {
    this.#waiting = [];
    await this.end('rollback');
  }

  later(statement: Statement, answered: (outcome: QueryOutcome) => void): void {
    this.#waiting.push({ statement, answered });
  }

  /** @throws DatabaseError */
  async query(sql: string, values: readonly unknown[]): Promise<QueryOutcome> {
    return (await this.queryAll([{ sql, values }]))[0]!;
  }

  /** All as one text: the driver quotes every value, so that none of them is ever read as a statement. */
  async queryAll(statements: readonly Statement[]): Promise<QueryOutcome[]> {
    const begin = [this.#setMode, this.#first].filter((statement) => statement !== null);
    const waiting = this.#waiting;
    const setsMode = this.#setMode !== null;
    this.#setMode = null;
    this.#first = null;
    this.#waiting = [];
    const all = [...waiting.map(({ statement }) => statement), ...statements];
    try {
      const outcomes = (await this.#run([...begin, ...all])).slice(begin.length);
      for (const [at, { answered }] of waiting.entries()) answered(outcomes[at]!);
      return outcomes.slice(waiting.length);
    } catch (error) {
      if (setsMode) this.#mode = null;
      if (endsConnection(error)) this.#broken = true;
      throw mysqlError(
        error,
        all.map(({ sql }) => sql),
      );
    }
  }

  close(): void {
    this.#broken = true;
    this.#client.destroy();
  }

  #run(statements: readonly Statement[]): Promise<QueryOutcome[]> {
    const request = {
      sql: statements.map(({ sql }) => sql).join('; '),
      values: checked(statements.flatMap(({ values }) => values)),
      rowsAsArray: true,
      ...(this.#patient ? {} : { timeout: ANSWER_TIMEOUT_MS }),
    };
    return new Promise((resolve, reject) => {
      this.#client.query(request, (error, result, fields) => {
        if (error) reject(error);
        else resolve(statements.length === 1 ? [outcomeOf(result, fields)] : severalOf(result, fields));
      });
    });
  }
}

/** The driver would write an object as `key = value` pairs: only what a column can hold goes through. */
function checked(values: readonly unknown[]): unknown[] {
  for (const value of values) {
    if (value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value)) continue;
    throw new TypeError(`a value of type ${typeof value} cannot be bound to a statement`);
  }
  return values as unknown[];
}

type Fields = readonly { name: string }[];

/** Of several statements: of each its rows or its header, and its columns. */
function severalOf(results: unknown, fields: unknown): QueryOutcome[] {
  return (results as unknown[]).map((result, i) => outcomeOf(result, (fields as (Fields | undefined)[])[i]));
}

function outcomeOf(result: unknown, fields: Fields | undefined): QueryOutcome {
  if (Array.isArray(result)) {
    return { columns: (fields ?? []).map(({ name }) => name), rows: result as unknown[][], changes: 0, insertId: null };
  }
  const { affectedRows, insertId } = result as { affectedRows: number; insertId: number };
  return { columns: [], rows: [], changes: affectedRows, insertId: insertId === 0 ? null : Number(insertId) };
}
