import { type ApiResource, isNullable, type Schema, typesOf } from '../api/description.ts';

export type FieldKind =
  | 'text'
  | 'number'
  | 'boolean'
  | 'choice'
  | 'reference'
  | 'texts'
  | 'references'
  | 'objects'
  | 'group'
  | 'json';

/** One input of a form, from an attribute's schema. */
export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  readonly required: boolean;
  readonly nullable: boolean;
  readonly description: string;
  /** What the server takes when nothing is said; undefined: it chooses. */
  readonly initial: unknown;
  readonly choices: readonly unknown[];
  /** Collection of what is referred to. */
  readonly refersTo: string | null;
  readonly maxLength: number | null;
  /** Of `objects` and `group`. */
  readonly members: readonly Field[];
}

/** What an input holds: text, texts, or the inputs of members. Numbers, booleans and choices are text as well. */
export type FormValue = string | readonly string[] | readonly FormValues[] | FormValues;
export interface FormValues {
  readonly [name: string]: FormValue;
}

/** Second names of attributes that are in the form already. */
const doubled = new Set(['tenant_id']);

export function fieldsOf(schema: Schema, resources: readonly ApiResource[]): Field[] {
  const needed = new Set(schema.required);
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => !doubled.has(name) || !('project_id' in (schema.properties ?? {})))
    .map(([name, attribute]) => fieldOf(name, attribute, needed.has(name), resources));
}

function fieldOf(name: string, schema: Schema, required: boolean, resources: readonly ApiResource[]): Field {
  const types = typesOf(schema);
  const isList = types.includes('array');
  const ofItems = isList ? (schema.items ?? {}) : schema;
  const refersTo = referredBy(name, resources);
  const members = ofItems.properties ? fieldsOf(ofItems, resources) : [];
  return {
    name,
    kind: kindOf(schema, types, isList, refersTo, members.length > 0),
    required,
    nullable: isNullable(schema),
    description: schema.description ?? '',
    initial: schema.default,
    choices: (schema.enum ?? []).filter((value) => value !== null),
    refersTo,
    maxLength: schema.maxLength ?? null,
    members,
  };
}

function kindOf(
  schema: Schema,
  types: readonly string[],
  isList: boolean,
  refersTo: string | null,
  hasMembers: boolean,
): FieldKind {
  if (isList) {
    if (hasMembers) return 'objects';
    return refersTo !== null ? 'references' : 'texts';
  }
  if (types.includes('object')) return hasMembers ? 'group' : 'json';
  if (schema.enum) return 'choice';
  if (types.includes('boolean')) return 'boolean';
  if (types.includes('integer') || types.includes('number')) return 'number';
  return refersTo !== null ? 'reference' : 'text';
}

/** What an id is called where its collection cannot be told from the name. */
const calledOtherwise: Readonly<Record<string, string>> = { remote_group_id: 'security_groups' };

/** The collection that `floating_network_id` or `security_groups` holds ids of, by the name's last words. */
export function referredBy(name: string, resources: readonly ApiResource[]): string | null {
  const known = new Set(resources.filter(({ parent }) => parent === null).map(({ collection }) => collection));
  const other = calledOtherwise[name];
  if (other !== undefined) return known.has(other) ? other : null;
  if (known.has(name)) return name;
  if (!name.endsWith('_id')) return null;
  const words = name.slice(0, -3).split('_');
  for (let from = 0; from < words.length; from++) {
    const member = words.slice(from).join('_');
    const found = resources.find((one) => one.parent === null && one.member === member && one.idName === 'id');
    if (found) return found.collection;
  }
  return null;
}

/** What the inputs hold at first: the server's defaults, or the values of what is changed. */
export function valuesOf(fields: readonly Field[], of: Readonly<Record<string, unknown>> | null): FormValues {
  return Object.fromEntries(
    fields.map((field) => [field.name, inputOf(field, of === null ? field.initial : of[field.name])]),
  );
}

function inputOf(field: Field, value: unknown): FormValue {
  switch (field.kind) {
    case 'texts':
    case 'references':
      return Array.isArray(value) ? value.map(String) : [];
    case 'objects':
      return Array.isArray(value) ? value.map((one) => valuesOf(field.members, one as Record<string, unknown>)) : [];
    case 'group':
      return valuesOf(field.members, (value ?? {}) as Record<string, unknown>);
    case 'json':
      return value === null || value === undefined ? '' : JSON.stringify(value, null, 2);
    default:
      return value === null || value === undefined ? '' : String(value);
  }
}

/**
 * The body to send: what differs from what the inputs held at first, so that the server's own choices stay its own.
 * @throws SyntaxError with the field's name as message for text that is no JSON where JSON is wanted
 */
export function bodyOf(fields: readonly Field[], values: FormValues, first: FormValues): Record<string, unknown> {
  const changed = fields.filter(({ name }) => JSON.stringify(values[name]) !== JSON.stringify(first[name]));
  return Object.fromEntries(changed.map((field) => [field.name, sentOf(field, values[field.name]!)]));
}

/** What an input says, as the server takes it. @throws SyntaxError like `bodyOf` */
export function sentOf(field: Field, value: FormValue): unknown {
  switch (field.kind) {
    case 'objects':
      return (value as readonly FormValues[]).map((one) => membersOf(field, one));
    case 'group': {
      const members = membersOf(field, value as FormValues);
      return Object.keys(members).length === 0 && field.nullable ? null : members;
    }
    case 'texts':
    case 'references':
      return value;
    default:
      return scalarOf(field, value as string);
  }
}

/** What is filled in of an object's members. */
function membersOf({ members }: Field, values: FormValues): Record<string, unknown> {
  return bodyOf(members, values, valuesOf(members, {}));
}

function scalarOf(field: Field, text: string): unknown {
  if (text === '' && (field.nullable || field.kind !== 'text')) return null;
  switch (field.kind) {
    case 'boolean':
      return text === 'true';
    case 'choice':
      return field.choices.find((choice) => String(choice) === text) ?? text;
    case 'number':
      // What is no number goes as it is: the server says what is wrong with it, at this field.
      return /^-?\d+$/.test(text.trim()) ? Number(text) : text;
    case 'json':
      try {
        return JSON.parse(text);
      } catch {
        throw new SyntaxError(field.name);
      }
    default:
      return text;
  }
}

/** Names of required fields that nothing stands in. */
export function missingIn(fields: readonly Field[], values: FormValues): string[] {
  return fields
    .filter(({ required }) => required)
    .map(({ name }) => name)
    .filter((name) => values[name] === '' || (Array.isArray(values[name]) && values[name].length === 0));
}
