import { Anchor, Group, List } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from '../api/client.ts';
import { useResources } from '../api/described.ts';
import { useText } from '../messages/text.tsx';
import { MakeButtons } from '../topology/make-buttons.tsx';
import { usePalette } from '../topology/palette.ts';
import { type Found, firstSteps, networkForGuests, type StepName, waitingPort } from './first-steps.ts';

/** So many are looked at: who has more has done all this. */
const LOOKED_AT = 200;

/** What is to be done first, ticked off as it is done, with what does it. */
export function FirstSteps() {
  const text = useText();
  const palette = usePalette();
  const found = useFound();
  if (found === null) return null;
  const steps = firstSteps(found);
  return (
    <>
      <List listStyleType="none" spacing="xs" aria-label={text('start.steps')}>
        {steps.map((step) => (
          <List.Item key={step.name}>
            <Group gap="sm">
              <span>
                <span aria-hidden style={{ color: step.isDone ? palette.health.up : palette.faint }}>
                  {step.isDone ? '✓' : '○'}
                </span>{' '}
                {text(`start.${step.name}`)} ({text(step.isDone ? 'start.done' : 'start.toDo')})
              </span>
              <Doing name={step.name} found={found} />
            </Group>
          </List.Item>
        ))}
      </List>
      {steps.some(({ isDone }) => isDone) && <Anchor href="#/topology">{text('start.look')}</Anchor>}
    </>
  );
}

/** What does a step, also when it is done: with the button its dialog would go, which tells what was just done. */
function Doing({ name, found }: { name: StepName; found: Found }) {
  const text = useText();
  const network = networkForGuests(found);
  const port = waitingPort(found);
  if (name === 'port' && network !== null) return <MakeButtons make={['ports']} given={{ network_id: network }} />;
  if (name === 'router') return <MakeButtons make={['routers']} />;
  if (name === 'guest' && port !== null)
    return <Anchor href={`#/topology?select=${encodeURIComponent(port)}`}>{text('start.plug')}</Anchor>;
  // The network has its button on this page anyway.
  return null;
}

const asked: Readonly<Record<keyof Found, readonly string[]>> = {
  networks: ['id', 'subnets', 'router:external'],
  ports: ['id', 'name', 'network_id', 'status', 'device_owner', 'binding:host_id'],
  routers: ['id'],
};

/** Null until all of it is known. */
function useFound(): Found | null {
  const { resources } = useResources();
  const isServed = (key: string) => resources.some((one) => one.key === key);
  const networks = useFew<Found['networks'][number]>('networks', isServed('networks'));
  const ports = useFew<Found['ports'][number]>('ports', isServed('ports'));
  const routers = useFew<{ id: string }>('routers', isServed('routers'));
  if (networks === undefined || ports === undefined || (isServed('routers') && routers === undefined)) return null;
  return { networks, ports, routers: routers ?? null };
}

function useFew<T>(collection: keyof Found, enabled: boolean): readonly T[] | undefined {
  const { data } = useQuery({
    // A subnet that comes is news of itself, and not of its network.
    queryKey: [collection, ...(collection === 'networks' ? ['subnets'] : []), 'first steps'],
    enabled,
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams([
        ...asked[collection].map((name) => ['fields', name]),
        ['limit', String(LOOKED_AT)],
      ]);
      const path = `/v2.0/${collection}?${query}`;
      return (await ask<Record<string, T[]>>('GET', path, undefined, signal)).body[collection]!;
    },
  });
  return data;
}
