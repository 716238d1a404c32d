import { type Expression, type SqlBool, sql } from 'kysely';
import type { ListQuery } from '../../lib/query.ts';
import type { DialectName } from '../dialect/contract.ts';
import type { AnyExpressions, AnyQuery, Definition, Sort } from './definition.ts';
import type { View } from './view.ts';

/** What rows are ordered by, ending with the id so that the order is total. Nulls come first ascending, last descending. */
export interface Order {
  readonly keys: readonly { readonly sort: Sort; readonly direction: 'asc' | 'desc' }[];
}

/** The order in which rows are fetched: turned round for a page before the marker. */
export function orderOf(definition: Definition, query: ListQuery): Order {
  const keys = query.sorts
    .filter(({ key }) => definition.sorts[key] !== undefined)
    .map(({ key, direction }) => ({ sort: definition.sorts[key]!, direction }));
  const byId = keys.some(({ sort }) => sort === 'id') ? [] : [{ sort: 'id', direction: 'asc' as const }];
  const all = [...keys, ...byId];
  return {
    keys: query.pageReverse ? all.map(({ sort, direction }) => ({ sort, direction: opposite(direction) })) : all,
  };
}

export function applyOrder(select: AnyQuery, order: Order, dialect: DialectName, view: View): AnyQuery {
  let ordered = select;
  for (const { sort, direction } of order.keys) {
    ordered = ordered.orderBy(
      (eb: AnyExpressions) => expressionOf(eb, sort, view),
      (by) => {
        const directed = direction === 'asc' ? by.asc() : by.desc();
        if (dialect !== 'postgres') return directed;
        return direction === 'asc' ? directed.nullsFirst() : directed.nullsLast();
      },
    );
  }
  return ordered;
}

/** Selects the values of the order's keys, to be handed to `afterMarker`. */
export function selectKeys(select: AnyQuery, order: Order, view: View): AnyQuery {
  return select.select((eb: AnyExpressions) =>
    order.keys.map(({ sort }, i) => expressionOf(eb, sort, view).as(`k${i}`)),
  );
}

/** Rows that come after the one with these key values: k1 after v1, or k1 equal and k2 after v2, and so on. */
export function afterMarker(
  eb: AnyExpressions,
  order: Order,
  values: readonly unknown[],
  view: View,
): Expression<SqlBool> {
  const alternatives = order.keys.map(({ sort, direction }, i) => {
    const equal = order.keys.slice(0, i).map((key, j) => equals(eb, expressionOf(eb, key.sort, view), values[j]));
    return eb.and([...equal, follows(eb, expressionOf(eb, sort, view), direction, values[i])]);
  });
  return eb.or(alternatives);
}

function expressionOf(eb: AnyExpressions, sort: Sort, view: View) {
  return typeof sort === 'string' ? sql`${eb.ref(sort)}` : sql`${sort(eb, view)}`;
}

function equals(eb: AnyExpressions, key: Expression<unknown>, value: unknown): Expression<SqlBool> {
  return value === null ? eb(key, 'is', null) : eb(key, '=', value);
}

function follows(
  eb: AnyExpressions,
  key: Expression<unknown>,
  direction: 'asc' | 'desc',
  value: unknown,
): Expression<SqlBool> {
  if (direction === 'asc') return value === null ? eb(key, 'is not', null) : eb(key, '>', value);
  return value === null ? sql<SqlBool>`1 = 0` : eb.or([eb(key, '<', value), eb(key, 'is', null)]);
}

function opposite(direction: 'asc' | 'desc'): 'asc' | 'desc' {
  return direction === 'asc' ? 'desc' : 'asc';
}
