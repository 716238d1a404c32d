import type { Attribute, columnReader } from './definition.ts';

/** Columns that every resource with standard attributes has, id first. */
export const STANDARD_COLUMNS = [
  'id',
  'project_id',
  'name',
  'description',
  'created_at',
  'updated_at',
  'revision_number',
] as const;

type Columns = ReturnType<typeof columnReader>;

export function descriptionAttribute(column: Columns): Attribute {
  return { key: 'description', alias: 'standard-attr-description', ...column.plain('description') };
}

/** Tags, times, revision and project: the tail of every resource as the API shows it. */
export function standardTail(column: Columns): Attribute[] {
  return [
    { key: 'tags', alias: 'standard-attr-tag', child: 'tags', value: (_, tags) => tags.map((row) => row[1]) },
    { key: 'created_at', alias: 'standard-attr-timestamp', ...column.token('created_at') },
    { key: 'updated_at', alias: 'standard-attr-timestamp', ...column.token('updated_at') },
    { key: 'revision_number', alias: 'standard-attr-revisions', ...column.number('revision_number') },
    { key: 'project_id', alias: null, ...column.plain('project_id') },
  ];
}
