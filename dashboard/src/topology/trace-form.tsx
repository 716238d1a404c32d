import { Button, Group, NumberInput, Paper, Select, Stack, TextInput, Title, Text as Words } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useEffect, useMemo, useRef, useState } from 'react';
import { ask } from '../api/client.ts';
import { useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import type { OnJoin } from './joining.ts';
import { namesOf } from './names.ts';
import type { Topology } from './topology.ts';
import type { Trace } from './trace-marks.ts';
import { TraceTold } from './trace-told.tsx';

interface Props {
  readonly topology: Topology;
  /** The port it begins at; null: none is chosen. */
  readonly from: string | null;
  readonly onFrom: (portId: string | null) => void;
  /** The address it goes to, as typed or as the port that was chosen has it. */
  readonly to: string;
  readonly onTo: (address: string) => void;
  readonly onJoin: OnJoin;
  readonly trace: Trace | null;
  readonly onTrace: (trace: Trace | null) => void;
}

/** Where the keyboard goes when a trace is begun elsewhere. */
export const addressField = 'topology-trace-to';
/** Suggestions at once: there may be thousands of ports. */
const SUGGESTED = 30;

/** Asks for the way of a packet, and tells it step by step with what decides; the page draws it, too. */
export function TraceForm({ topology, from, onFrom, to, onTo, trace, onTrace, onJoin }: Props) {
  const text = useText();
  const [protocol, setProtocol] = useState('tcp');
  const [number, setNumber] = useState<string | number>(80);
  const names = useMemo(() => namesOf(topology), [topology]);
  const senders = useMemo(() => sendersOf(topology), [topology]);
  const targets = useMemo(() => targetsOf(topology), [topology]);
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => {
      const query = new URLSearchParams({ to: to.trim(), ...(protocol !== 'icmp' && { [protocol]: String(number) }) });
      return (await ask<{ trace: Trace }>('GET', `/v2.0/ports/${from}/trace?${query}`)).body.trace;
    },
    onSuccess: onTrace,
  });
  // What is asked for is below what asks, and that may be where the window ends.
  const told = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (trace || error) told.current?.scrollIntoView({ block: 'nearest' });
  }, [trace, error]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate();
  };
  return (
    <Paper withBorder p="sm" component="section" aria-label={text('topology.trace')}>
      <Title order={3} size="h5">
        {text('topology.trace')}
      </Title>
      <Words size="sm" c="dimmed">
        {text('topology.traceText')}
      </Words>
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
            // To choose the same again is to mean it.
            allowDeselect={false}
            required
            w={280}
          />
          <Select
            label={text('topology.traceToGuest')}
            placeholder={text('topology.traceFromHint')}
            data={targets}
            value={targets.some(({ value }) => value === to) ? to : null}
            onChange={(address) => onTo(address ?? '')}
            limit={SUGGESTED}
            searchable
            clearable
            // To choose the same again is to mean it.
            allowDeselect={false}
            w={240}
          />
          <TextInput
            id={addressField}
            label={text('topology.traceTo')}
            value={to}
            onChange={(event) => onTo(event.currentTarget.value)}
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
          <Button.Group aria-label={text('topology.usual')}>
            {usual.map(({ label, protocol: name, number: port }) => (
              <Button
                key={label}
                size="compact-sm"
                variant="default"
                onClick={() => {
                  setProtocol(name);
                  if (port !== null) setNumber(port);
                }}
              >
                {label}
              </Button>
            ))}
          </Button.Group>
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
      <Stack ref={told} gap="xs" mt="xs" aria-live="polite">
        {error && <ErrorNote error={error} />}
        {trace && <TraceTold {...{ trace, names, onJoin }} onMended={() => mutate()} />}
      </Stack>
    </Paper>
  );
}

/** What most people ask about. */
const usual = [
  { label: 'SSH', protocol: 'tcp', number: 22 },
  { label: 'HTTP', protocol: 'tcp', number: 80 },
  { label: 'HTTPS', protocol: 'tcp', number: 443 },
] as const;

/** Every address that a packet may be sent to: of guests, their floating IPs, and legs of routers. Each once. */
function targetsOf({ devices }: Topology): { value: string; label: string }[] {
  const found = new Map<string, string>();
  for (const { name, links, floating } of devices) {
    for (const address of [...links.flatMap(({ addresses }) => addresses), ...floating]) {
      // Networks may have the same addresses; who has which cannot be told by the address alone.
      if (!found.has(address)) found.set(address, `${name} ${address}`);
    }
  }
  return [...found].map(([value, label]) => ({ value, label }));
}

function sendersOf({ devices }: Topology): { value: string; label: string }[] {
  const guests = devices.filter(({ kind }) => kind === 'guest');
  return guests.flatMap(({ name, links }) =>
    links.map(({ port, addresses }) => ({ value: port.id, label: `${name} ${addresses.join(' ')}`.trim() })),
  );
}
