import type { Schema } from '../../resources/contract.ts';
import { describeResource } from '../../resources/descriptions.ts';
import { createExample, updateExample } from '../../resources/examples.ts';
import { ruleName } from '../policy/rule-names.ts';
import type { ServedResource } from '../served-resource.ts';
import { fieldsParameter, listParameters, type Parameter, pathParameters, revisionParameter } from './parameters.ts';
import { envelope, type JsonContent, json, refusals } from './responses.ts';
import { pluralName, reference, schemaName, wordsOf } from './schemas.ts';
import type { SurfaceResource, Verb } from './surface.ts';
import { whoMay } from './who-may.ts';

export type Method = 'get' | 'post' | 'put' | 'delete';
export type PathItem = Partial<Record<Method, Operation>>;

export interface Operation {
  readonly operationId: string;
  readonly tags?: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: true; readonly content: JsonContent };
  readonly responses: Readonly<Record<string, unknown>>;
  readonly [extension: `x-${string}`]: unknown;
}

/** The paths of a resource's verbs: its collection and one of it. */
export function verbPaths(surface: SurfaceResource, allowBulk: boolean): Record<string, PathItem> {
  const { verbs, collectionPath, itemPath } = surface;
  const make = (verb: Verb) => (verbs.has(verb) ? operationOf(verb, surface, allowBulk) : undefined);
  const paths: Record<string, PathItem> = {
    [collectionPath]: defined({ get: make('list'), post: make('create') }),
    [itemPath]: defined({ get: make('get'), put: make('update'), delete: make('delete') }),
  };
  return Object.fromEntries(Object.entries(paths).filter(([, item]) => Object.keys(item).length > 0));
}

function defined(item: Partial<Record<Method, Operation | undefined>>): PathItem {
  return Object.fromEntries(Object.entries(item).filter(([, operation]) => operation !== undefined)) as PathItem;
}

function operationOf(verb: Verb, surface: SurfaceResource, allowBulk: boolean): Operation {
  const { resource, collectionPath, itemPath } = surface;
  const { member, collection } = resource;
  const schema = schemaName(resource);
  const one = json(envelope(member, reference(schema)));
  const ofOne = pathParameters(itemPath);
  switch (verb) {
    case 'list':
      return operation(resource, 'get', `list${pluralName(resource)}`, `Lists ${wordsOf(collection)}`, {
        description: describeResource(resource),
        parameters: [...pathParameters(collectionPath), ...listParameters(resource)],
        responses: {
          200: { description: 'Those the caller may see', content: many(resource) },
          ...refusals([400, 401]),
        },
      });
    case 'create':
      return operation(resource, 'create', `create${schema}`, `Makes a ${wordsOf(member)}`, {
        ...(allowBulk && { description: 'Or several at once, all or none.' }),
        parameters: pathParameters(collectionPath),
        requestBody: {
          required: true,
          content: json(createBody(resource, allowBulk), exampleOf(member, createExample(resource))),
        },
        responses: {
          201: { description: 'It was made', content: allowBulk ? oneOrMany(resource) : one },
          ...refusals([400, 401, 403, 404, 409, 413, 503]),
        },
      });
    case 'get':
      return operation(resource, 'get', `get${schema}`, `Shows a ${wordsOf(member)}`, {
        parameters: [...ofOne, fieldsParameter],
        responses: { 200: { description: 'It', content: one }, ...refusals([401, 404]) },
      });
    case 'update':
      return operation(resource, 'update', `update${schema}`, `Changes a ${wordsOf(member)}`, {
        parameters: [...ofOne, revisionParameter],
        requestBody: {
          required: true,
          content: json(envelope(member, reference(`${schema}Update`)), exampleOf(member, updateExample(resource))),
        },
        responses: {
          200: { description: 'As it is now', content: one },
          ...refusals([400, 401, 403, 404, 409, 412, 413, 503]),
        },
      });
    case 'delete':
      return operation(resource, 'delete', `delete${schema}`, `Deletes a ${wordsOf(member)}`, {
        parameters: [...ofOne, revisionParameter],
        responses: { 204: { description: 'It is gone' }, ...refusals([400, 401, 403, 404, 409, 412, 503]) },
      });
  }
}

function operation(
  resource: ServedResource,
  rule: Parameters<typeof ruleName>[0],
  operationId: string,
  summary: string,
  rest: Pick<Operation, 'responses'> & Partial<Operation>,
): Operation {
  return { operationId, tags: [resource.key], summary, ...rest, ...policyOf(ruleName(rule, resource)) };
}

function exampleOf(member: string, values: Readonly<Record<string, unknown>> | null): unknown {
  return values === null ? undefined : { [member]: values };
}

/** The rule that decides, and whom it allows unless a policy file says otherwise. */
export function policyOf(rule: string | null): Partial<Operation> {
  if (rule === null) return {};
  return { 'x-policy-rule': rule, 'x-allowed-by-default': whoMay(rule) };
}

function many(resource: ServedResource): JsonContent {
  return json(manySchema(resource, { [`${resource.collection}_links`]: reference('Links') }));
}

function manySchema(resource: ServedResource, more: Readonly<Record<string, Schema>> = {}): Schema {
  return envelope(resource.collection, { type: 'array', items: reference(schemaName(resource)) }, more);
}

function oneOrMany(resource: ServedResource): JsonContent {
  const one = envelope(resource.member, reference(schemaName(resource)));
  // Where one and many have the same name the shapes differ all the same: an object and an array.
  return json({ oneOf: [one, manySchema(resource)] });
}

function createBody({ member, collection, ...resource }: ServedResource, allowBulk: boolean): Schema {
  const schema = reference(`${schemaName({ member, collection, ...resource })}Create`);
  const one = envelope(member, schema);
  return allowBulk ? { oneOf: [one, envelope(collection, { type: 'array', items: schema, minItems: 1 })] } : one;
}
