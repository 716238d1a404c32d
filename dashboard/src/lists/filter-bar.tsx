import { Badge, Button, CloseButton, Group, Select, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { ApiResource } from '../api/description.ts';
import { useNames, useText } from '../messages/text.tsx';
import type { ListState } from './list-query.ts';

interface Props {
  readonly resource: ApiResource;
  readonly state: ListState;
  readonly onChange: (state: ListState) => void;
}

/** Filters that the server applies: several of one attribute mean any of them. */
export function FilterBar({ resource, state, onChange }: Props) {
  const text = useText();
  const names = useNames();
  const [name, setName] = useState<string | null>(resource.filterable.includes('name') ? 'name' : null);
  const [value, setValue] = useState('');
  const choices = choicesOf(resource, name);
  const add = (event: FormEvent) => {
    event.preventDefault();
    if (name === null) return;
    onChange({ ...state, filters: [...state.filters, [name, value]] });
    setValue('');
  };
  if (resource.filterable.length === 0) return null;
  return (
    <form onSubmit={add} aria-label={text('lists.filter')}>
      <Group gap="xs" align="flex-end">
        <Select
          size="xs"
          label={text('lists.filterBy')}
          searchable
          data={resource.filterable.map((one) => ({ value: one, label: names.attribute(one) }))}
          value={name}
          onChange={(chosen) => {
            setName(chosen);
            setValue('');
          }}
        />
        {choices ? (
          <Select
            size="xs"
            data-search
            label={text('lists.filterValue')}
            data={choices}
            value={value}
            onChange={(one) => setValue(one ?? '')}
          />
        ) : (
          <TextInput
            size="xs"
            data-search
            label={text('lists.filterValue')}
            value={value}
            onChange={(event) => setValue(event.currentTarget.value)}
          />
        )}
        <Button type="submit" size="xs" variant="light" disabled={name === null}>
          {text('lists.add')}
        </Button>
        {state.filters.map(([of, wanted], at) => (
          <Badge
            // biome-ignore lint/suspicious/noArrayIndexKey: the same filter may stand there twice
            key={`${at} ${of}`}
            variant="light"
            tt="none"
            size="lg"
            rightSection={
              <CloseButton
                size="xs"
                aria-label={text('lists.removeFilter', { name: names.attribute(of) })}
                onClick={() => onChange({ ...state, filters: state.filters.filter((_, other) => other !== at) })}
              />
            }
          >
            {names.attribute(of)}: {wanted}
          </Badge>
        ))}
      </Group>
    </form>
  );
}

function choicesOf({ shown }: ApiResource, name: string | null): string[] | null {
  const schema = name === null ? undefined : shown.properties?.[name];
  if (schema?.enum) return schema.enum.filter((value) => value !== null).map(String);
  return [schema?.type].flat().includes('boolean') ? ['True', 'False'] : null;
}
