import { expect, it } from 'vitest';
import type { Database } from '../db/database.ts';
import { DatabaseError } from '../db/errors.ts';
import { adminContext } from '../lib/context.ts';
import { Changes } from './changes.ts';
import type { Outbox } from './outbox/outbox.ts';
import type { Quotas } from './quota/quotas.ts';
import { RecentRequests } from './recent-requests.ts';

/** A database of which every transaction fails so, all attempts over. */
const changesOver = (error: unknown) =>
  new Changes({
    requests: new RecentRequests(),
    database: { transaction: () => Promise.reject(error) } as unknown as Database,
    outbox: {} as Outbox,
    quotas: {} as Quotas,
    now: () => 0,
    wanted: () => false,
    onLostRace: () => {},
  });

it.each([
  ['busy', 'The database is busy at this moment; try again.'],
  ['unique', 'Too many requests want the same addresses at this moment; try again.'],
] as const)(
  'a change that was tried in vain (%s) is to be tried later, not an internal error',
  async (kind, message) => {
    const work = changesOver(new DatabaseError(kind, 'x', { sql: '', cause: null })).run(
      adminContext('req-1'),
      async () => {},
    );
    await expect(work).rejects.toMatchObject({ type: 'ServiceUnavailable', kind: 'unavailable', message });
  },
);
