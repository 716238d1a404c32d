import { sql } from 'kysely';
import type { Database } from './database.ts';
import { DatabaseError, SchemaError } from './errors.ts';

/**
 * For a database without our tables: whether it has those of Python's Neutron, which have the same names (`networks`) and another
 * shape. Alembic keeps its revision in a table of its own name.
 *
 * @throws SchemaError when it has
 */
export async function refuseOtherNeutron({ db }: Database): Promise<void> {
  try {
    await sql`select version_num from alembic_version where 1 = 0`.execute(db);
  } catch (error) {
    if (error instanceof DatabaseError && /no such table|doesn't exist|does not exist/.test(error.message)) return;
    throw error;
  }
  throw new SchemaError(
    "The database holds the tables of Python's Neutron (alembic_version), which this one can neither read nor change: " +
      'name an empty one in [database] connection.',
  );
}
