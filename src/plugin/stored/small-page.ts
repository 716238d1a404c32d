import type { NeutronError } from '../../lib/errors.ts';
import type { FilterValue, ListQuery, Page } from '../../lib/query.ts';

/** A page of the few things that one resource has below it: there is no query to be made of it. */
export function pageOf<R extends { id: string }>(
  items: readonly R[],
  { filters, fields, sorts, limit, marker, pageReverse }: ListQuery,
  unknownMarker: (id: string) => NeutronError,
): Page<R> {
  const value = (item: R, key: string) => (item as Readonly<Record<string, unknown>>)[key] as FilterValue;
  const fitting = items.filter((item) =>
    Object.entries(filters).every(([key, values]) => values.includes(value(item, key))),
  );
  const sorted = [...fitting].sort((a, b) => {
    for (const { key, direction } of sorts) {
      const order = compare(value(a, key), value(b, key));
      if (order !== 0) return direction === 'asc' ? order : -order;
    }
    return compare(a.id, b.id);
  });
  const at = marker === null ? -1 : sorted.findIndex(({ id }) => id === marker);
  if (marker !== null && at < 0) throw unknownMarker(marker);
  const most = limit ?? sorted.length;
  const end = marker === null ? sorted.length : at;
  const page = pageReverse ? sorted.slice(Math.max(0, end - most), end) : sorted.slice(at + 1, at + 1 + most);
  if (fields === null) return { items: page };
  const wanted = (key: string) => key === 'id' || fields.includes(key);
  return { items: page.map((item) => Object.fromEntries(Object.entries(item).filter(([key]) => wanted(key))) as R) };
}

/** What there is not comes first. */
function compare(a: FilterValue, b: FilterValue): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
