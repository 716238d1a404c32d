import { DatabaseError, type DatabaseErrorKind, type Unfit } from '../../errors.ts';

/**
 * Error numbers of MariaDB and MySQL that mean something to us. Galera reports a transaction that lost against another
 * node's as a deadlock, and a node that left its cluster as "not prepared" (1047).
 */
const UNIQUE = new Set([1022, 1062, 1586]);
const FOREIGN_KEY = new Set([1216, 1217, 1451, 1452]);
const NOT_NULL = new Set([1048, 1364]);
/** Deadlock, lock wait, changed since it was read: nothing was written, and the connection is as good as before. */
const PASSING = new Set([1020, 1205, 1213, 1317, 3058]);
/** The server or its node will not do it: too many connections, shutting down, not prepared, read-only after a failover. */
const UNFIT = new Set([
  1040, 1047, 1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1290, 1836, 1927, 4031,
]);
/** Codes of the driver and of node for a connection that is gone or never came to be. */
const GONE =
  /^(PROTOCOL_CONNECTION_LOST|PROTOCOL_SEQUENCE_TIMEOUT|PROTOCOL_ENQUEUE_AFTER_\w+|PROTOCOL_PACKETS_OUT_OF_ORDER|ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOTFOUND|ENOENT)$/;

const READ_ONLY = new Set([1290, 1836]);
const FULL = new Set([1040, 1203]);

interface MysqlError extends Error {
  readonly code?: string;
  readonly errno?: number;
}

/**
 * Turns what the driver threw into a DatabaseError; anything else is returned as it is.
 * @param statements that went to the server together: which of them failed is not told
 */
export function mysqlError(error: unknown, statements: readonly string[]): unknown {
  if (!isMysqlError(error)) return error;
  const kind = kindOf(error);
  const key = keyOf(error.message);
  const [only, ...others] = statements;
  const table = kind !== 'unique' ? null : (key?.table ?? (others.length === 0 ? tableOf(only ?? '') : null));
  const columns = key?.columns ?? [];
  const sql = statements.join('; ');
  return new DatabaseError(kind, error.message, { table, columns, unfit: unfitOf(error), sql, cause: error });
}

/** Whether the connection that threw it cannot be used again, or leads to a server that is of no use. */
export function endsConnection(error: unknown): boolean {
  return isMysqlError(error) && (isGone(error) || UNFIT.has(error.errno ?? 0));
}

function isMysqlError(error: unknown): error is MysqlError {
  return error instanceof Error && ('errno' in error || 'code' in error);
}

function isGone({ code, message }: MysqlError): boolean {
  return GONE.test(code ?? '') || /closed state|connection is in closed/i.test(message);
}

function kindOf(error: MysqlError): DatabaseErrorKind {
  const errno = error.errno ?? 0;
  if (UNIQUE.has(errno)) return 'unique';
  if (FOREIGN_KEY.has(errno)) return 'foreign_key';
  if (NOT_NULL.has(errno)) return 'not_null';
  if (PASSING.has(errno) || UNFIT.has(errno) || isGone(error)) return 'busy';
  return 'other';
}

function unfitOf(error: MysqlError): Unfit | null {
  if (READ_ONLY.has(error.errno ?? 0)) return 'read_only';
  if (FULL.has(error.errno ?? 0)) return 'full';
  return isGone(error) ? 'away' : null;
}

/** The server names the key alone; the table is the statement's, where the name does not tell. */
function tableOf(sql: string): string | null {
  return /^\s*(?:insert(?:\s+ignore)?\s+into|update|replace\s+into)\s+`?(\w+)`?/i.exec(sql)?.[1] ?? null;
}

/** Our keys are named `uniq_<table>0<column>0<column>` (migrations/tables.ts); a column's own key has the column's name. */
function keyOf(message: string): { table: string | null; columns: string[] } | null {
  const key = /for key '(?:[^'.]*\.)?([^']+)'/.exec(message)?.[1] ?? 'PRIMARY';
  if (key === 'PRIMARY') return null;
  if (!key.startsWith('uniq_')) return { table: null, columns: [key] };
  const [table, ...columns] = key.slice('uniq_'.length).split('0');
  return { table: table!, columns };
}
