import { Button, Code, Drawer, Group, ScrollArea, Stack, Title, Text as Words } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Agent } from '../../../src/resources/shapes.ts';
import { useResources } from '../api/described.ts';
import { useSpeech, useText } from '../messages/text.tsx';
import { ago, moment } from '../messages/times.ts';
import { ErrorNote } from '../shell/fault.tsx';
import { Facts } from '../topology/facts.tsx';
import { hostedOf, lastErrorOf, othersFor, stateOf } from './agent.ts';
import { Confirm } from './confirm.tsx';
import { deleteAgent, switchAgent } from './data.ts';
import { History } from './history.tsx';
import { HostedPorts } from './hosted-ports.tsx';
import { HostedThings, movingRights } from './hosted-things.tsx';
import { useKinds, useLoadText } from './kinds.ts';
import { useNow } from './now.ts';
import { Since } from './row.tsx';
import { StateNote } from './state-note.tsx';

interface Props {
  readonly agent: Agent;
  readonly agents: readonly Agent[];
  readonly onClose: () => void;
}

/** One agent: how it is and was, what it serves, and what can be done with it. */
export function AgentDrawer({ agent, agents, onClose }: Props) {
  const text = useText();
  const loadText = useLoadText();
  const kind = useKinds()(agent.agent_type);
  const hosted = hostedOf(agent);
  const { resources } = useResources();
  const resource = resources.find(({ key }) => key === 'agents');
  return (
    <Drawer opened position="right" size="xl" title={`${kind} · ${agent.host}`} onClose={onClose}>
      <Stack>
        <Switches
          agent={agent}
          name={`${kind} · ${agent.host}`}
          rights={{ change: Boolean(resource?.update), delete: resource?.canDelete ?? false }}
          onDeleted={onClose}
        />
        <Facts
          rows={[
            [text('agents.state'), <StateNote key="" state={stateOf(agent)} />],
            [text('agents.host'), agent.host],
            [text('agents.zone'), agent.availability_zone],
            [text('agents.program'), agent.binary],
            [text('agents.description'), agent.description],
            [text('agents.started'), <Since key="" time={agent.started_at} />],
            [text('agents.heartbeat'), <Since key="" time={agent.heartbeat_timestamp} />],
            [text('agents.load'), loadText(agent)],
            ['ID', agent.id],
          ]}
        />
        <Part title={text('agents.lastError')}>
          <LastError agent={agent} />
        </Part>
        {hosted !== null && (
          <Part title={text(`agents.hosted.${hosted}`)}>
            {hosted === 'ports' ? (
              <HostedPorts host={agent.host} />
            ) : (
              <HostedThings
                key={agent.id}
                kind={hosted}
                agent={agent}
                others={othersFor(agent, agents)}
                rights={movingRights(resource, hosted)}
              />
            )}
          </Part>
        )}
        <Part title={text('agents.history')}>
          <History agent={agent} />
        </Part>
        <Part title={text('agents.configurations')}>
          <ScrollArea type="auto">
            <Code block tabIndex={0}>
              {JSON.stringify(agent.configurations, null, 2)}
            </Code>
          </ScrollArea>
        </Part>
      </Stack>
    </Drawer>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack component="section" gap={6} aria-label={title}>
      <Title order={3} size="h6">
        {title}
      </Title>
      {children}
    </Stack>
  );
}

function LastError({ agent }: { agent: Agent }) {
  const { text, language } = useSpeech();
  const nowMs = useNow();
  const error = lastErrorOf(agent);
  if (error === null)
    return (
      <Words size="sm" c="dimmed">
        {text('agents.noError')}
      </Words>
    );
  return (
    <>
      <Words size="sm" style={{ whiteSpace: 'pre-wrap' }}>
        {error.what}
      </Words>
      <Words size="xs" c="dimmed">
        {moment(error.atMs, language)} ({ago(error.atMs, nowMs, language)}) ·{' '}
        {text('agents.errors', { count: error.count })}
      </Words>
    </>
  );
}

/** On, off, and gone. */
function Switches({
  agent,
  name,
  rights,
  onDeleted,
}: {
  agent: Agent;
  name: string;
  rights: { readonly change: boolean; readonly delete: boolean };
  onDeleted: () => void;
}) {
  const text = useText();
  const [asked, setAsked] = useState<'off' | 'delete' | null>(null);
  const switching = useMutation({ mutationFn: () => switchAgent(agent.id, true) });
  return (
    <>
      <Group gap="xs">
        {!rights.change ? null : agent.admin_state_up ? (
          <Button size="xs" variant="default" onClick={() => setAsked('off')}>
            {text('agents.switchOff')}
          </Button>
        ) : (
          <Button size="xs" loading={switching.isPending} onClick={() => switching.mutate()}>
            {text('agents.switchOn')}
          </Button>
        )}
        {!rights.delete ? null : agent.alive ? (
          <Words size="xs" c="dimmed">
            {text('agents.deleteOnlyDead')}
          </Words>
        ) : (
          <Button size="xs" color="red" variant="light" onClick={() => setAsked('delete')}>
            {text('agents.delete')}
          </Button>
        )}
      </Group>
      {switching.error && <ErrorNote error={switching.error} />}
      {asked === 'off' && (
        <Confirm
          title={text('agents.switchOffTitle', { name })}
          action={text('agents.switchOff')}
          run={() => switchAgent(agent.id, false)}
          onClose={() => setAsked(null)}
        >
          {text('agents.switchOffText')}
        </Confirm>
      )}
      {asked === 'delete' && (
        <Confirm
          title={text('agents.deleteTitle', { name })}
          action={text('agents.delete')}
          run={async () => {
            await deleteAgent(agent.id);
            onDeleted();
          }}
          onClose={() => setAsked(null)}
        >
          {text('agents.deleteText')}
        </Confirm>
      )}
    </>
  );
}
