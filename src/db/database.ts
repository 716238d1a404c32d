import type { Kysely } from 'kysely';
import type { Schema } from './schema.ts';

/** A connection to ask: the database outside a transaction (committed rows only) or the inside of one. */
export type Db = Kysely<Schema>;

declare const inTransaction: unique symbol;

/** The inside of a transaction. Rows only: never await RPC, a command or a timer while holding one. */
export type Tx = Db & { readonly [inTransaction]: true };
