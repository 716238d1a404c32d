import { DatabaseError, type DatabaseErrorKind, type Unfit } from '../../errors.ts';

/** SQLSTATE codes and classes of PostgreSQL ("Appendix A, Error Codes") that mean something to us. */
const UNIQUE = '23505';
const FOREIGN_KEY = new Set(['23503', '23001']);
const NOT_NULL = '23502';
/** Deadlock, serialization, lock wait: the transaction is rolled back, the connection is as good as before. */
const PASSING = new Set(['40001', '40P01', '55P03', '57014']);
/** Shut down, crashed, starting, too many connections, a standby after a failover. */
const READ_ONLY = '25006';
const FULL = '53300';
const UNFIT = new Set(['57P01', '57P02', '57P03', '57P05', FULL, READ_ONLY]);
const CONNECTION_CLASS = /^08/;
/** Codes of node, and texts of the driver, for a connection that is gone or never came to be. */
const GONE_CODE = /^(ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOTFOUND|ENOENT)$/;
const GONE_TEXT =
  /connection terminated|client has encountered a connection error|query read timeout|not queryable|timeout expired/i;

interface PostgresError extends Error {
  readonly code?: string;
  readonly severity?: string;
  readonly table?: string;
  readonly detail?: string;
}

/** Turns what the driver threw into a DatabaseError; anything that is no database's is returned as it is. */
export function postgresError(error: unknown, sql: string): unknown {
  if (!isPostgresError(error)) return error;
  const columns = /^Key \(([^)]*)\)/.exec(error.detail ?? '')?.[1]?.split(', ') ?? [];
  const of = { table: error.table ?? null, columns, unfit: unfitOf(error), sql };
  return new DatabaseError(kindOf(error), error.message, { ...of, cause: error });
}

/** Whether the connection that threw it cannot be used again, or leads to a server that is of no use. */
export function endsConnection(error: unknown): boolean {
  return isPostgresError(error) && (isGone(error) || UNFIT.has(error.code ?? ''));
}

/** Whether a statement was refused because its transaction only reads. */
export function isReadOnly(error: unknown): boolean {
  return isPostgresError(error) && error.code === READ_ONLY;
}

/** Whether the server itself said it, so that it is known what became of the transaction. */
export function isAnswer(error: unknown): boolean {
  return isPostgresError(error) && error.severity !== undefined;
}

function isPostgresError(error: unknown): error is PostgresError {
  return error instanceof Error && ('code' in error || GONE_TEXT.test(error.message));
}

function isGone({ code = '', message }: PostgresError): boolean {
  return GONE_CODE.test(code) || CONNECTION_CLASS.test(code) || GONE_TEXT.test(message);
}

function kindOf(error: PostgresError): DatabaseErrorKind {
  const code = error.code ?? '';
  if (code === UNIQUE) return 'unique';
  if (FOREIGN_KEY.has(code)) return 'foreign_key';
  if (code === NOT_NULL) return 'not_null';
  return PASSING.has(code) || UNFIT.has(code) || isGone(error) ? 'busy' : 'other';
}

function unfitOf(error: PostgresError): Unfit | null {
  if (error.code === READ_ONLY) return 'read_only';
  if (error.code === FULL) return 'full';
  return isGone(error) ? 'away' : null;
}
