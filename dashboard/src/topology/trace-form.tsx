import { Button, Group, List, NumberInput, Paper, Select, Stack, TextInput, Title, Text as Words } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useMemo, useState } from 'react';
import { ask } from '../api/client.ts';
import { useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import { type Names, namesOf, withNames } from './names.ts';
import { usePalette } from './palette.ts';
import type { Topology } from './topology.ts';
import type { Hop, Trace } from './trace-marks.ts';

interface Props {
  readonly topology: Topology;
  /** The port it begins at; null: none is chosen. */
  readonly from: string | null;
  readonly onFrom: (portId: string | null) => void;
  readonly trace: Trace | null;
  readonly onTrace: (trace: Trace | null) => void;
}

/** Where the keyboard goes when a trace is begun elsewhere. */
export const addressField = 'topology-trace-to';
/** Suggestions at once: there may be thousands of ports. */
const SUGGESTED = 30;

/** Asks for the way of a packet, and tells it step by step with what decides; the page draws it, too. */
export function TraceForm({ topology, from, onFrom, trace, onTrace }: Props) {
  const text = useText();
  const [to, setTo] = useState('');
  const [protocol, setProtocol] = useState('tcp');
  const [number, setNumber] = useState<string | number>(80);
  const names = useMemo(() => namesOf(topology), [topology]);
  const senders = useMemo(() => sendersOf(topology), [topology]);
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => {
      const query = new URLSearchParams({ to: to.trim(), ...(protocol !== 'icmp' && { [protocol]: String(number) }) });
      return (await ask<{ trace: Trace }>('GET', `/v2.0/ports/${from}/trace?${query}`)).body.trace;
    },
    onMutate: () => onTrace(null),
    onSuccess: onTrace,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate();
  };
  return (
    <Paper withBorder p="sm" component="section" aria-label={text('topology.trace')}>
      <Title order={3} size="h5">
        {text('topology.trace')}
      </Title>
      <form onSubmit={submit}>
        <Group align="flex-end" gap="sm">
          <Select
            label={text('topology.traceFrom')}
            placeholder={text('topology.traceFromHint')}
            data={senders}
            value={from}
            onChange={onFrom}
            limit={SUGGESTED}
            searchable
            clearable
            required
            w={280}
          />
          <TextInput
            id={addressField}
            label={text('topology.traceTo')}
            value={to}
            onChange={(event) => setTo(event.currentTarget.value)}
            required
            w={200}
          />
          <Select
            label={text('topology.protocol')}
            data={[
              { value: 'tcp', label: 'TCP' },
              { value: 'udp', label: 'UDP' },
              { value: 'icmp', label: text('topology.ping') },
            ]}
            value={protocol}
            onChange={(value) => setProtocol(value ?? 'tcp')}
            allowDeselect={false}
            w={100}
          />
          {protocol !== 'icmp' && (
            <NumberInput
              label={text('topology.portNumber')}
              value={number}
              onChange={setNumber}
              min={1}
              max={65_535}
              allowDecimal={false}
              required
              w={140}
            />
          )}
          <Button type="submit" loading={isPending} disabled={!from || to.trim() === ''}>
            {text('topology.follow')}
          </Button>
          {trace && (
            <Button variant="default" onClick={() => onTrace(null)}>
              {text('topology.forget')}
            </Button>
          )}
        </Group>
      </form>
      <Stack gap="xs" mt="xs" aria-live="polite">
        {error && <ErrorNote error={error} />}
        {trace && <Told trace={trace} names={names} />}
      </Stack>
    </Paper>
  );
}

function sendersOf({ devices }: Topology): { value: string; label: string }[] {
  const guests = devices.filter(({ kind }) => kind === 'guest');
  return guests.flatMap(({ name, links }) =>
    links.map(({ port, addresses }) => ({ value: port.id, label: `${name} ${addresses.join(' ')}`.trim() })),
  );
}

function Told({ trace, names }: { trace: Trace; names: Names }) {
  const text = useText();
  const { verdict, summary, hops, answer } = trace;
  return (
    <>
      <Words size="sm">
        <b>{text(`topology.${verdict}`)}</b>: {withNames(summary, names)}
      </Words>
      <Hops hops={hops} names={names} />
      {answer && (
        <>
          <Words size="sm">
            {text('topology.answer')}: <b>{text(`topology.${answer.verdict}`)}</b>: {withNames(answer.summary, names)}
          </Words>
          <Hops hops={answer.hops} names={names} />
        </>
      )}
    </>
  );
}

const hopMarks = { passes: '●', drops: '✕', unknown: '?' } as const;
const healths = { passes: 'up', drops: 'error', unknown: 'down' } as const;

function Hops({ hops, names }: { hops: readonly Hop[]; names: Names }) {
  const text = useText();
  const palette = usePalette();
  return (
    <List type="ordered" size="sm">
      {hops.map(({ hop, state, text: told, cause, remedy }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: hops are their order
        <List.Item key={at}>
          <span role="img" aria-label={text(`topology.${state}`)} style={{ color: palette.health[healths[state]] }}>
            {hopMarks[state]}
          </span>{' '}
          <b>{hop}</b> {withNames(told, names)}
          {cause && <Words size="xs">{text('topology.cause', { cause: withNames(cause, names) })}</Words>}
          {remedy && (
            <Words size="xs" fw={700}>
              {text('topology.remedy', { remedy })}
            </Words>
          )}
        </List.Item>
      ))}
    </List>
  );
}
