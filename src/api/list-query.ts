import type { FilterValue, ListQuery } from '../lib/query.ts';
import type { Attribute } from '../resources/contract.ts';
import { apiErrors, badRequest } from './errors.ts';
import { lastValueOf, type Parameters, valuesOf } from './query-string.ts';
import type { ServedResource } from './served-resource.ts';

export interface ListRules {
  /** Filters by unknown keys are refused; else they are ignored. */
  readonly validateFilters: boolean;
  /** `name=` asks for the empty name; else an empty value is no filter. */
  readonly emptyStrings: boolean;
  readonly maxLimit: number | null;
}

const reserved = new Set(['fields', 'sort_key', 'sort_dir', 'limit', 'marker', 'page_reverse']);
const tagKeys = new Set(['tags', 'tags-any', 'not-tags', 'not-tags-any']);

/** @throws HTTPBadRequest, BadRequest (limit) and InvalidInput (values that cannot be converted) */
export function readListQuery(resource: ServedResource, parameters: Parameters, rules: ListRules): ListQuery {
  const filters = readFilters(resource, parameters, rules);
  const wanted = readFields(resource, parameters);
  // Lists of some resources show a few attributes in any case.
  const fields = wanted && [...new Set([...wanted, ...(resource.definition.kept ?? [])])];
  const sorts = readSorts(resource, parameters);
  const limit = readLimit(parameters, rules.maxLimit);
  // Without a limit there are no pages, and upstream ignores the marker.
  const marker = limit === null ? null : lastValueOf(parameters, 'marker') || null;
  const pageReverse = limit !== null && lastValueOf(parameters, 'page_reverse')?.toLowerCase() === 'true';
  return { filters, fields, sorts, limit, marker, pageReverse };
}

/**
 * The known names among those asked for; null when `fields` is not there. Unknown ones are ignored: who asks for these
 * alone (or for the empty name) gets empty objects.
 */
export function readFields(resource: ServedResource, parameters: Parameters): string[] | null {
  const wanted = parameters.filter(([key]) => key === 'fields').map(([, value]) => value);
  if (wanted.length === 0) return null;
  return [...new Set(wanted)].filter((name) => resource.attributes.get(name)?.ops.includes('R'));
}

function readFilters(resource: ServedResource, parameters: Parameters, rules: ListRules): ListQuery['filters'] {
  const texts = new Map<string, string[]>();
  for (const [key, value] of parameters) {
    if (reserved.has(key) || (value === '' && !rules.emptyStrings && texts.has(key))) continue;
    const values = texts.get(key) ?? [];
    texts.set(key, values);
    if (value !== '' || rules.emptyStrings) values.push(value);
  }
  if (rules.validateFilters) checkFilters(resource, texts.keys());
  const filters: Record<string, readonly FilterValue[]> = {};
  for (const [key, values] of texts) {
    const attribute = resource.filterable.get(key);
    if (attribute === undefined || values.length === 0) continue;
    const converted: FilterValue[] = tagKeys.has(key)
      ? [...new Set(values.flatMap((value) => value.split(',')))]
      : values.map((value) => convert(attribute, value)).filter((value) => value !== null);
    const column = key === 'tenant_id' ? 'project_id' : key;
    const already = Object.hasOwn(filters, column) ? filters[column]! : null;
    // Both names of the project: what both accept, so two different ones match nothing.
    filters[column] = already === null ? converted : already.filter((value) => converted.includes(value));
  }
  return filters;
}

function checkFilters(resource: ServedResource, keys: Iterable<string>): void {
  const invalid = [...keys].filter((key) => !resource.filterable.has(key));
  if (invalid.length > 0) throw badRequest(`${list(invalid)} is invalid attribute for filtering`);
}

function convert({ type }: Attribute, text: string): FilterValue {
  if (type.filter !== undefined) return type.filter(text);
  return type.convert === undefined ? text : (type.convert(text) as FilterValue);
}

function readSorts(resource: ServedResource, parameters: Parameters): ListQuery['sorts'] {
  const keys = valuesOf(parameters, 'sort_key');
  const directions = valuesOf(parameters, 'sort_dir');
  if (keys.length === 0 && directions.length === 0) return [];
  if (keys.length !== directions.length) throw badRequest('The number of sort_keys and sort_dirs must be same');
  const badKeys = keys.filter((key) => !resource.sortable.has(key));
  if (badKeys.length > 0) throw badRequest(`${list(badKeys)} is invalid attribute for sort_keys`);
  const badDirections = directions.filter((direction) => direction !== 'asc' && direction !== 'desc');
  if (badDirections.length > 0) {
    throw badRequest(`${list(badDirections)} is invalid value for sort_dirs, valid value is 'asc' and 'desc'`);
  }
  return keys.map((key, i) => ({
    key: key === 'tenant_id' ? 'project_id' : key,
    direction: directions[i] as 'asc' | 'desc',
  }));
}

function list(values: readonly string[]): string {
  return `[${values.map((value) => `'${value}'`).join(', ')}]`;
}

function readLimit(parameters: Parameters, maxLimit: number | null): number | null {
  const text = lastValueOf(parameters, 'limit');
  if (text === null) return maxLimit;
  if (!/^\s*\+?\d{1,15}\s*$/.test(text)) {
    throw apiErrors.BadRequest({
      resource: 'limit',
      message: `Limit must be an integer 0 or greater and not '${text}'`,
    });
  }
  const limit = Number(text);
  if (limit === 0) return maxLimit;
  return maxLimit === null ? limit : Math.min(limit, maxLimit);
}
