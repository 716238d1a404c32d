import { type Expression, type SqlBool, sql } from 'kysely';
import type { FilterValue } from '../../lib/query.ts';
import type { AnyExpressions, Filter } from './definition.ts';
import type { View } from './view.ts';

/** The values of a column: any of them, null among them. */
export function oneOf(column: string): Filter {
  return (eb, values) => among(eb, column, values);
}

/** Matches nothing when there is no value. */
export function among(eb: AnyExpressions, column: string, values: readonly FilterValue[]): Expression<SqlBool> {
  const scalars = values.filter((value) => value !== null && typeof value !== 'object');
  const conditions: Expression<SqlBool>[] = [];
  if (scalars.length === 1) conditions.push(eb(column, '=', scalars[0]));
  if (scalars.length > 1) conditions.push(eb(column, 'in', scalars));
  if (values.includes(null)) conditions.push(eb(column, 'is', null));
  return conditions.length === 0 ? nothing : eb.or(conditions);
}

export const nothing = sql<SqlBool>`1 = 0`;
export const anything = sql<SqlBool>`1 = 1`;

/** A flag that is not stored but follows from a condition: `shared`, `router:external`, `alive`. */
export function whether(condition: (eb: AnyExpressions, ...rest: never[]) => Expression<SqlBool>): Filter {
  return (eb, values, view) => {
    const yes = values.some((value) => value === true || value === 1);
    const no = values.some((value) => value === false || value === 0);
    if (yes && no) return anything;
    if (!yes && !no) return nothing;
    const holds = (condition as (eb: AnyExpressions, view: unknown) => Expression<SqlBool>)(eb, view);
    return yes ? holds : eb.not(holds);
  };
}

/** Rows whose id is the parent's in another table where a column has one of the values. */
export function inChild(table: string, parent: string, column: string): Filter {
  return (eb, values) =>
    eb(
      'id',
      'in',
      eb
        .selectFrom(table)
        .select(parent)
        .where((inner: AnyExpressions) => among(inner, column, values)),
    );
}

/**
 * As `inChild`, for columns without an index of their own, and other conditions that none helps: who sees all rows has the
 * other table read once; a project's few rows are looked up one by one, so that those of others cost it nothing.
 *
 * @param of the table whose rows are filtered
 */
export function hasChild(
  eb: AnyExpressions,
  view: View,
  { of, table, parent }: { of: string; table: string; parent: string },
  condition: (inner: AnyExpressions) => Expression<SqlBool>,
): Expression<SqlBool> {
  const fitting = eb.selectFrom(table).where(condition);
  if (view.all) return eb('id', 'in', fitting.select(parent));
  return eb.exists(fitting.select(sql.lit(1).as('one')).whereRef(`${table}.${parent}`, '=', `${of}.id`));
}

/** The four tag filters; tags of one parameter are comma-separated. */
export function tagFilters(resourceType: string): Record<string, Filter> {
  const tagged = (all: boolean): Filter => {
    return (eb, values) => {
      const tags = [...new Set(values.flatMap((value) => String(value).split(',')))];
      if (tags.length === 0) return nothing;
      const having = eb
        .selectFrom('tags')
        .select('resource_id')
        .where('resource_type', '=', resourceType)
        .where('tag', 'in', tags);
      if (!all || tags.length === 1) return eb('id', 'in', having);
      return eb(
        'id',
        'in',
        having.groupBy('resource_id').having((inner: AnyExpressions) => inner.fn.countAll(), '=', tags.length),
      );
    };
  };
  const not =
    (filter: Filter): Filter =>
    (eb, values, view) =>
      values.length === 0 ? nothing : eb.not(filter(eb, values, view));
  return {
    tags: tagged(true),
    'tags-any': tagged(false),
    'not-tags': not(tagged(true)),
    'not-tags-any': not(tagged(false)),
  };
}

/** `LIKE '%text%'` with the text's own `%` and `_` meaning themselves. */
export function contains(column: string, text: string): Expression<SqlBool> {
  const pattern = `%${text.replace(/[!%_]/g, '!$&')}%`;
  return sql<SqlBool>`${sql.ref(column)} like ${pattern} escape '!'`;
}
