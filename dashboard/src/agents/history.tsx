import { List, Skeleton, Text as Words } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Agent } from '../../../src/resources/shapes.ts';
import { ApiError, ask } from '../api/client.ts';
import { useSpeech } from '../messages/text.tsx';
import { lasted, moment } from '../messages/times.ts';
import { ErrorNote } from '../shell/fault.tsx';
import { timeOf } from './agent.ts';

/** `GET /v2.0/agents/{id}/history`. */
interface AgentHistory {
  /** Seconds. */
  readonly agent_down_time: number;
  /** Newest first. */
  readonly events: readonly {
    readonly at: string;
    readonly started: boolean;
    readonly silent_since: string | null;
  }[];
}

/** When an agent started, and when nothing was heard of it. */
export function History({ agent }: { agent: Agent }) {
  const { text, language } = useSpeech();
  const { data, error } = useQuery({
    // With every change of how it is.
    queryKey: ['agents', 'history', agent.id, agent.alive, agent.started_at],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => historyOf(agent.id, signal),
  });
  if (error) return <ErrorNote error={error} />;
  if (data === undefined) return <Skeleton h={40} aria-label={text('shell.loading')} />;
  const when = (time: string) => moment(Date.parse(time), language);
  const limit = lasted((data?.agent_down_time ?? 0) * 1000, language);
  const heardMs = timeOf(agent.heartbeat_timestamp);
  const createdMs = timeOf(agent.created_at);
  return (
    <>
      {data === null && (
        <Words size="sm" c="dimmed">
          {text('agents.historyUnknown')}
        </Words>
      )}
      <List size="sm" listStyleType="none" spacing={4}>
        {!agent.alive && heardMs !== null && (
          <List.Item>✕ {text('agents.isDead', { from: moment(heardMs, language) })}</List.Item>
        )}
        {data?.events.map(({ at, started, silent_since }) => (
          <List.Item key={at}>
            {started && (
              <div>
                ▶ {when(at)}: {text('agents.wasStarted')}
              </div>
            )}
            {silent_since !== null && (
              <div>
                ✕{' '}
                {text('agents.wasDead', {
                  from: when(silent_since),
                  until: when(at),
                  lasted: lasted(Date.parse(at) - Date.parse(silent_since), language),
                  limit,
                })}
              </div>
            )}
          </List.Item>
        ))}
        {createdMs !== null && (
          <List.Item>
            ★ {moment(createdMs, language)}: {text('agents.wasRegistered')}
          </List.Item>
        )}
      </List>
    </>
  );
}

/** @returns null where the server keeps none */
async function historyOf(id: string, signal: AbortSignal): Promise<AgentHistory | null> {
  try {
    const path = `/v2.0/agents/${encodeURIComponent(id)}/history`;
    return (await ask<{ history: AgentHistory }>('GET', path, undefined, signal)).body.history;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
