import { Alert, List, Progress, Text as Words } from '@mantine/core';
import { ApiError } from '../api/client.ts';
import { useText } from '../messages/text.tsx';
import { refusal } from '../shell/refusal.ts';
import type { Moves } from './use-moves.ts';

/** How far it is, and what was refused and why. */
export function MoveReport({ moves: { count, outcomes } }: { moves: Moves }) {
  const text = useText();
  const refused = outcomes.filter(({ error }) => error !== null);
  const isRunning = outcomes.length < count;
  const doing = text('agents.doing', { done: outcomes.length, count });
  return (
    <>
      {isRunning && <Progress value={(100 * outcomes.length) / count} animated aria-label={doing} />}
      <Words size="sm" role="status">
        {isRunning ? doing : text('agents.done', { count: count - refused.length })}
      </Words>
      {refused.length > 0 && (
        <Alert color="red" role="alert" title={text('agents.refused', { count: refused.length })}>
          <List size="sm">
            {refused.map(({ name, error, left }, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: several may have one name, and none moves
              <List.Item key={at}>
                {name}: {refusal(error!, text)}
                {left && `; ${text(`agents.${left}`)}`}{' '}
                {error instanceof ApiError && (
                  <Words span size="xs" c="dimmed">
                    {error.type} {error.requestId}
                  </Words>
                )}
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
    </>
  );
}
