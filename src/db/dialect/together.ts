import type { Connection, QueryOutcome, Statement } from './contract.ts';

/** A statement that nobody waits for: later where the connection can, else at once. @throws DatabaseError */
export async function sendLater(
  connection: Connection,
  statement: Statement,
  answered: (outcome: QueryOutcome) => void,
): Promise<void> {
  if (connection.later !== undefined) connection.later(statement, answered);
  else answered(await connection.query(statement.sql, statement.values));
}

/** Several statements in one round trip where the connection can, else one after the other. @throws DatabaseError */
export async function queryTogether(connection: Connection, statements: readonly Statement[]): Promise<QueryOutcome[]> {
  if (connection.queryAll !== undefined) return connection.queryAll(statements);
  const outcomes: QueryOutcome[] = [];
  for (const { sql, values } of statements) outcomes.push(await connection.query(sql, values));
  return outcomes;
}
