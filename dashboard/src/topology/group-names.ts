import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { ask } from '../api/client.ts';
import type { Names } from './names.ts';
import type { Trace } from './trace-marks.ts';

interface Named {
  readonly id: string;
  readonly name: string;
}

const group = /\bgroup ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/g;

/** The security groups that a trace speaks of, each once. */
export function groupsIn({ hops, answer }: Pick<Trace, 'hops' | 'answer'>): string[] {
  const told = [...hops, ...(answer?.hops ?? [])].map(({ cause = '' }) => cause).join('\n');
  return [...new Set([...told.matchAll(group)].map(([, id]) => id!))].sort();
}

/** Names of what is drawn, and of the groups that decide on a packet's way: these are not in the picture. */
export function useNamesWithGroups(names: Names, trace: Trace): Names {
  const ids = groupsIn(trace);
  const { data } = useQuery({
    queryKey: ['security_groups', 'names', ...ids],
    enabled: ids.length > 0,
    queryFn: async ({ signal }) => {
      const query = ids.map((id) => `id=${id}`).join('&');
      const path = `/v2.0/security-groups?fields=id&fields=name&${query}`;
      return (await ask<{ security_groups: Named[] }>('GET', path, undefined, signal)).body.security_groups;
    },
  });
  return useMemo(
    () =>
      new Map([...names, ...(data ?? []).filter(({ name }) => name !== '').map(({ id, name }) => [id, name] as const)]),
    [names, data],
  );
}
