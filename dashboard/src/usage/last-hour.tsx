import { Alert, SimpleGrid, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { RecentUsage } from '../../../src/lib/recent-usage.ts';
import { ApiError, ask } from '../api/client.ts';
import { useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import type { Health } from '../topology/cloud.ts';
import type { Palette } from '../topology/palette.ts';
import { Chart, type Line } from './chart.tsx';
import { counts, latencies, rates, statusesOf } from './series.ts';

/** As often as there is something new, ms. */
const AGAIN_MS = 10_000;

const healthOf: Readonly<Record<string, Health>> = { ACTIVE: 'up', BUILD: 'building', DOWN: 'down', ERROR: 'error' };
const dashesOf: Readonly<Record<string, string>> = { BUILD: '2 2', DOWN: '6 3', ERROR: '1 3' };

/** How busy the servers were, and how many ports there were. */
export function LastHour() {
  const text = useText();
  const { data, error } = useQuery({
    queryKey: ['usage'],
    refetchInterval: AGAIN_MS,
    queryFn: async ({ signal }) => (await ask<RecentUsage>('GET', '/dashboard/usage', undefined, signal)).body,
  });
  const status = error instanceof ApiError ? error.status : null;
  if (status === 403) return <Alert>{text('usage.hourDenied')}</Alert>;
  if (status === 404) return <Alert>{text('usage.hourUnknown')}</Alert>;
  if (data === undefined)
    return error ? <ErrorNote error={error} /> : <Skeleton h={180} aria-label={text('shell.loading')} />;
  const asked: Line[] = [
    { name: text('usage.all'), points: rates(data, 'requests'), colour: blue },
    { name: text('usage.errors'), points: rates(data, 'errors'), colour: red, dashes: '4 3' },
  ];
  const took: Line[] = [
    { name: text('usage.p50'), points: latencies(data, 'p50'), colour: blue },
    { name: text('usage.p95'), points: latencies(data, 'p95'), colour: violet, dashes: '4 3' },
  ];
  const ports = statusesOf(data).map((name): Line => {
    const health = healthOf[name] ?? 'off';
    const dashes = dashesOf[name];
    return { name, points: counts(data, name), colour: (palette) => palette.health[health], ...(dashes && { dashes }) };
  });
  const span = { from: data.from, until: data.until };
  return (
    <>
      {error && <ErrorNote error={error} />}
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <Chart title={text('usage.ports')} lines={ports} {...span} />
        <Chart title={text('usage.latency')} lines={took} {...span} />
        <Chart title={text('usage.requests')} lines={asked} {...span} />
      </SimpleGrid>
    </>
  );
}

const blue = (palette: Palette) => palette.health.building;
const red = (palette: Palette) => palette.health.error;
const violet = (palette: Palette) => palette.path;
