import type { Schema } from '../../resources/contract.ts';
import { describeAttribute } from '../../resources/descriptions.ts';
import type { ServedResource } from '../served-resource.ts';

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly description: string;
  readonly required?: boolean;
  readonly schema: Schema;
  readonly explode?: boolean;
}

const tagFilters: Readonly<Record<string, string>> = {
  tags: 'Has all these tags, comma-separated',
  'tags-any': 'Has one of these tags, comma-separated',
  'not-tags': 'Has not all these tags, comma-separated',
  'not-tags-any': 'Has none of these tags, comma-separated',
};

const texts: Schema = { type: 'array', items: { type: 'string' } };

function repeated(name: string, description: string, schema: Schema = texts): Parameter {
  return { name, in: 'query', description, schema, explode: true };
}

function single(name: string, description: string, schema: Schema): Parameter {
  return { name, in: 'query', description, schema };
}

export const fieldsParameter = repeated('fields', 'Only these attributes come back');

/** What a list takes: filters, fields, order and pages. */
export function listParameters(resource: ServedResource): Parameter[] {
  const filters = [...resource.filterable.keys()].map((name) =>
    repeated(name, tagFilters[name] ?? `Filter, several mean any of them. ${describeAttribute(resource, name)}`),
  );
  const sortable = [...resource.sortable];
  const order =
    sortable.length === 0
      ? []
      : [
          repeated('sort_key', 'Attribute to sort by, the first one first', {
            type: 'array',
            items: { type: 'string', enum: sortable },
          }),
          repeated('sort_dir', 'Direction of the sort key in the same place; as many as sort keys', {
            type: 'array',
            items: { type: 'string', enum: ['asc', 'desc'] },
          }),
        ];
  return [
    ...filters,
    fieldsParameter,
    ...order,
    single('limit', 'So many at most, with links to the other pages; 0 for no limit', { type: 'integer', minimum: 0 }),
    single('marker', 'What stands before the page: the id of the last item seen', { type: 'string' }),
    single('page_reverse', 'The page before the marker', { type: 'boolean' }),
  ];
}

/** Of `{name}` in a path. */
export function pathParameters(path: string): Parameter[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name: name!,
    in: 'path',
    description: pathText(name!),
    required: true,
    schema: { type: 'string' },
  }));
}

function pathText(name: string): string {
  if (name === 'id') return 'Its id';
  if (name.endsWith('_id')) return `Id of the ${name.slice(0, -3).replaceAll('_', ' ')}`;
  return name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');
}

export const revisionParameter: Parameter = {
  name: 'If-Match',
  in: 'header',
  description: 'revision_number=N: only while that is its revision, else 412',
  schema: { type: 'string', pattern: '^revision_number=\\d+$' },
};
