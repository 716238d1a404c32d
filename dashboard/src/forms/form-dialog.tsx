import { Alert, Button, Collapse, Group, Modal, Stack } from '@mantine/core';
import { type FormEvent, useEffect, useMemo, useRef, useState } from 'react';
import { ApiError, ask } from '../api/client.ts';
import { type ApiResource, collectionPath, type Schema } from '../api/description.ts';
import { without } from '../api/permissions.ts';
import { readAgain } from '../api/queries.ts';
import { useCreateRights, useObjectRights } from '../api/rights.ts';
import { useNames, useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import type { Done } from './command-line.ts';
import { CommandLines } from './command-lines.tsx';
import { fieldOfError } from './error-field.ts';
import { FieldInput } from './field-input.tsx';
import { bodyOf, type Field, type FormValues, fieldsOf, missingIn, valuesOf } from './form-model.ts';
import { presetsOf } from './presets.ts';

interface Props {
  readonly resource: ApiResource;
  readonly resources: readonly ApiResource[];
  /** Id of what it is made below of. */
  readonly parentId?: string | null;
  /** What is changed; absent: one is made. */
  readonly of?: Readonly<Record<string, unknown>> | null;
  /** What the form of a new one begins with, besides the server's defaults: it is sent. */
  readonly given?: FormValues;
  readonly onClose: () => void;
}

interface Trouble {
  readonly fields: Readonly<Record<string, string>>;
  readonly whole: Error | null;
}

const noTrouble: Trouble = { fields: {}, whole: null };

/** Makes or changes one thing: a form from the server's description, and after it the command that does the same. */
export function FormDialog({ resource, resources, parentId = null, of = null, given, onClose }: Props) {
  const text = useText();
  const names = useNames();
  const schema: Schema = (of === null ? resource.create : resource.update) ?? {};
  const everyField = useMemo(() => fieldsOf(schema, resources), [schema, resources]);
  // What is changed is compared with how it was when the form was opened, not with how it is now.
  const first = useRef(valuesOf(everyField, of)).current;
  const [values, setValues] = useState<FormValues>({ ...first, ...given });
  const id = of === null ? null : String(of[resource.idName ?? 'id']);
  const rightsOf = useObjectRights(resource, parentId, id === null ? [] : [id]);
  const ofNew = useCreateRights(resource, parentId, of === null ? values : {});
  const refused = (id === null ? ofNew?.not_in_create : rightsOf(id).not_in_update)?.join(' ') ?? '';
  const fields = useMemo(
    () => fieldsOf(without(schema, refused === '' ? [] : refused.split(' ')), resources),
    [schema, resources, refused],
  );
  const mayNotMake = ofNew?.create === false ? text('forms.mayNotMake') : null;
  const [trouble, setTrouble] = useState(noTrouble);
  const [isSending, setIsSending] = useState(false);
  const [done, setDone] = useState<Done | null>(null);

  const send = async (event: FormEvent) => {
    event.preventDefault();
    const missing = of === null ? missingIn(fields, values) : [];
    if (missing.length > 0)
      return setTrouble({
        fields: Object.fromEntries(missing.map((name) => [name, text('forms.required')])),
        whole: null,
      });
    let body: Record<string, unknown>;
    try {
      body = bodyOf(fields, values, first);
    } catch (error) {
      return setTrouble({ fields: { [(error as SyntaxError).message]: text('forms.noJson') }, whole: null });
    }
    if (of !== null && Object.keys(body).length === 0)
      return setTrouble({ fields: {}, whole: new Error(text('forms.nothing')) });
    setIsSending(true);
    try {
      setDone(await sendForm(resource, parentId, of, body));
      void readAgain();
    } catch (error) {
      setTrouble(troubleOf(error as Error, fields, body));
    } finally {
      setIsSending(false);
    }
  };

  // Where the trouble is may be out of sight.
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (trouble === noTrouble) return;
    const at = form.current?.querySelector<HTMLElement>('[aria-invalid=true], [role=alert]');
    at?.focus();
    at?.scrollIntoView({ block: 'center' });
  }, [trouble]);

  const title = text(of === null ? 'forms.create' : 'forms.update', { what: names.one(resource) });
  if (done)
    return (
      <Modal opened size="lg" title={text('forms.done')} onClose={onClose}>
        <Stack>
          <CommandLines done={[done]} />
          <Group justify="flex-end">
            <Button onClick={onClose} data-autofocus>
              {text('shell.close')}
            </Button>
          </Group>
        </Stack>
      </Modal>
    );
  return (
    <Modal opened size="lg" title={title} onClose={onClose} closeOnClickOutside={false}>
      <form ref={form} onSubmit={send} noValidate>
        <Stack>
          {trouble.whole && <ErrorNote error={trouble.whole} />}
          {mayNotMake && <Alert color="yellow">{mayNotMake}</Alert>}
          {of === null && presetsOf(resource.key).length > 0 && (
            <Group gap="xs" role="group" aria-label={text('forms.presets')}>
              {presetsOf(resource.key).map(({ label, values: filled }) => (
                <Button
                  key={label}
                  variant="default"
                  size="compact-sm"
                  onClick={() => setValues((before) => ({ ...before, ...filled }))}
                >
                  {text(label)}
                </Button>
              ))}
            </Group>
          )}
          <Fields fields={fields} values={values} errors={trouble.fields} onChange={setValues} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {text('shell.cancel')}
            </Button>
            <Button type="submit" loading={isSending} disabled={mayNotMake !== null}>
              {text('forms.send')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** Sends it and says what was done. @throws ApiError */
async function sendForm(
  resource: ApiResource,
  parentId: string | null,
  of: Props['of'],
  body: Readonly<Record<string, unknown>>,
): Promise<Done> {
  const path = collectionPath(resource, parentId);
  if (!of) {
    const { body: answer } = await ask<Record<string, Record<string, unknown>>>('POST', path, {
      [resource.member]: body,
    });
    const madeId = answer[resource.member]?.[resource.idName ?? 'id'];
    return {
      resource,
      verb: 'create',
      id: null,
      parentId,
      body,
      ...(madeId !== undefined && { madeId: String(madeId) }),
    };
  }
  const id = String(of[resource.idName ?? 'id']);
  await ask('PUT', `${path}/${encodeURIComponent(id)}`, { [resource.member]: body });
  return { resource, verb: 'update', id, parentId, body };
}

function troubleOf(error: Error, fields: readonly Field[], body: Readonly<Record<string, unknown>>): Trouble {
  const field =
    error instanceof ApiError && error.status !== 0
      ? fieldOfError(
          error,
          fields.map(({ name }) => name),
          body,
        )
      : null;
  return field === null ? { fields: {}, whole: error } : { fields: { [field]: error.message }, whole: null };
}

interface FieldsProps {
  readonly fields: readonly Field[];
  readonly values: FormValues;
  readonly errors: Readonly<Record<string, string>>;
  readonly onChange: (values: FormValues) => void;
}

/** What is needed and what is usual first; the rest opens by a button, and by itself when an error is in it. */
function Fields({ fields, values, errors, onChange }: FieldsProps) {
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
