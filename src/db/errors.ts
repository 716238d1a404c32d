/**
 * What a database refused, in words that are the same for every dialect. `kind` is all that callers decide by:
 * `unique` (someone else has it), `foreign_key` (the parent is gone, or still has children), `busy` (deadlock, lock wait,
 * lost connection before anything was done: the same transaction may succeed when done again), `in_doubt` (the connection was
 * lost while committing: nobody knows whether it was done, so it is not done again), `other` (a bug or a full disk).
 */
export type DatabaseErrorKind = 'unique' | 'foreign_key' | 'not_null' | 'busy' | 'in_doubt' | 'other';

/** Why a database is `busy`, where it is known. */
export type Unfit = 'read_only' | 'full' | 'away';

const UNFIT_TEXTS: Readonly<Record<Unfit, string>> = {
  read_only: 'The database takes no changes',
  full: 'The database has no connection left',
  away: 'The database does not answer',
};

export class DatabaseError extends Error {
  readonly kind: DatabaseErrorKind;
  readonly unfit: Unfit | null;
  /** The table whose key was violated, where the database says so. */
  readonly table: string | null;
  /** The columns of that key, where the database says so. */
  readonly columns: readonly string[];
  /** The statement; never its values, which may be somebody's data. */
  readonly sql: string;

  constructor(
    kind: DatabaseErrorKind,
    message: string,
    options: { table?: string | null; columns?: readonly string[]; unfit?: Unfit | null; sql: string; cause: unknown },
  ) {
    super(message, { cause: options.cause });
    this.name = 'DatabaseError';
    this.kind = kind;
    this.unfit = options.unfit ?? null;
    this.table = options.table ?? null;
    this.columns = options.columns ?? [];
    this.sql = options.sql;
  }
}

/** What a client may be told of a database that is `busy`: the beginning of a sentence. */
export function whyBusy(error: unknown): string {
  const unfit = error instanceof DatabaseError ? error.unfit : null;
  return unfit === null ? 'The database is busy' : UNFIT_TEXTS[unfit];
}

/** The connection URL or what it points to cannot be used; the message is one line for an operator. */
export class ConnectionError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ConnectionError';
  }
}

/** The tables are missing or of another revision; the message tells what to run. */
export class SchemaError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SchemaError';
  }
}
