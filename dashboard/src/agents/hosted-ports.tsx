import { Skeleton, Text as Words } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from '../api/client.ts';
import { useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import { ListLink } from '../topology/facts.tsx';

/** Of more ports than this it is only said that there are more. */
const MOST = 2_000;

/** The ports bound to a host, counted by status, and where they are listed. */
export function HostedPorts({ host }: { host: string }) {
  const text = useText();
  const { data, error } = useQuery({
    queryKey: ['ports', 'of host', host],
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams([
        ['binding:host_id', host],
        ['fields', 'status'],
        ['fields', 'id'],
        ['limit', String(MOST + 1)],
      ]);
      const path = `/v2.0/ports?${query}`;
      return (await ask<{ ports: { status: string }[] }>('GET', path, undefined, signal)).body.ports;
    },
  });
  if (error) return <ErrorNote error={error} />;
  if (data === undefined) return <Skeleton h={20} aria-label={text('shell.loading')} />;
  const counts = [...Map.groupBy(data, ({ status }) => status)].toSorted(([a], [b]) => a.localeCompare(b));
  const told =
    data.length > MOST
      ? text('agents.portsMany', { count: MOST })
      : counts.map(([status, { length }]) => text('agents.portsCount', { count: length, status })).join(', ');
  return (
    <Words size="sm">
      {told || text('agents.hostsNothing')}{' '}
      {data.length > 0 && (
        <ListLink of="ports" by="binding:host_id" value={host}>
          {text('agents.portsInList')}
        </ListLink>
      )}
    </Words>
  );
}
