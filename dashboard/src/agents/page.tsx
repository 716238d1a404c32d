import { Alert, Group, Select, Skeleton, Stack, Table, TextInput, Title, Text as Words } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import type { Agent } from '../../../src/resources/shapes.ts';
import { useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import { type AgentFilter, type AgentState, agentStates, agentsShown, stateOf } from './agent.ts';
import { useAgents } from './data.ts';
import { AgentDrawer } from './drawer.tsx';
import { AgentRow } from './row.tsx';

/** Who works on which host, how it is, and what it serves. `?id=` opens one. */
export function AgentsPage() {
  const text = useText();
  const { agents, error, isOld } = useAgents();
  return (
    <Stack gap="sm">
      <Title order={2} size="h3">
        {text('agents.title')}
      </Title>
      {error && <ErrorNote error={error} />}
      {isOld && !error && <Alert color="yellow">{text('agents.noLiveness')}</Alert>}
      {agents === null && !error && <Skeleton h={200} aria-label={text('shell.loading')} />}
      {agents?.length === 0 && <Alert title={text('agents.empty')}>{text('agents.emptyText')}</Alert>}
      {agents && agents.length > 0 && <Shown agents={agents} />}
    </Stack>
  );
}

function Shown({ agents }: { agents: readonly Agent[] }) {
  const text = useText();
  const navigate = useNavigate();
  const { id } = useSearch({ strict: false }) as { id?: unknown };
  const [filter, setFilter] = useState<AgentFilter>({ text: '', state: null });
  const shown = agentsShown(agents, filter);
  const opened = agents.find((agent) => agent.id === id);
  const open = (of: string | null) =>
    void navigate({ to: '.', search: (of === null ? {} : { id: of }) as never, replace: true });
  return (
    <>
      <Group align="flex-end">
        <TextInput
          size="xs"
          type="search"
          label={text('agents.search')}
          value={filter.text}
          onChange={(event) => setFilter({ ...filter, text: event.currentTarget.value })}
        />
        <Select
          size="xs"
          label={text('agents.state')}
          placeholder={text('agents.any')}
          clearable
          data={agentStates.map((value) => ({ value, label: text(`agents.${value}`) }))}
          value={filter.state}
          onChange={(state) => setFilter({ ...filter, state: state as AgentState | null })}
        />
        <Words size="sm" role="status">
          {text('agents.summary', { count: agents.length, ...counted(agents) })}
        </Words>
      </Group>
      {shown.length === 0 ? (
        <Words role="status">{text('agents.nothing')}</Words>
      ) : (
        <Rows agents={shown} onOpen={open} />
      )}
      {opened && <AgentDrawer agent={opened} agents={agents} onClose={() => open(null)} />}
    </>
  );
}

const columns = ['state', 'type', 'host', 'zone', 'started', 'heartbeat', 'load', 'lastError'] as const;

function Rows({ agents, onOpen }: { agents: readonly Agent[]; onOpen: (id: string) => void }) {
  const text = useText();
  return (
    <Table.ScrollContainer minWidth={860}>
      <Table striped highlightOnHover verticalSpacing={6} fz="sm">
        <Table.Thead>
          <Table.Tr>
            {columns.map((name) => (
              <Table.Th key={name}>{text(`agents.${name}`)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {agents.map((agent) => (
            <AgentRow key={agent.id} agent={agent} onOpen={() => onOpen(agent.id)} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function counted(agents: readonly Agent[]): Record<'alive' | 'dead' | 'off', number> {
  const of = (...states: AgentState[]) => agents.filter((agent) => states.includes(stateOf(agent))).length;
  return { alive: of('alive'), dead: of('dead'), off: of('off', 'offDead') };
}
