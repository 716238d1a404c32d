import { Alert, Button, Group } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import { ApiError, ask } from '../api/client.ts';
import { type ApiResource, collectionPath, type Schema } from '../api/description.ts';
import { without } from '../api/permissions.ts';
import { readAgain } from '../api/queries.ts';
import { useCreateRights, useObjectRights } from '../api/rights.ts';
import { type Text, useNames, useText } from '../messages/text.tsx';
import { refusal } from '../shell/refusal.ts';
import type { Done } from './command-line.ts';
import { DoneDialog } from './done-dialog.tsx';
import { fieldOfError } from './error-field.ts';
import { Fields } from './fields.tsx';
import { withFollowing } from './following.ts';
import { FormFrame } from './form-frame.tsx';
import { bodyOf, type Field, type FormValues, fieldsOf, missingIn, valuesOf } from './form-model.ts';
import { presetsOf } from './presets.ts';
import { formerValues, type TakeBack, takeBack, type Undo } from './undo.ts';

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
  const [done, setDone] = useState<Sent | null>(null);

  const send = async () => {
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
      const former = of && formerValues(fields, of, first, Object.keys(body));
      setDone(
        id === null ? await make(resource, parentId, body) : await change({ resource, parentId, id }, body, former),
      );
      void readAgain();
    } catch (error) {
      setTrouble(troubleOf(error as Error, fields, body, text));
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
  if (done) return <DoneDialog {...done} onClose={onClose} />;
  return (
    <FormFrame
      {...{ ref: form, title, isSending, onClose }}
      error={trouble.whole}
      isRefused={mayNotMake !== null}
      isChanged={JSON.stringify(values) !== JSON.stringify({ ...first, ...given })}
      onSend={() => void send()}
    >
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
      <Fields
        fields={fields}
        values={values}
        errors={trouble.fields}
        onChange={(after) => setValues((before) => withFollowing(before, after))}
      />
    </FormFrame>
  );
}

interface Sent {
  readonly done: readonly Done[];
  readonly undo: TakeBack | null;
}

type Answered = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Makes one. @throws ApiError */
async function make(resource: ApiResource, parentId: string | null, body: Done['body']): Promise<Sent> {
  const path = collectionPath(resource, parentId);
  const { body: answer } = await ask<Answered>('POST', path, { [resource.member]: body });
  const made = answer[resource.member];
  return { done: [{ resource, verb: 'create', id: null, parentId, body, ...(made && { made }) }], undo: null };
}

/** Changes one. @param former what takes it back, if that can be said @throws ApiError */
async function change(
  { resource, parentId, id }: Pick<Undo, 'resource' | 'parentId' | 'id'>,
  body: Done['body'],
  former: Undo['body'] | null,
): Promise<Sent> {
  const path = `${collectionPath(resource, parentId)}/${encodeURIComponent(id)}`;
  const { body: answer } = await ask<Answered>('PUT', path, { [resource.member]: body });
  const left = answer[resource.member];
  return {
    done: [{ resource, verb: 'update', id, parentId, body }],
    undo: former === null || left === undefined ? null : takeBack({ resource, parentId, id, body: former, left }),
  };
}

function troubleOf(
  error: Error,
  fields: readonly Field[],
  body: Readonly<Record<string, unknown>>,
  text: Text,
): Trouble {
  const field =
    error instanceof ApiError && error.status !== 0
      ? fieldOfError(
          error,
          fields.map(({ name }) => name),
          body,
        )
      : null;
  return field === null ? { fields: {}, whole: error } : { fields: { [field]: refusal(error, text) }, whole: null };
}
