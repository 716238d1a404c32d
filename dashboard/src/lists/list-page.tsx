import { Button, Group, Skeleton, Stack, Text as Words } from '@mantine/core';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useResources } from '../api/described.ts';
import type { ApiResource } from '../api/description.ts';
import { useObjectRights } from '../api/rights.ts';
import { FormDialog } from '../forms/form-dialog.tsx';
import { useNames, useText } from '../messages/text.tsx';
import { NetworkDialog } from '../network/network-dialog.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import { keepColumns, storedColumns } from './columns.ts';
import { DeleteDialog } from './delete-dialog.tsx';
import { Details } from './details.tsx';
import { Empty } from './empty.tsx';
import { FilterBar } from './filter-bar.tsx';
import { ListHeading } from './list-heading.tsx';
import { givenBy, type ListState, listState, searchOf } from './list-query.ts';
import { Pager } from './pager.tsx';
import { idOf, type Row } from './row.ts';
import { ListTable } from './table.tsx';
import { usePage } from './use-page.ts';

/** The list of any resource: `/lists/networks`, `/lists/floatingips/ID/port_forwardings`. */
export function ListPage() {
  const text = useText();
  const { resources, error } = useResources();
  const { parent, id, collection } = useParams({ strict: false }) as Record<string, string | undefined>;
  const key = parent === undefined ? collection : `${parent}/${collection}`;
  const resource = resources.find((one) => one.key === key);
  if (resource)
    return <ResourceList key={`${key} ${id}`} resource={resource} resources={resources} parentId={id ?? null} />;
  if (error) return <ErrorNote error={error} />;
  return resources.length === 0 ? <Skeleton h={200} aria-label={text('shell.loading')} /> : text('lists.unknown');
}

const noRows: readonly Row[] = [];

type Dialog =
  | { readonly kind: 'create' }
  | { readonly kind: 'network' }
  | { readonly kind: 'update' | 'details'; readonly row: Row }
  | { readonly kind: 'delete'; readonly rows: readonly Row[] };

interface Props {
  readonly resource: ApiResource;
  readonly resources: readonly ApiResource[];
  readonly parentId: string | null;
}

function ResourceList({ resource, resources, parentId }: Props) {
  const text = useText();
  const names = useNames();
  const navigate = useNavigate();
  const state = listState(useSearch({ strict: false }));
  const [columns, setColumns] = useState(() => storedColumns(resource));
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  /** Markers of the pages before this one. */
  const [markers, setMarkers] = useState<readonly string[]>([]);
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const page = usePage(resource, parentId, state, markers.at(-1) ?? null);
  const rows = page.data?.rows ?? noRows;
  const ids = useMemo(() => rows.flatMap((row) => idOf(resource, row) ?? []), [rows, resource]);
  const rightsOf = useObjectRights(resource, parentId, ids);
  const may = (verb: 'update' | 'delete') => (row: Row) => rightsOf(idOf(resource, row))[verb];
  const close = () => setDialog(null);

  const setState = (next: ListState) => {
    setMarkers([]);
    setSelected(new Set());
    void navigate({ to: '.', search: searchOf(next) as never, replace: true });
  };
  const turnTo = (pages: readonly string[]) => {
    setMarkers(pages);
    setSelected(new Set());
  };
  const actions = [
    { label: text('lists.details'), run: (row: Row) => setDialog({ kind: 'details', row }) },
    ...(resource.update
      ? [
          {
            label: text('lists.edit'),
            isOffered: may('update'),
            run: (row: Row) => setDialog({ kind: 'update', row }),
          },
        ]
      : []),
    ...(resource.canDelete
      ? [
          {
            label: text('lists.delete'),
            isDangerous: true,
            isOffered: may('delete'),
            run: (row: Row) => setDialog({ kind: 'delete', rows: [row] }),
          },
        ]
      : []),
  ];
  const chosen = rows.filter((row) => selected.has(idOf(resource, row) ?? ''));
  const isFiltered = state.filters.length > 0;
  return (
    <Stack gap="sm">
      <ListHeading
        resource={resource}
        columns={columns}
        onColumns={(next) => {
          setColumns(next);
          keepColumns(resource.key, next);
        }}
        onCreate={() => setDialog({ kind: 'create' })}
        onNetwork={() => setDialog({ kind: 'network' })}
      />
      {resource.parent && (
        <Words size="sm">
          {text('lists.of')}{' '}
          <Link to="/lists/$collection" params={{ collection: resource.parent.key }} search={{ id: parentId } as never}>
            {names.title(resource.parent.key)} {parentId}
          </Link>
        </Words>
      )}
      <FilterBar resource={resource} state={state} onChange={setState} />
      {chosen.length > 0 && (
        <Group>
          <Words size="sm" role="status">
            {text('lists.selected', { count: chosen.length })}
          </Words>
          <Button
            size="compact-sm"
            color="red"
            variant="light"
            onClick={() => setDialog({ kind: 'delete', rows: chosen })}
          >
            {text('lists.delete')}
          </Button>
        </Group>
      )}
      {page.error && <ErrorNote error={page.error} />}
      {page.isPending && <Skeleton h={160} aria-label={text('shell.loading')} />}
      {page.data && rows.length === 0 && <Empty resource={resource} isFiltered={isFiltered} />}
      {rows.length > 0 && (
        <ListTable
          resource={resource}
          rows={rows}
          columns={columns}
          state={state}
          onState={setState}
          isSelectable={may('delete')}
          selected={selected}
          onSelected={setSelected}
          onOpen={(row) => setDialog({ kind: 'details', row })}
          actions={actions}
        />
      )}
      {resource.isPaged && (rows.length > 0 || markers.length > 0) && (
        <Pager
          state={state}
          onState={setState}
          page={markers.length + 1}
          onPrevious={markers.length > 0 ? () => turnTo(markers.slice(0, -1)) : null}
          onNext={page.data?.hasNext ? () => turnTo([...markers, idOf(resource, rows.at(-1)!) ?? '']) : null}
        />
      )}
      {dialog?.kind === 'create' && (
        <FormDialog
          resource={resource}
          resources={resources}
          parentId={parentId}
          given={givenBy(state, resource)}
          onClose={close}
        />
      )}
      {dialog?.kind === 'network' && <NetworkDialog resources={resources} onClose={close} />}
      {dialog?.kind === 'update' && (
        <FormDialog resource={resource} resources={resources} parentId={parentId} of={dialog.row} onClose={close} />
      )}
      {dialog?.kind === 'details' && (
        <Details
          resource={resource}
          resources={resources}
          parentId={parentId}
          // As it is now, as long as it is on the page.
          row={rows.find((row) => idOf(resource, row) === idOf(resource, dialog.row)) ?? dialog.row}
          onClose={close}
        />
      )}
      {dialog?.kind === 'delete' && (
        <DeleteDialog
          resource={resource}
          resources={resources}
          parentId={parentId}
          rows={dialog.rows}
          onClose={() => {
            setSelected(new Set());
            close();
          }}
        />
      )}
    </Stack>
  );
}
