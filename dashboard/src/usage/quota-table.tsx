import { Alert, Autocomplete, Skeleton, Stack, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { allPages } from '../api/all-pages.ts';
import { ApiError, ask } from '../api/client.ts';
import { useNames, useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import { type QuotaDetails, type QuotaLine, quotaLines } from './quotas.ts';
import { RoomBar } from './room-bar.tsx';

/** Nothing tells of all that counts: they are read again this often, ms. */
const AGAIN_MS = 30_000;

/** How much of its limits a project uses. */
export function QuotaTable() {
  const text = useText();
  const own = useQuery({
    queryKey: ['own project'],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) =>
      (await ask<{ project_id: string | null }>('GET', '/dashboard/permissions', undefined, signal)).body.project_id,
  });
  const projects = useQuery({
    queryKey: ['networks', 'projects'],
    queryFn: async ({ signal }) => {
      const found = await allPages<{ project_id: string }>('networks', '/v2.0/networks?fields=project_id', signal);
      return [...new Set(found.map(({ project_id }) => project_id))].filter((id) => id !== '').toSorted();
    },
  });
  const [typed, setTyped] = useState<string | null>(null);
  const all = projects.data ?? [];
  // Without a project of one's own (an administrator of everything) the first there is.
  const project = typed ?? own.data ?? all[0] ?? '';
  const others = all.filter((id) => id !== own.data);
  return (
    <Stack gap="sm">
      {own.error && <ErrorNote error={own.error} />}
      {(others.length > 0 || own.data === null) && (
        <Autocomplete
          size="xs"
          w={320}
          label={text('usage.project')}
          data={[...(own.data ? [own.data] : []), ...others]}
          limit={50}
          value={project}
          onChange={setTyped}
        />
      )}
      {own.isPending || projects.isPending ? (
        <Skeleton h={120} aria-label={text('shell.loading')} />
      ) : project === '' ? (
        <Alert>{text('usage.noProject')}</Alert>
      ) : (
        <OfProject project={project} />
      )}
    </Stack>
  );
}

function OfProject({ project }: { project: string }) {
  const text = useText();
  const { data, error } = useQuery({
    queryKey: ['quotas', project],
    refetchInterval: AGAIN_MS,
    queryFn: async ({ signal }) => {
      const path = `/v2.0/quotas/${encodeURIComponent(project)}/details`;
      return quotaLines((await ask<{ quota: QuotaDetails }>('GET', path, undefined, signal)).body.quota);
    },
  });
  if (error instanceof ApiError && error.status === 403) return <Alert>{text('usage.quotasDenied')}</Alert>;
  if (error) return <ErrorNote error={error} />;
  if (data === undefined) return <Skeleton h={120} aria-label={text('shell.loading')} />;
  return <Lines lines={data} />;
}

function Lines({ lines }: { lines: readonly QuotaLine[] }) {
  const text = useText();
  const names = useNames();
  return (
    <Table.ScrollContainer minWidth={420}>
      <Table fz="sm" verticalSpacing={3} maw={720}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{text('usage.what')}</Table.Th>
            <Table.Th ta="right">{text('usage.used')}</Table.Th>
            <Table.Th ta="right">{text('usage.limit')}</Table.Th>
            <Table.Th>{text('usage.share')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {lines.map(({ resource, used, limit, share }) => (
            <Table.Tr key={resource}>
              <Table.Th scope="row">{names.title(collectionOf(resource))}</Table.Th>
              <Table.Td ta="right">{used}</Table.Td>
              <Table.Td ta="right">{limit ?? text('usage.noLimit')}</Table.Td>
              <Table.Td>
                {share !== null && limit !== null && (
                  <RoomBar share={share} label={text('usage.shareOf', { used, limit })} />
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** Quotas name one of a kind, lists all of it. */
function collectionOf(resource: string): string {
  return resource.endsWith('y') ? `${resource.slice(0, -1)}ies` : `${resource}s`;
}
