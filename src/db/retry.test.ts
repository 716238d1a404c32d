import { describe, expect, it } from 'vitest';
import { DatabaseError } from './errors.ts';
import { isUniqueViolation, RetryRequest, withRetry } from './retry.ts';

const busy = () => new DatabaseError('busy', 'database is locked', { sql: 'begin', cause: null });
const unique = (table: string) => new DatabaseError('unique', 'taken', { table, sql: 'insert', cause: null });

/** Fails with each error in turn, then gives the number of the attempt. */
function failing(...errors: unknown[]) {
  let attempts = 0;
  return async () => {
    const error = errors[attempts++];
    if (error !== undefined) throw error;
    return attempts;
  };
}

describe('withRetry', () => {
  it.each([
    ['a deadlock', [busy(), busy()], 3],
    ['a request', [new RetryRequest(new Error('moved'))], 2],
    ['nothing', [], 1],
  ])('after %s it succeeds at last', async (_, errors, attempts) => {
    expect(await withRetry(failing(...errors))).toBe(attempts);
  });

  it('does not repeat what will fail again', async () => {
    await expect(withRetry(failing(unique('ports')))).rejects.toThrow('taken');
    await expect(withRetry(failing(new Error('bug')))).rejects.toThrow('bug');
  });

  it('repeats what the caller says may pass', async () => {
    const retryOn = (error: unknown) => isUniqueViolation(error, 'ports');
    expect(await withRetry(failing(unique('ports'), unique('ports')), { retryOn })).toBe(3);
    await expect(withRetry(failing(unique('networks')), { retryOn })).rejects.toThrow('taken');
  });

  it('gives up after so many attempts, with the last cause', async () => {
    const always = Array.from({ length: 9 }, (_, i) => new RetryRequest(new Error(`no ${i + 1}`)));
    await expect(withRetry(failing(...always), { attempts: 3 })).rejects.toThrow('no 3');
  });
});
