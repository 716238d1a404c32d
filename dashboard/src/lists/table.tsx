import { ActionIcon, Checkbox, Menu, ScrollArea, Table, UnstyledButton, VisuallyHidden } from '@mantine/core';
import type { ApiResource } from '../api/description.ts';
import { useNames, useText } from '../messages/text.tsx';
import { Cell } from './cell.tsx';
import { type ListState, sortedBy } from './list-query.ts';
import { idOf, labelOf, type Row } from './row.ts';

export interface RowAction {
  readonly label: string;
  readonly isDangerous?: boolean;
  /** Whether it may be done with a row; absent: with all. */
  readonly isOffered?: (row: Row) => boolean;
  readonly run: (row: Row) => void;
}

interface Props {
  readonly resource: ApiResource;
  readonly rows: readonly Row[];
  readonly columns: readonly string[];
  readonly state: ListState;
  readonly onState: (state: ListState) => void;
  /** Whether a row may be among those that are deleted together. */
  readonly isSelectable: (row: Row) => boolean;
  readonly selected: ReadonlySet<string>;
  readonly onSelected: (selected: ReadonlySet<string>) => void;
  readonly onOpen: (row: Row) => void;
  readonly actions: readonly RowAction[];
}

/** The rows of one page. */
export function ListTable(props: Props) {
  const { resource, rows, columns, isSelectable, selected, onSelected } = props;
  const text = useText();
  const ids = rows.filter(isSelectable).flatMap((row) => idOf(resource, row) ?? []);
  const isAll = ids.length > 0 && ids.every((id) => selected.has(id));
  return (
    <ScrollArea type="auto">
      <Table highlightOnHover striped verticalSpacing={4} aria-label={useNames().title(resource.collection)}>
        <Table.Thead>
          <Table.Tr>
            {resource.canDelete && (
              <Table.Th w={36}>
                <Checkbox
                  size="xs"
                  aria-label={text('lists.selectAll')}
                  disabled={ids.length === 0}
                  checked={isAll}
                  indeterminate={!isAll && ids.some((id) => selected.has(id))}
                  onChange={() => onSelected(new Set(isAll ? [] : ids))}
                />
              </Table.Th>
            )}
            {resource.idName !== null && <Head {...props} name={resource.idName} />}
            {columns.map((name) => (
              <Head key={name} {...props} name={name} />
            ))}
            <Table.Th w={44}>
              <VisuallyHidden>{text('lists.actions')}</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row, at) => (
            <Line key={idOf(resource, row) ?? at} {...props} row={row} />
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea>
  );
}

function Head({ name, resource, state, onState }: Props & { name: string }) {
  const text = useText();
  const label = useNames().attribute(name);
  if (!resource.sortable.includes(name)) return <Table.Th>{label}</Table.Th>;
  const isSorted = state.sort === name;
  return (
    <Table.Th aria-sort={isSorted ? (state.isDescending ? 'descending' : 'ascending') : 'none'}>
      <UnstyledButton
        fz="sm"
        fw={700}
        title={text('lists.sortBy', { name: label })}
        onClick={() => onState(sortedBy(state, name))}
      >
        {label} {isSorted && (state.isDescending ? '▼' : '▲')}
      </UnstyledButton>
    </Table.Th>
  );
}

function Line(props: Props & { row: Row }) {
  const { resource, row, columns, isSelectable, selected, onSelected, onOpen, actions } = props;
  const text = useText();
  const id = idOf(resource, row);
  const label = labelOf(resource, row);
  const offered = actions.filter(({ isOffered }) => isOffered?.(row) ?? true);
  const toggle = () => {
    const next = new Set(selected);
    if (id !== null && !next.delete(id)) next.add(id);
    onSelected(next);
  };
  return (
    <Table.Tr>
      {resource.canDelete && (
        <Table.Td>
          {isSelectable(row) && (
            <Checkbox
              size="xs"
              aria-label={text('lists.select', { name: label })}
              checked={id !== null && selected.has(id)}
              onChange={toggle}
            />
          )}
        </Table.Td>
      )}
      {id !== null && (
        <Table.Td>
          <UnstyledButton
            ff="monospace"
            fz="xs"
            c="var(--mantine-color-anchor)"
            style={{ whiteSpace: 'nowrap' }}
            title={id}
            onClick={() => onOpen(row)}
          >
            {id.slice(0, 13)}
          </UnstyledButton>
        </Table.Td>
      )}
      {columns.map((name) => (
        <Table.Td key={name}>
          <Cell name={name} value={row[name]} />
        </Table.Td>
      ))}
      <Table.Td>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="subtle" aria-label={`${text('lists.actions')}: ${label}`}>
              ⋯
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {offered.map((action) => (
              <Menu.Item
                key={action.label}
                c={action.isDangerous ? 'var(--mantine-color-error)' : undefined}
                onClick={() => action.run(row)}
              >
                {action.label}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </Table.Td>
    </Table.Tr>
  );
}
