import { Button, Group, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useMemo } from 'react';
import { useText } from '../messages/text.tsx';
import { type Health, marks } from './cloud.ts';
import { choicesOf, type Filter, isFiltering } from './filter.ts';
import type { Topology } from './topology.ts';

export type ViewName = 'bars' | 'graph';

interface Props {
  readonly topology: Topology;
  readonly filter: Filter;
  readonly onFilter: (filter: Filter) => void;
  readonly view: ViewName;
  readonly onView: (view: ViewName) => void;
}

export const noFilter: Filter = { text: '' };

/** Which view, and what of the cloud is in it. */
export function FilterBar({ topology, filter, onFilter, view, onView }: Props) {
  const text = useText();
  const { projects, hosts } = useMemo(() => choicesOf(topology), [topology]);
  const healths = (Object.keys(marks) as Health[]).map((value) => ({
    value,
    label: `${marks[value]} ${text(`topology.${value}`)}`,
  }));
  const choice = (name: 'project' | 'health' | 'host', label: string, data: Parameters<typeof Select>[0]['data']) => (
    <Select
      label={label}
      placeholder={text('topology.any')}
      data={data}
      value={filter[name] ?? null}
      onChange={(value) => onFilter({ ...filter, [name]: value })}
      clearable
      searchable
      limit={50}
      w={150}
    />
  );
  return (
    <Group align="flex-end" gap="sm">
      <SegmentedControl
        aria-label={text('topology.view')}
        value={view}
        onChange={(value) => onView(value as ViewName)}
        data={[
          { value: 'bars', label: text('topology.bars') },
          { value: 'graph', label: text('topology.graph') },
        ]}
      />
      <TextInput
        label={text('topology.search')}
        placeholder={text('topology.searchHint')}
        type="search"
        data-search
        value={filter.text}
        onChange={(event) => onFilter({ ...filter, text: event.currentTarget.value })}
        w={220}
      />
      {projects.length > 1 && choice('project', text('topology.project'), projects)}
      {choice('health', text('topology.status'), healths)}
      {hosts.length > 1 && choice('host', text('topology.host'), hosts)}
      {isFiltering(filter) && (
        <Button variant="default" onClick={() => onFilter(noFilter)}>
          {text('topology.clear')}
        </Button>
      )}
    </Group>
  );
}
