import { type CreateTableBuilder, sql } from 'kysely';
import type { DialectName } from '../dialect/contract.ts';

/** The few column types and table endings in which databases differ. */
export interface Columns {
  readonly flag: 'integer' | 'boolean';
  /** Whole numbers beyond 31 bits; SQLite's are all of 64. */
  readonly wide: 'integer' | 'bigint';
  /** Adds the table's own counter as its primary key: never used twice, also after deletes. */
  counter<T extends string, C extends string>(table: CreateTableBuilder<T, C>, name: string): CreateTableBuilder<T, C>;
  /** A table whose rows lie in the order of its primary key (children next to each other, one tree less to write). */
  clustered<T extends string, C extends string>(table: CreateTableBuilder<T, C>): CreateTableBuilder<T, C>;
}

export function columnsOf(dialect: DialectName): Columns {
  return {
    flag: dialect === 'postgres' ? 'boolean' : 'integer',
    wide: dialect === 'sqlite' ? 'integer' : 'bigint',
    counter: <T extends string, C extends string>(table: CreateTableBuilder<T, C>, name: string) => {
      const added =
        dialect === 'postgres'
          ? table.addColumn(name, 'bigserial', (c) => c.primaryKey())
          : table.addColumn(name, dialect === 'mysql' ? 'bigint' : 'integer', (c) => c.primaryKey().autoIncrement());
      return added as CreateTableBuilder<T, C>;
    },
    clustered: (table) => (dialect === 'sqlite' ? table.modifyEnd(sql`without rowid`) : table),
  };
}
