import './topology.css';
import { Alert, Button, Group, Loader, Stack, Title, Text as Words } from '@mantine/core';
import { useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useDeferredValue, useMemo, useState } from 'react';
import { useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import { BarsView } from './bars-view.tsx';
import { useCloud } from './data.ts';
import { filtered } from './filter.ts';
import { FilterBar, noFilter, type ViewName } from './filter-bar.tsx';
import type { Drawn } from './graph-elements.ts';
import { type Gathered, gathered } from './grouping.ts';
import { JoinDialog } from './join-dialog.tsx';
import type { Joining, OnJoin } from './joining.ts';
import { Legend } from './legend.tsx';
import { MakeButtons } from './make-buttons.tsx';
import { Panel } from './panel.tsx';
import { type Topology, topologyOf } from './topology.ts';
import { addressField, TraceForm } from './trace-form.tsx';
import { type Trace, traceMarks } from './trace-marks.ts';

/** The graph and its layout are half a megabyte: loaded when they are looked at. */
const GraphView = lazy(() => import('./graph-view.tsx'));
const none: ReadonlySet<string> = new Set();
const remembered = 'neutrino-topology-view';

/** Networks and what hangs on them, as it is now. */
export function TopologyPage() {
  const text = useText();
  const { cloud, error } = useCloud();
  const topology = useMemo(() => cloud && topologyOf(cloud), [cloud]);
  return (
    <Stack>
      <Title order={2}>{text('topology.title')}</Title>
      {error && <ErrorNote error={error} />}
      {!topology && !error && <Loader aria-label={text('shell.loading')} />}
      {topology && <Shown topology={topology} />}
    </Stack>
  );
}

function Shown({ topology }: { topology: Topology }) {
  const text = useText();
  const [view, setView] = useState<ViewName>(localStorage.getItem(remembered) === 'graph' ? 'graph' : 'bars');
  const [filter, setFilter] = useState(noFilter);
  const [opened, setOpened] = useState(none);
  const { select } = useSearch({ strict: false }) as { select?: string };
  const [selected, setSelected] = useState<string | null>(() => deviceOf(topology, select ?? null));
  const [followed, setFollowed] = useState(select);
  // Another address, while the page is open.
  if (select !== followed) {
    setFollowed(select);
    setSelected(deviceOf(topology, select ?? null));
  }
  const [from, setFrom] = useState<string | null>(null);
  const [to, setTo] = useState('');
  const [joining, setJoining] = useState<{ readonly of: Joining; readonly after?: (() => void) | undefined } | null>(
    null,
  );
  const join: OnJoin = (of, after) => setJoining({ of, after });
  const [trace, setTrace] = useState<Trace | null>(null);

  // Typing stays quick: the picture follows when there is time.
  const asked = useDeferredValue(filter);
  const chosen = useMemo(() => filtered(topology, asked), [topology, asked]);
  const gathering = useMemo(() => gathered(chosen, opened), [chosen, opened]);
  const hops = useMemo(
    () =>
      trace &&
      traceMarks(
        trace,
        gathering,
        chosen.networks.map(({ network }) => network.id),
      ),
    [trace, gathering, chosen],
  );
  const drawn = selected === null ? null : find(selected, topology, gathering);

  const show = (name: ViewName) => {
    localStorage.setItem(remembered, name);
    setView(name);
  };
  const props = {
    topology: chosen,
    gathered: gathering,
    selected,
    onSelect: setSelected,
    trace: hops,
    onJoin: join,
  };
  return (
    <>
      <FilterBar topology={topology} filter={filter} onFilter={setFilter} view={view} onView={show} />
      <Group gap="sm" mih={26}>
        <Words size="sm" c="dimmed" role="status">
          {text('topology.shown', {
            networks: chosen.networks.length,
            routers: chosen.devices.filter(({ kind }) => kind === 'router').length,
            guests: chosen.devices.filter(({ kind }) => kind === 'guest').length,
          })}
        </Words>
        <MakeButtons make={['networks', 'routers']} />
        {view === 'graph' && (
          <Words size="sm" c="dimmed">
            {text('topology.joinHint')}
          </Words>
        )}
        {opened.size > 0 && (
          <Button size="compact-xs" variant="default" onClick={() => setOpened(none)}>
            {text('topology.gather')}
          </Button>
        )}
      </Group>
      {topology.networks.length + topology.devices.length === 0 ? (
        <Alert title={text('topology.empty')}>
          <Stack align="flex-start" gap="xs">
            {text('topology.emptyText')}
            <MakeButtons make={['networks']} />
          </Stack>
        </Alert>
      ) : chosen.networks.length + chosen.devices.length === 0 ? (
        <Alert title={text('topology.nothing')}>{text('topology.nothingText')}</Alert>
      ) : (
        <div className="topology-layout" data-panel={drawn ? '' : undefined}>
          <div className="topology-stage">
            <Legend />
            {view === 'bars' ? (
              <BarsView {...props} />
            ) : (
              <Suspense fallback={<Loader m="xl" aria-label={text('shell.loading')} />}>
                <GraphView {...props} />
              </Suspense>
            )}
          </div>
          {drawn && (
            <Panel
              drawn={drawn}
              onClose={() => setSelected(null)}
              onSelect={setSelected}
              onOpenGroup={(id) => {
                setOpened(new Set([...opened, id]));
                setSelected(null);
              }}
              onTraceFrom={(portId) => {
                setFrom(portId);
                document.getElementById(addressField)?.focus();
              }}
              onTraceTo={setTo}
              isTracing={from !== null}
              onJoin={join}
            />
          )}
        </div>
      )}
      {joining && (
        <JoinDialog
          topology={topology}
          joining={joining.of}
          onClose={() => {
            setJoining(null);
            joining.after?.();
          }}
        />
      )}
      <TraceForm {...{ topology, from, to, trace }} onFrom={setFrom} onTo={setTo} onTrace={setTrace} onJoin={join} />
    </>
  );
}

/** What stands in the picture for a thing that another page names: a port is shown as what it hangs on. */
function deviceOf({ devices }: Topology, id: string | null): string | null {
  const holder = devices.find(({ links }) => links.some(({ port }) => port.id === id));
  return holder?.id ?? id;
}

/** What is selected, as it is now; null when it is gone. Guests of a group are found, too, though none is drawn. */
function find(id: string, { networks, devices }: Topology, { groups }: Gathered): Drawn | null {
  const item = networks.find(({ network }) => network.id === id);
  if (item) return { kind: 'network', item };
  const group = groups.find((one) => one.id === id);
  if (group) return { kind: 'group', group };
  const device = devices.find((one) => one.id === id);
  return device ? { kind: 'device', device } : null;
}
