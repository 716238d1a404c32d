import { DatabaseError, type DatabaseErrorKind } from '../../errors.ts';

/** Extended result codes of SQLite that mean something to us (sqlite.org, "Result and Error Codes"). */
const BUSY = 5;
const LOCKED = 6;
const CONSTRAINT_FOREIGNKEY = 787;
const CONSTRAINT_NOTNULL = 1299;
const CONSTRAINT_PRIMARYKEY = 1555;
const CONSTRAINT_TRIGGER = 1811;
const CONSTRAINT_UNIQUE = 2067;
const CONSTRAINT_ROWID = 2579;

/** Turns what node:sqlite threw into a DatabaseError; anything that is not SQLite's is returned as it is. */
export function sqliteError(error: unknown, sql: string): unknown {
  if (!isSqliteError(error)) return error;
  const { table, columns } = violatedKey(error.message);
  return new DatabaseError(kindOf(error.errcode), error.message, { table, columns, sql, cause: error });
}

/** True when another process holds the write lock: worth another try a little later. */
export function isSqliteBusy(error: unknown): boolean {
  return isSqliteError(error) && kindOf(error.errcode) === 'busy';
}

function isSqliteError(error: unknown): error is Error & { errcode: number } {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

function kindOf(code: number): DatabaseErrorKind {
  switch (code) {
    case CONSTRAINT_UNIQUE:
    case CONSTRAINT_PRIMARYKEY:
    case CONSTRAINT_ROWID:
      return 'unique';
    case CONSTRAINT_FOREIGNKEY:
    case CONSTRAINT_TRIGGER:
      return 'foreign_key';
    case CONSTRAINT_NOTNULL:
      return 'not_null';
    default:
      return (code & 0xff) === BUSY || (code & 0xff) === LOCKED ? 'busy' : 'other';
  }
}

/** `UNIQUE constraint failed: ports.network_id, ports.mac_address` names table and columns. */
function violatedKey(message: string): { table: string | null; columns: string[] } {
  const list = /constraint failed: (.+)$/.exec(message)?.[1] ?? '';
  const pairs = list.split(', ').map((name) => name.split('.'));
  const table = pairs[0]?.length === 2 ? pairs[0][0]! : null;
  return { table, columns: table === null ? [] : pairs.map((pair) => pair[1] ?? '') };
}
