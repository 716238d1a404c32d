import { everything, type FilterValue, type ListQuery } from '../../../src/lib/query.ts';

export type Resource = Record<string, unknown> & { id: string };

/** What a list must give, said in plain JavaScript over all resources. */
function model(all: readonly Resource[], query: ListQuery): Resource[] {
  const matching = all.filter((resource) =>
    Object.entries(query.filters).every(([key, values]) => matches(resource, key, values)),
  );
  const keys = [...query.sorts, { key: 'id', direction: 'asc' as const }];
  const ordered = matching.toSorted((a, b) => {
    for (const { key, direction } of keys) {
      const order = compare(a[key], b[key]);
      if (order !== 0) return direction === 'asc' ? order : -order;
    }
    return 0;
  });
  if (query.pageReverse) ordered.reverse();
  const start = query.marker === null ? 0 : ordered.findIndex(({ id }) => id === query.marker) + 1;
  const page = ordered.slice(start, query.limit === null ? undefined : start + query.limit);
  if (query.pageReverse) page.reverse();
  if (query.fields === null) return page;
  return page.map((resource) => {
    const kept = Object.entries(resource).filter(([key]) => query.fields!.includes(key));
    return Object.fromEntries(kept) as Resource;
  });
}

function matches(resource: Resource, key: string, values: readonly FilterValue[]): boolean {
  const tags = (resource.tags ?? []) as string[];
  const wanted = [...new Set(values.map(String))];
  switch (key) {
    case 'tags':
      return values.length > 0 && wanted.every((tag) => tags.includes(tag));
    case 'tags-any':
      return wanted.some((tag) => tags.includes(tag));
    case 'not-tags':
      return values.length > 0 && !wanted.every((tag) => tags.includes(tag));
    case 'not-tags-any':
      return values.length > 0 && !wanted.some((tag) => tags.includes(tag));
    case 'fixed_ips': {
      const addresses = resource.fixed_ips as Record<string, string>[];
      const pairs = values as { key: string; value: string }[];
      const of = (pairKey: string) => pairs.filter((pair) => pair.key === pairKey).map((pair) => pair.value);
      const found = (pairKey: string, test: (address: Record<string, string>, value: string) => boolean) =>
        of(pairKey).length === 0 || addresses.some((address) => of(pairKey).some((value) => test(address, value)));
      return (
        values.length > 0 &&
        found('subnet_id', (address, value) => address.subnet_id === value) &&
        found('ip_address', (address, value) => address.ip_address === value) &&
        found('ip_address_substr', (address, value) => address.ip_address!.includes(value))
      );
    }
    default:
      return values.includes(resource[key] as FilterValue);
  }
}

/** Nulls first; text by its bytes, as the databases are set to compare. */
function compare(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return (a as string) < (b as string) ? -1 : 1;
}
/** Where in the order a marker stands that the filters hide is well defined in SQL; the model looks it up unfiltered. */
export function modelled(all: readonly Resource[], query: ListQuery): Resource[] {
  if (
    query.marker === null ||
    model(all, { ...query, fields: ['id'], marker: null, limit: null }).some(({ id }) => id === query.marker)
  ) {
    return model(all, query);
  }
  const marker = all.find(({ id }) => id === query.marker)!;
  const withMarker = model(all, { ...everything, sorts: query.sorts, pageReverse: query.pageReverse });
  const ordered = query.pageReverse ? withMarker.toReversed() : withMarker;
  const after = new Set(ordered.slice(ordered.indexOf(marker) + 1));
  const rest = all.filter((resource) => after.has(resource));
  return model(rest, { ...query, marker: null });
}
