import { type Database, openDatabase } from '../../src/db/database.ts';
import { temporaryDatabase } from '../../src/db/temporary.ts';

/** A kind of database that the contract suites run on. */
export interface DialectUnderTest {
  readonly name: string;
  /** A migrated database of its own, gone after `close`. */
  open(): Promise<Database>;
}

/** Part 3 of the plan adds MariaDB and PostgreSQL here, each started privately. */
export const dialects: readonly DialectUnderTest[] = [{ name: 'sqlite', open: temporaryDatabase }];

/** A second connection to the same database, as another process would have. */
export function openAgain(database: Database): Promise<Database> {
  return openDatabase(database.options);
}
