import { Client, type ClientConfig, types } from 'pg';
import { DatabaseError } from '../../errors.ts';
import type { Connection, QueryOutcome, Statement } from '../contract.ts';
import type { Pooled } from '../pool.ts';
import { endsConnection, isReadOnly, postgresError } from './errors.ts';

/** An answer that takes longer will not come: the network is cut. Lock waits end before that on the server's side. */
const ANSWER_TIMEOUT_MS = 30_000;
const LOCK_WAIT_MS = 10_000;
/** Statements kept prepared on the server per connection. Ours are a few hundred; lists with filters make the rest. */
const MOST_PREPARED = 400;

/** 64-bit numbers (counters, counts, moments) come as text, and none of ours is beyond what a number holds exactly. */
const INT8 = types.builtins.INT8;
const parsers = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? Number : types.getTypeParser(oid, format as 'text')) as typeof types.getTypeParser,
};

/**
 * Reads only, unless a transaction says otherwise; what waits for a lock gives up after a while. Names and texts are UTF-8
 * whatever the server's locale.
 */
const SESSION = `set default_transaction_read_only = on; set lock_timeout = ${LOCK_WAIT_MS}; set client_encoding = 'UTF8'`;

/** One connection to PostgreSQL. A statement that comes a second time is prepared on the server and not parsed again. */
export class PostgresConnection implements Connection, Pooled {
  readonly openedAt = performance.now();
  readonly #client: Client;
  /** By their text: a name, or null for those that came once. */
  readonly #prepared = new Map<string, string | null>();
  #names = 0;
  /** Inside a transaction that may write: a server that refuses has become a standby. Elsewhere it is we who said so. */
  writing = false;
  /** What begins a transaction of which the server does not know yet. */
  #first: string | null = null;
  /** Sent with the next statement, and who is told. */
  #waiting: { statement: Statement; answered: (outcome: QueryOutcome) => void }[] = [];
  #broken = false;
  #patient = false;

  private constructor(client: Client) {
    this.#client = client;
    const fail = () => {
      this.#broken = true;
    };
    client.on('error', fail);
    client.on('end', fail);
  }

  /** @throws what the driver throws; not yet a DatabaseError, because who opens knows what to say of it */
  static async open(config: ClientConfig): Promise<PostgresConnection> {
    const client = new Client({ ...config, types: parsers, pipeline: true } as ClientConfig);
    const connection = new PostgresConnection(client);
    try {
      await client.connect();
      await client.query(SESSION);
      return connection;
    } catch (error) {
      void client.end().catch(() => {});
      throw error;
    }
  }

  get isBroken(): boolean {
    return this.#broken;
  }

  /** From now on it waits for an answer as long as it takes. */
  waitForEver(): void {
    this.#patient = true;
  }

  /** Begins a transaction by this statement, which goes to the server together with the first of it. */
  begin(sql: string): void {
    this.#first = sql;
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

  /**
   * Sent one after the other without waiting for answers. Each is a statement of its own to the server: should the one that
   * begins a transaction fail, the others are refused because the session only reads otherwise.
   */
  async queryAll(statements: readonly Statement[]): Promise<QueryOutcome[]> {
    const begin = this.#first === null ? [] : [{ sql: this.#first, values: [] }];
    const waiting = this.#waiting;
    this.#first = null;
    this.#waiting = [];
    const all = [...begin, ...waiting.map(({ statement }) => statement), ...statements];
    const outcomes = (await Promise.all(all.map(({ sql, values }) => this.#send(sql, values)))).slice(begin.length);
    for (const [at, { answered }] of waiting.entries()) answered(outcomes[at]!);
    return outcomes.slice(waiting.length);
  }

  async #send(sql: string, values: readonly unknown[]): Promise<QueryOutcome> {
    const name = values.length > 0 ? this.#nameOf(sql) : null;
    try {
      const { fields, rows, rowCount, command } = await this.#client.query<unknown[]>({
        text: sql,
        ...(values.length > 0 && { values: values as unknown[] }),
        ...(name !== null && { name }),
        rowMode: 'array',
        ...(this.#patient ? {} : { query_timeout: ANSWER_TIMEOUT_MS }),
      } as never);
      const changes = command === 'SELECT' ? 0 : (rowCount ?? 0);
      return { columns: (fields ?? []).map((field) => field.name), rows, changes, insertId: null };
    } catch (error) {
      if (isReadOnly(error) && !this.writing) throw new DatabaseError('other', String(error), { sql, cause: error });
      if (endsConnection(error)) this.#broken = true;
      throw postgresError(error, sql);
    }
  }

  close(): void {
    this.#broken = true;
    // A server that does not answer is not waited for.
    void this.#client.end().catch(() => {});
  }

  #nameOf(sql: string): string | null {
    const known = this.#prepared.get(sql);
    if (known === undefined) {
      if (this.#prepared.size < 4 * MOST_PREPARED) this.#prepared.set(sql, null);
      return null;
    }
    if (known !== null || this.#names >= MOST_PREPARED) return known;
    this.#names += 1;
    const name = `s${this.#names}`;
    this.#prepared.set(sql, name);
    return name;
  }
}
