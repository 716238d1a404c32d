import type { NeutronError } from '../../lib/errors.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import type { QosRule } from '../../resources/shapes.ts';

/** A page of the one or two rules of a kind that a policy has: there is no query to be made of it. */
export function pageOf(
  rules: readonly QosRule[],
  { filters, fields, sorts, limit, marker, pageReverse }: ListQuery,
  unknownMarker: (id: string) => NeutronError,
): Page<QosRule> {
  const fitting = rules.filter((rule) =>
    Object.entries(filters).every(([key, values]) => values.includes(rule[key] as string | number)),
  );
  const sorted = [...fitting].sort((a, b) => {
    for (const { key, direction } of sorts) {
      const order = compare(a[key]!, b[key]!);
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
  return {
    items: page.map((rule) => Object.fromEntries(Object.entries(rule).filter(([key]) => wanted(key))) as QosRule),
  };
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
