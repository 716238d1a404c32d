import type { Kysely } from 'kysely';
import type { QueryOutcome, Statement } from './dialect/contract.ts';
import { handleOf, queryAll } from './handle.ts';
import type { Schema } from './schema.ts';

/**
 * Something to be read, told before it is asked: what needs nothing of each other's answers is asked in one round trip.
 *
 *     const [network, subnets] = await ask(tx, networkFactsOf(tx, id), subnetFactsOf(tx, id));
 */
export interface Question<T> {
  readonly statements: readonly Statement[];
  /** @param outcomes one of each statement */
  answer(outcomes: readonly QueryOutcome[]): T;
}

type Answers<Q extends readonly Question<unknown>[]> = { [K in keyof Q]: Q[K] extends Question<infer T> ? T : never };

/** The answer to each question, all of one moment. @throws DatabaseError */
export async function ask<Q extends readonly Question<unknown>[]>(
  db: Kysely<Schema>,
  ...questions: Q
): Promise<Answers<Q>> {
  const outcomes = await queryAll(
    handleOf(db),
    questions.flatMap(({ statements }) => statements),
  );
  let next = 0;
  return questions.map(({ statements, answer }) => {
    next += statements.length;
    return answer(outcomes.slice(next - statements.length, next));
  }) as Answers<Q>;
}
