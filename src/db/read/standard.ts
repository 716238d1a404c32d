import { type Attribute, type Child, child, type columnReader, type Filter } from './definition.ts';
import { oneOf, tagFilters } from './filters.ts';

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

/** @param resourceType as `tags` calls it */
export function tagsOf(resourceType: string): Child {
  return child('resource_id', (db) =>
    db
      .selectFrom('tags')
      .select(['resource_id', 'tag'])
      .where('resource_type', '=', resourceType)
      .orderBy('resource_id')
      .orderBy('tag'),
  );
}

export function standardFilters(resourceType: string): Record<string, Filter> {
  return {
    id: oneOf('id'),
    tenant_id: oneOf('project_id'),
    project_id: oneOf('project_id'),
    description: oneOf('description'),
    revision_number: oneOf('revision_number'),
    ...tagFilters(resourceType),
  };
}
