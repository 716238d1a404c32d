import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import type { Agent } from '../../../src/resources/shapes.ts';
import { allPages } from '../api/all-pages.ts';
import { ask } from '../api/client.ts';
import { queryClient } from '../api/queries.ts';

/** Reports of agents are no news: they are read again this often, ms. */
const REPORTS_MS = 15_000;
/** Whether they live is read more often, for an agent that dies should be seen at once; it is a few bytes each. */
const LIVES_MS = 3_000;

type SignOfLife = Pick<Agent, 'id' | 'alive' | 'admin_state_up' | 'heartbeat_timestamp'>;
const signs = ['id', 'alive', 'admin_state_up', 'heartbeat_timestamp'].map((name) => `fields=${name}`).join('&');

/** All agents that one may see, as they are now. */
export function useAgents(): {
  readonly agents: readonly Agent[] | null;
  readonly error: Error | null;
  /** Whether what is shown may be old. */
  readonly isOld: boolean;
} {
  const whole = useQuery({
    queryKey: ['agents', 'page'],
    refetchInterval: REPORTS_MS,
    queryFn: ({ signal }) => allPages<Agent>('agents', '/v2.0/agents', signal),
  });
  const lives = useQuery({
    queryKey: ['agents', 'signs of life'],
    refetchInterval: LIVES_MS,
    queryFn: ({ signal }) => allPages<SignOfLife>('agents', `/v2.0/agents?${signs}`, signal),
  });
  const newer = lives.dataUpdatedAt > whole.dataUpdatedAt ? lives.data : undefined;
  const agents = useMemo(() => (whole.data ? withSigns(whole.data, newer ?? []) : null), [whole.data, newer]);
  const isOther = newer !== undefined && agents !== null && !sameIds(agents, newer);
  useEffect(() => {
    if (isOther) void queryClient.invalidateQueries({ queryKey: ['agents', 'page'] });
  }, [isOther]);
  return { agents, error: whole.error, isOld: agents !== null && (lives.isError || whole.isError) };
}

function withSigns(agents: readonly Agent[], newer: readonly SignOfLife[]): Agent[] {
  const byId = new Map(newer.map((sign) => [sign.id, sign]));
  return agents.map((agent) => ({ ...agent, ...byId.get(agent.id) }));
}

function sameIds(some: readonly SignOfLife[], others: readonly SignOfLife[]): boolean {
  const ids = new Set(some.map(({ id }) => id));
  return ids.size === others.length && others.every(({ id }) => ids.has(id));
}

/** After something was done to agents: they, and what they serve, are read anew. */
export function readAgentsAgain(): Promise<void> {
  const shown = new Set(['agents', 'networks', 'routers', 'ports']);
  return queryClient.invalidateQueries({ predicate: ({ queryKey }) => shown.has(String(queryKey[0])) });
}

/** Switches an agent on or off. @throws ApiError */
export async function switchAgent(id: string, isOn: boolean): Promise<void> {
  await ask('PUT', `/v2.0/agents/${encodeURIComponent(id)}`, { agent: { admin_state_up: isOn } });
  await readAgentsAgain();
}

/** @throws ApiError */
export async function deleteAgent(id: string): Promise<void> {
  await ask('DELETE', `/v2.0/agents/${encodeURIComponent(id)}`);
  await readAgentsAgain();
}
