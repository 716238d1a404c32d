import { Button, Fieldset, Group, JsonInput, Select, Stack, Switch, TagsInput, TextInput } from '@mantine/core';
import { useNames, useText } from '../messages/text.tsx';
import { type Field, type FormValue, type FormValues, valuesOf } from './form-model.ts';
import { ReferenceInput, ReferencesInput } from './reference-input.tsx';

interface Props {
  readonly field: Field;
  readonly value: FormValue;
  readonly error?: string | undefined;
  readonly onChange: (value: FormValue) => void;
}

/** The input that fits an attribute. */
export function FieldInput({ field, value, error, onChange }: Props) {
  const text = useText();
  const common = useCommon(field, error);
  const { kind } = field;
  switch (kind) {
    case 'boolean':
      return typeof field.initial === 'boolean' && !field.nullable ? (
        <Switch
          {...common}
          // Its description is part of the label otherwise.
          aria-label={common.label}
          required={false}
          checked={value === 'true'}
          onChange={(event) => onChange(String(event.currentTarget.checked))}
        />
      ) : (
        <Choices
          {...common}
          value={value as string}
          data={[
            { value: 'true', label: text('forms.yes') },
            { value: 'false', label: text('forms.no') },
          ]}
          onChange={onChange}
        />
      );
    case 'choice':
      return <Choices {...common} value={value as string} data={field.choices.map(String)} onChange={onChange} />;
    case 'reference':
      return <ReferenceInput {...common} collection={field.refersTo!} value={value as string} onChange={onChange} />;
    case 'references':
      return (
        <ReferencesInput
          {...common}
          collection={field.refersTo!}
          value={value as readonly string[]}
          onChange={onChange}
        />
      );
    case 'texts':
      return (
        <TagsInput
          {...common}
          acceptValueOnBlur
          placeholder={text('forms.listHint')}
          value={[...(value as readonly string[])]}
          onChange={onChange}
        />
      );
    case 'objects':
      return <Rows field={field} value={value as readonly FormValues[]} error={error} onChange={onChange} />;
    case 'group':
      return (
        <Fieldset legend={common.label} title={common.description}>
          <Problem error={error} />
          <Members field={field} values={value as FormValues} onChange={onChange} />
        </Fieldset>
      );
    case 'json':
      return <JsonInput {...common} autosize minRows={2} value={value as string} onChange={onChange} />;
    default:
      return (
        <TextInput
          {...common}
          inputMode={kind === 'number' ? 'numeric' : undefined}
          maxLength={field.maxLength ?? undefined}
          value={value as string}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}

function useCommon(field: Field, error: string | undefined) {
  const names = useNames();
  const label = names.attribute(field.name);
  const description = names.description(field.description);
  return {
    label,
    description: description === '' || description === label ? undefined : description,
    error,
    required: field.required,
    // What is missing is said by us, in the language of the page.
    withAsterisk: field.required,
  };
}

interface ChoicesProps {
  readonly label: string;
  readonly description?: string | undefined;
  readonly error?: string | undefined;
  readonly value: string;
  readonly data: readonly (string | { value: string; label: string })[];
  readonly onChange: (value: string) => void;
}

function Choices({ value, data, onChange, ...rest }: ChoicesProps) {
  const text = useText();
  return (
    <Select
      {...rest}
      clearable
      data={data}
      placeholder={text('forms.serverChooses')}
      value={value === '' ? null : value}
      onChange={(chosen) => onChange(chosen ?? '')}
    />
  );
}

function Problem({ error }: { error: string | undefined }) {
  return error === undefined ? null : (
    <div role="alert" style={{ color: 'var(--mantine-color-error)', fontSize: 'var(--mantine-font-size-xs)' }}>
      {error}
    </div>
  );
}

function Members({
  field,
  values,
  onChange,
}: {
  field: Field;
  values: FormValues;
  onChange: (values: FormValues) => void;
}) {
  return (
    <Group align="flex-start" gap="xs">
      {field.members.map((member) => (
        <div key={member.name} style={{ flex: '1 1 160px' }}>
          <FieldInput
            field={member}
            value={values[member.name]!}
            onChange={(value) => onChange({ ...values, [member.name]: value })}
          />
        </div>
      ))}
    </Group>
  );
}

function Rows({
  field,
  value,
  error,
  onChange,
}: {
  field: Field;
  value: readonly FormValues[];
  error: string | undefined;
  onChange: (value: readonly FormValues[]) => void;
}) {
  const text = useText();
  const { label, description } = useCommon(field, error);
  return (
    <Fieldset legend={label} title={description}>
      <Stack gap="xs">
        <Problem error={error} />
        {value.map((row, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity but their place
          <Group key={at} align="flex-end" wrap="nowrap">
            <div style={{ flex: 1 }}>
              <Members
                field={field}
                values={row}
                onChange={(changed) => onChange(value.map((one, other) => (other === at ? changed : one)))}
              />
            </div>
            <Button
              variant="subtle"
              color="red"
              size="compact-sm"
              aria-label={text('forms.removeRow', { number: at + 1 })}
              onClick={() => onChange(value.filter((_, other) => other !== at))}
            >
              ×
            </Button>
          </Group>
        ))}
        <Button
          variant="light"
          size="compact-sm"
          style={{ alignSelf: 'flex-start' }}
          onClick={() => onChange([...value, valuesOf(field.members, {})])}
        >
          {text('forms.addRow')}
        </Button>
      </Stack>
    </Fieldset>
  );
}
