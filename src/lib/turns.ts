import { setImmediate as endOfTurn } from 'node:timers/promises';

/** The event loop is never held longer than 20 ms; a quarter leaves room for the step under way, and for a commit. */
const TURN_MS = 5;

/**
 * Does something for each item, one after the other, and lets the event loop breathe in between when it has been held for
 * a while: a bulk request must not hold up everybody else's.
 */
export async function inTurns<T, R>(items: readonly T[], work: (item: T) => R | Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let since = performance.now();
  for (const item of items) {
    results.push(await work(item));
    if (performance.now() - since > TURN_MS) {
      await endOfTurn();
      since = performance.now();
    }
  }
  return results;
}
