import {
  Alert,
  Anchor,
  Badge,
  Button,
  Checkbox,
  Group,
  Select,
  Skeleton,
  Stack,
  Table,
  Text as Words,
} from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Agent } from '../../../src/resources/shapes.ts';
import { ask } from '../api/client.ts';
import type { ApiResource } from '../api/description.ts';
import { mayDo } from '../api/permissions.ts';
import { useNames, useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import { loadOf } from './agent.ts';
import { Confirm } from './confirm.tsx';
import { MoveReport } from './move-report.tsx';
import { isInterrupted, type Movable } from './moving.ts';
import { useMoves } from './use-moves.ts';

interface Thing {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly ha?: boolean;
}

interface Props {
  readonly kind: 'networks' | 'routers';
  readonly agent: Agent;
  /** Agents that could serve them instead. */
  readonly others: readonly Agent[];
  readonly rights: MovingRights;
}

interface MovingRights {
  readonly give: boolean;
  readonly take: boolean;
}

/** Whether one may give something to agents, and take it from them. */
export function movingRights(agents: ApiResource | undefined, kind: 'networks' | 'routers'): MovingRights {
  const what = kind === 'networks' ? 'dhcp-network' : 'l3-router';
  return { give: mayDo(agents, `create_${what}`), take: mayDo(agents, `delete_${what}`) };
}

/** The networks of a DHCP agent or the routers of an L3 agent, and moving them to another one. */
export function HostedThings({ kind, agent, others, rights }: Props) {
  const text = useText();
  const { data, error } = useQuery({
    queryKey: [kind, 'of agent', agent.id],
    queryFn: async ({ signal }) => {
      const path = `/v2.0/agents/${encodeURIComponent(agent.id)}/${kind === 'networks' ? 'dhcp-networks' : 'l3-routers'}`;
      const things = (await ask<Record<string, Thing[]>>('GET', path, undefined, signal)).body[kind] ?? [];
      return things.toSorted((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    },
  });
  if (error) return <ErrorNote error={error} />;
  if (data === undefined) return <Skeleton h={60} aria-label={text('shell.loading')} />;
  return <Things kind={kind} agent={agent} others={others} rights={rights} things={data} />;
}

function Things({ kind, agent, others, rights, things }: Props & { things: readonly Thing[] }) {
  const text = useText();
  const names = useNames();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [target, setTarget] = useState<string | null>(null);
  const [asked, setAsked] = useState<{ to: Agent | null; things: readonly Thing[] } | null>(null);
  const { moves, move, add, remove } = useMoves(agent.id);
  const to = rights.give ? (others.find(({ id }) => id === target) ?? leastLoaded(others)) : null;
  const chosen = things.filter(({ id }) => selected.has(id));
  const isRunning = moves !== null && moves.outcomes.length < moves.count;
  const movable = (thing: Thing): Movable => ({
    kind,
    id: thing.id,
    isShared: kind === 'networks' || thing.ha === true,
  });
  const named = (of: readonly Thing[]) => of.map((thing) => ({ ...movable(thing), name: nameOf(thing) }));
  const begin = (of: readonly Thing[]) => {
    if (to === null) return;
    if (of.some((thing) => isInterrupted(movable(thing)))) setAsked({ to, things: of });
    else void move(named(of), to.id);
  };
  const toggle = (id: string) =>
    setSelected(new Set(selected.has(id) ? [...selected].filter((one) => one !== id) : [...selected, id]));
  const isAll = chosen.length === things.length;
  return (
    <Stack gap="xs">
      {things.length === 0 && (
        <Words size="sm" role="status">
          {text('agents.hostsNothing')}
        </Words>
      )}
      {things.length > 0 && others.length === 0 && <Alert color="yellow">{text('agents.noOther')}</Alert>}
      {things.length > 0 && (
        <Group gap="xs" align="flex-end">
          {to && (
            <Select
              size="xs"
              label={text('agents.to')}
              searchable
              allowDeselect={false}
              data={others.map(({ id, host }) => ({ value: id, label: host }))}
              value={to.id}
              onChange={setTarget}
            />
          )}
          {to && chosen.length > 0 && (
            <>
              {rights.take && (
                <Button size="xs" disabled={isRunning} onClick={() => begin(chosen)}>
                  {text('agents.move', { count: chosen.length })}
                </Button>
              )}
              {chosen.every((thing) => movable(thing).isShared) && (
                <Button size="xs" variant="default" disabled={isRunning} onClick={() => void add(named(chosen), to.id)}>
                  {text('agents.add', { count: chosen.length })}
                </Button>
              )}
            </>
          )}
          {rights.take && chosen.length > 0 && (
            <Button
              size="xs"
              color="red"
              variant="light"
              disabled={isRunning}
              onClick={() => setAsked({ to: null, things: chosen })}
            >
              {text('agents.remove', { count: chosen.length })}
            </Button>
          )}
        </Group>
      )}
      {moves && <MoveReport moves={moves} />}
      {things.length > 0 && (
        <>
          {kind === 'networks' && to && (
            <Words size="xs" c="dimmed">
              {text('agents.moveNetworks')}
            </Words>
          )}
          <Table verticalSpacing={3} fz="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th w={36}>
                  <Checkbox
                    size="xs"
                    aria-label={text('agents.selectAll')}
                    checked={isAll}
                    indeterminate={chosen.length > 0 && !isAll}
                    onChange={() => setSelected(new Set(isAll ? [] : things.map(({ id }) => id)))}
                  />
                </Table.Th>
                <Table.Th colSpan={3}>{names.title(kind)}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {things.map((thing) => (
                <Table.Tr key={thing.id}>
                  <Table.Td>
                    <Checkbox
                      size="xs"
                      aria-label={text('agents.select', { name: nameOf(thing) })}
                      checked={selected.has(thing.id)}
                      onChange={() => toggle(thing.id)}
                    />
                  </Table.Td>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>
                    <Anchor size="sm" href={`#/lists/${kind}?id=${encodeURIComponent(thing.id)}`}>
                      {nameOf(thing)}
                    </Anchor>{' '}
                    {thing.ha && (
                      <Badge size="xs" variant="outline" tt="none">
                        {text('agents.highlyAvailable')}
                      </Badge>
                    )}
                  </Table.Td>
                  <Table.Td>{thing.status}</Table.Td>
                  <Table.Td ta="right">
                    {to && rights.take && (
                      <Button
                        size="compact-xs"
                        variant="light"
                        maw={240}
                        disabled={isRunning}
                        aria-label={text('agents.moveTo', { name: nameOf(thing), host: to.host })}
                        onClick={() => begin([thing])}
                      >
                        → {to.host}
                      </Button>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </>
      )}
      {asked && (
        <Confirm
          title={
            asked.to
              ? text('agents.moveTitle', { count: asked.things.length, host: asked.to.host })
              : text('agents.removeTitle', { count: asked.things.length })
          }
          action={text(asked.to ? 'agents.move' : 'agents.remove', { count: asked.things.length })}
          run={async () => {
            // It goes on, and is told of, behind the dialog.
            if (asked.to) void move(named(asked.things), asked.to.id);
            else void remove(named(asked.things));
          }}
          onClose={() => setAsked(null)}
        >
          {text(asked.to ? 'agents.moveRouters' : 'agents.removeText')}
        </Confirm>
      )}
    </Stack>
  );
}

function nameOf({ name, id }: Thing): string {
  return name || id.slice(0, 13);
}

/** By the first number it reports: of networks, or of routers. */
function leastLoaded(agents: readonly Agent[]): Agent | null {
  const load = (agent: Agent) => loadOf(agent)[0]?.[1] ?? 0;
  return agents.toSorted((a, b) => load(a) - load(b))[0] ?? null;
}
