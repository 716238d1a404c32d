import { useQuery } from '@tanstack/react-query';
import { ask } from '../api/client.ts';

/** What can be looked at from below, by the word in the page's address. */
export const subjects = {
  port: { collection: 'ports', title: 'underneath.port' },
  network: { collection: 'networks', title: 'underneath.network' },
  router: { collection: 'routers', title: 'underneath.router' },
  floatingip: { collection: 'floatingips', title: 'underneath.floatingip' },
} as const;
export type SubjectName = keyof typeof subjects;

/** What `GET …/{id}/explain` answers. */
export interface Explanation {
  readonly verdict: 'works' | 'waits' | 'broken' | 'unknown';
  readonly summary: string;
  readonly steps: readonly Step[];
}

export type StepState = 'ok' | 'waiting' | 'fault' | 'unknown' | 'not_applicable';

export interface Step {
  readonly step: string;
  readonly state: StepState;
  readonly expected: string;
  readonly found: string;
  readonly remedy?: string;
  readonly cause?: string;
  readonly check?: string;
  /** Who looked; absent for the server. */
  readonly agent?: 'bridge' | 'dhcp' | 'metadata' | 'l3';
  readonly host?: string;
  readonly device?: string;
  readonly counters?: Counters;
}

export type Counters = Readonly<Record<string, number>>;

/** A look asks agents, which ask their kernels: not for every change of a row, but by a clock of its own, ms. */
export const LOOK_EVERY_MS = 5000;

/**
 * Asks the server, which asks the hosts.
 * @param every again after so many ms while the page is seen; false: once; `when told`: by `refetch` only
 */
export function useExplanation(subject: SubjectName, id: string, every: number | false | 'when told') {
  const path = `${subjects[subject].collection}/${encodeURIComponent(id)}`;
  return useQuery({
    // No key of a collection: news of rows would have it asked several times a second.
    queryKey: ['explain', path],
    queryFn: async ({ signal }) =>
      (await ask<{ explanation: Explanation }>('GET', `/v2.0/${path}/explain`, undefined, signal)).body.explanation,
    enabled: every !== 'when told',
    refetchInterval: every === 'when told' ? false : every,
    // Steps that are as they were stay the same objects, and are not drawn anew.
    structuralSharing: true,
    staleTime: 0,
    retry: false,
  });
}
