import type { ApiResource } from '../api/description.ts';

/** What a list shows: held in the page's address, so that it can be kept and sent to others. */
export interface ListState {
  readonly sort: string | null;
  readonly isDescending: boolean;
  readonly limit: number;
  readonly filters: readonly (readonly [name: string, value: string])[];
}

export const pageSizes = [20, 50, 100, 500] as const;

/**
 * Reads the state from the address; what makes no sense there is left out. Other keys are filters, too, so that a link can
 * say `#/lists/ports?network_id=…`.
 */
export function listState(search: Readonly<Record<string, unknown>>): ListState {
  const { sort, dir, limit, filter, ...plain } = search;
  const linked = Object.entries(plain).map(([name, value]) => [name, String(value)] as const);
  const size = Number(limit);
  return {
    sort: typeof sort === 'string' && sort !== '' ? sort : null,
    isDescending: dir === 'desc',
    limit: (pageSizes as readonly number[]).includes(size) ? size : pageSizes[1],
    filters: [...linked, ...(Array.isArray(filter) ? filter.filter(isFilter) : [])],
  };
}

function isFilter(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}

/** The other way round; what is as it is by itself is left out. */
export function searchOf(state: ListState): Record<string, unknown> {
  return {
    ...(state.sort !== null && { sort: state.sort }),
    ...(state.isDescending && { dir: 'desc' }),
    ...(state.limit !== pageSizes[1] && { limit: state.limit }),
    ...(state.filters.length > 0 && { filter: state.filters }),
  };
}

/**
 * The query string of one page.
 * @param marker id of the last item of the page before
 */
export function queryOf(state: ListState, isPaged: boolean, marker: string | null): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of state.filters) parameters.append(name, value);
  if (state.sort !== null) {
    parameters.append('sort_key', state.sort);
    parameters.append('sort_dir', state.isDescending ? 'desc' : 'asc');
  }
  if (isPaged) parameters.append('limit', String(state.limit));
  if (isPaged && marker !== null) parameters.append('marker', marker);
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

/** A click on a column's head: upwards, downwards, no order. */
export function sortedBy(state: ListState, column: string): ListState {
  if (state.sort !== column) return { ...state, sort: column, isDescending: false };
  return state.isDescending ? { ...state, sort: null, isDescending: false } : { ...state, isDescending: true };
}

/** What a new one begins with in a list of what belongs to something: the rules of a group, the ports of a network. */
export function givenBy({ filters }: ListState, { create }: Pick<ApiResource, 'create'>): Record<string, string> {
  const given = filters.filter(([name]) => name.endsWith('_id') && create?.properties?.[name] !== undefined);
  return Object.fromEntries(given);
}
