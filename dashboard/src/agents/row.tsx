import { Anchor, Table, Text as Words } from '@mantine/core';
import type { Agent } from '../../../src/resources/shapes.ts';
import { useSpeech } from '../messages/text.tsx';
import { ago, moment } from '../messages/times.ts';
import { lastErrorOf, stateOf, timeOf } from './agent.ts';
import { useKinds, useLoadText } from './kinds.ts';
import { useNow } from './now.ts';
import { StateNote } from './state-note.tsx';

/** One agent in the table. */
export function AgentRow({ agent, onOpen }: { agent: Agent; onOpen: () => void }) {
  const { text } = useSpeech();
  const kind = useKinds()(agent.agent_type);
  const error = lastErrorOf(agent);
  return (
    <Table.Tr>
      <Table.Td>
        <StateNote state={stateOf(agent)} />
      </Table.Td>
      <Table.Td>{kind}</Table.Td>
      <Table.Th scope="row" style={{ overflowWrap: 'anywhere' }}>
        <Anchor
          component="button"
          type="button"
          fz="sm"
          onClick={onOpen}
          aria-label={text('agents.open', { name: `${kind} ${agent.host}` })}
        >
          {agent.host}
        </Anchor>
      </Table.Th>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>{agent.availability_zone}</Table.Td>
      <Table.Td>
        <Since time={agent.started_at} />
      </Table.Td>
      <Table.Td>
        <Since time={agent.heartbeat_timestamp} />
      </Table.Td>
      <Table.Td>{useLoadText()(agent)}</Table.Td>
      <Table.Td>
        {error && (
          <Words size="sm" truncate maw={240} title={error.what}>
            {error.what}
          </Words>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

/** A time of an agent: how long ago, and when to whoever points at it. */
export function Since({ time }: { time: string }) {
  const { language } = useSpeech();
  const nowMs = useNow();
  const ms = timeOf(time);
  if (ms === null) return null;
  return (
    <time dateTime={new Date(ms).toISOString()} title={moment(ms, language)}>
      {ago(ms, nowMs, language)}
    </time>
  );
}
