import { MultiSelect, Select } from '@mantine/core';
import { useState } from 'react';
import { type Choice, useChoices } from './references.ts';

interface Common {
  readonly label: string;
  readonly description?: string | undefined;
  readonly error?: string | undefined;
  readonly required?: boolean | undefined;
  readonly collection: string;
}

/** Something of a collection, by name; what is typed and not found counts as an id. */
export function ReferenceInput({
  collection,
  value,
  onChange,
  ...rest
}: Common & { value: string; onChange: (value: string) => void }) {
  const [typed, setTyped] = useState('');
  return (
    <Select
      {...rest}
      searchable
      clearable
      allowDeselect={false}
      data={withTyped(useChoices(collection), [value, typed])}
      value={value === '' ? null : value}
      onSearchChange={setTyped}
      onChange={(chosen) => onChange(chosen ?? '')}
    />
  );
}

/** Several of them. */
export function ReferencesInput({
  collection,
  value,
  onChange,
  ...rest
}: Common & { value: readonly string[]; onChange: (value: string[]) => void }) {
  const [typed, setTyped] = useState('');
  return (
    <MultiSelect
      {...rest}
      searchable
      clearable
      data={withTyped(useChoices(collection), [...value, typed])}
      value={[...value]}
      onSearchChange={setTyped}
      onChange={onChange}
    />
  );
}

function withTyped(choices: readonly Choice[], texts: readonly string[]): Choice[] {
  const known = new Set(choices.flatMap(({ value, label }) => [value, label]));
  const more = [...new Set(texts)].filter((text) => text !== '' && !known.has(text));
  const isPart = (text: string) => choices.some(({ label }) => label.toLowerCase().includes(text.toLowerCase()));
  return [...choices, ...more.filter((text) => !isPart(text)).map((text) => ({ value: text, label: text }))];
}
