import type { Connection, Dialect, QueryOutcome, Statement } from './dialect/contract.ts';
import { queryTogether } from './dialect/together.ts';

/** What was asked of a database since it was opened. Times are the callers' waits, with the network and locks in it. */
export interface DatabaseStatistics {
  readonly statements: Record<'select' | 'insert' | 'update' | 'delete' | 'other', number>;
  statementSeconds: number;
  readonly transactions: { committed: number; rolledBack: number };
  transactionSeconds: number;
  /** Transactions done again, by the reason: told to (`requested`), a lock or a lost connection, a lost race for a key. */
  readonly retries: { requested: number; busy: number; race: number };
}

export function newStatistics(): DatabaseStatistics {
  return {
    statements: { select: 0, insert: 0, update: 0, delete: 0, other: 0 },
    statementSeconds: 0,
    transactions: { committed: 0, rolledBack: 0 },
    transactionSeconds: 0,
    retries: { requested: 0, busy: 0, race: 0 },
  };
}

/** A dialect whose use is counted: 0.3 µs a statement, so only where somebody wants to know. */
export function counted(dialect: Dialect, statistics: DatabaseStatistics): Dialect {
  const inner = new WeakMap<Connection, Connection>();
  const wrap = (connection: Connection): Connection => {
    const outer = new CountedConnection(connection, statistics);
    inner.set(outer, connection);
    return outer;
  };
  return {
    name: dialect.name,
    get pool() {
      return dialect.pool!;
    },
    createAdapter: () => dialect.createAdapter(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    tablePlugins: () => dialect.tablePlugins(),
    acquire: async (snapshot) => wrap(await dialect.acquire(snapshot)),
    release: (connection) => dialect.release(inner.get(connection) ?? connection),
    ...(dialect.readTogether && {
      readTogether: (statements: readonly Statement[]) =>
        count(statistics, statements, () => dialect.readTogether!(statements)),
    }),
    async transaction(work) {
      const startedMs = performance.now();
      let outcome: 'committed' | 'rolledBack' = 'rolledBack';
      try {
        const result = await dialect.transaction((connection) => work(wrap(connection)));
        outcome = 'committed';
        return result;
      } finally {
        statistics.transactions[outcome] += 1;
        statistics.transactionSeconds += (performance.now() - startedMs) / 1000;
      }
    },
    exclusively: (work) => dialect.exclusively(work),
    close: () => dialect.close(),
  };
}

class CountedConnection implements Connection {
  readonly later: Connection['later'];
  readonly #inner: Connection;
  readonly #statistics: DatabaseStatistics;

  constructor(inner: Connection, statistics: DatabaseStatistics) {
    this.#inner = inner;
    this.#statistics = statistics;
    this.later =
      inner.later &&
      ((statement, answered) => {
        statistics.statements[kindOf(statement.sql)] += 1;
        inner.later!(statement, answered);
      });
  }

  async query(sql: string, values: readonly unknown[]) {
    const startedMs = performance.now();
    this.#statistics.statements[kindOf(sql)] += 1;
    try {
      return await this.#inner.query(sql, values);
    } finally {
      this.#statistics.statementSeconds += (performance.now() - startedMs) / 1000;
    }
  }

  queryAll(statements: readonly Statement[]) {
    return count(this.#statistics, statements, () => queryTogether(this.#inner, statements));
  }
}

async function count(
  statistics: DatabaseStatistics,
  statements: readonly Statement[],
  work: () => Promise<QueryOutcome[]>,
): Promise<QueryOutcome[]> {
  const startedMs = performance.now();
  for (const { sql } of statements) statistics.statements[kindOf(sql)] += 1;
  try {
    return await work();
  } finally {
    statistics.statementSeconds += (performance.now() - startedMs) / 1000;
  }
}

const kinds = { s: 'select', w: 'select', i: 'insert', u: 'update', d: 'delete' } as const;

function kindOf(sql: string): keyof DatabaseStatistics['statements'] {
  return kinds[sql.charAt(0).toLowerCase() as keyof typeof kinds] ?? 'other';
}
