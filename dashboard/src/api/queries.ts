import { QueryClient } from '@tanstack/react-query';
import { ApiError } from './client.ts';

/**
 * Server state lives here only. Keys are `[collection, …]`, so that news of a resource reaches everything that shows it;
 * what is not a collection (`explain`, `quotas`) begins with its own word.
 */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // A refusal stays one; a server that does not answer is asked again.
      retry: (count, error) => error instanceof ApiError && (error.status === 0 || error.status === 503) && count < 20,
      retryDelay: (count) => Math.min(500 * 2 ** count, 5000),
    },
  },
});

/** What is asked once per session, or by its own clock, and does not change by what is done with resources. */
const lasting = new Set<unknown>(['description', 'permissions']);

/** Reads again everything that is shown and may have changed. */
export function readAgain(): Promise<void> {
  return queryClient.invalidateQueries({ predicate: ({ queryKey }) => !lasting.has(queryKey[0]) });
}
