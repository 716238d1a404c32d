import { Button, Collapse, Stack } from '@mantine/core';
import { useState } from 'react';
import { useText } from '../messages/text.tsx';
import { FieldInput } from './field-input.tsx';
import type { Field, FormValues } from './form-model.ts';

interface FieldsProps {
  readonly fields: readonly Field[];
  readonly values: FormValues;
  readonly errors: Readonly<Record<string, string>>;
  readonly onChange: (values: FormValues) => void;
}

/** What is needed and what is usual first; the rest opens by a button, and by itself when an error is in it. */
export function Fields({ fields, values, errors, onChange }: FieldsProps) {
  const text = useText();
  const [isOpen, setIsOpen] = useState(false);
  const usual = fields.filter(isUsual);
  const more = fields.filter((field) => !isUsual(field));
  const isShown = isOpen || more.some(({ name }) => name in errors);
  const input = (field: Field) => (
    <FieldInput
      key={field.name}
      field={field}
      value={values[field.name]!}
      error={errors[field.name]}
      onChange={(value) => onChange({ ...values, [field.name]: value })}
    />
  );
  return (
    <>
      {usual.map(input)}
      {more.length > 0 && (
        <Button variant="default" size="compact-sm" aria-expanded={isShown} onClick={() => setIsOpen(!isShown)}>
          {text(isShown ? 'forms.fewer' : 'forms.more')}
        </Button>
      )}
      <Collapse expanded={isShown}>
        <Stack>{isShown && more.map(input)}</Stack>
      </Collapse>
    </>
  );
}

const usualNames = new Set([
  'name',
  'cidr',
  'gateway_ip',
  'enable_dhcp',
  'admin_state_up',
  'fixed_ips',
  'security_groups',
  'port_id',
  'external_gateway_info',
  'direction',
  'ethertype',
  'protocol',
  'port_range_min',
  'port_range_max',
  'remote_ip_prefix',
  'remote_group_id',
  'router:external',
  'description',
]);

function isUsual({ name, required }: Field): boolean {
  return required || usualNames.has(name);
}
