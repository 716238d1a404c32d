import { splitArguments } from './arguments.ts';
import { decorate } from './cells.ts';
import type { Query, Resource } from './client.ts';
import { below, type Session } from './commands.ts';
import { CliError } from './errors.ts';
import { chosenColumns, type FormatOptions, renderList } from './format/output.ts';
import { pythonJson } from './format/python.ts';
import type { Noun } from './nouns.ts';

export interface ListOptions extends FormatOptions {
  field?: readonly string[];
  pageSize?: string;
  sortKey?: readonly string[];
  sortDir?: readonly string[];
  showDetails?: boolean;
  nameconv?: boolean;
}

/** `net-list [--key value …]`: options that are not known are filters. */
export async function list(session: Session, noun: Noun, args: readonly string[], options: ListOptions): Promise<void> {
  const { operands, extras } = splitArguments(args);
  const { path, rest } = await below(session, noun, operands);
  if (rest.length > 0) throw new CliError(`unrecognized arguments: ${rest.join(' ')}`);
  await printList(session, noun, path, { ...noun.old.filters, ...extras }, options);
}

/** Asks for the items at a path and prints them as things of a kind. */
export async function printList(
  session: Session,
  noun: Noun,
  path: string,
  filters: Resource,
  options: ListOptions,
): Promise<void> {
  const query: Query = [
    ...Object.entries(filters).flatMap(([key, value]) =>
      [value].flat().map((one) => [filterName(key), queryText(one)] as const),
    ),
    ...neededFields(noun, options).map((field) => ['fields', field] as const),
    ...sorting(options),
  ];
  const how = { key: noun.collection, pageSize: pageSize(options.pageSize) };
  const rows = await session.client.list(path, query, how);
  const forPeople = options.format !== 'json' && options.format !== 'yaml';
  await decorate(session.client, noun, rows, { forPeople, noNameconv: options.nameconv === false });
  const present = rows[0] ? Object.keys(rows[0]) : [];
  session.print(renderList(listColumns(session, noun, present, options), rows, options));
}

function listColumns(session: Session, noun: Noun, present: readonly string[], options: ListOptions): string[] {
  const { column, field, showDetails } = options;
  // In the order in which they were asked for, as the old client had it for lists.
  const shown = (names: readonly string[]) => names.flatMap((name) => presentName(name, present));
  if (column && column.length > 0) {
    const wanted = column.map((name) => presentName(name, present)[0] ?? name);
    return present.length > 0 ? inOrder(wanted, chosenColumns(present, wanted)) : [];
  }
  if (field && field.length > 0) return shown(field);
  if (showDetails) return present.toSorted();
  const columns = shown(noun.columns);
  if (session.client.isAdmin && present.includes('tenant_id') && columns.length > 0) {
    columns.splice(Math.max(0, columns.indexOf('id'), columns.indexOf('name')) + 1, 0, 'tenant_id');
  }
  return columns;
}

function inOrder(order: readonly string[], columns: readonly string[]): string[] {
  return order.filter((column, i) => columns.includes(column) && order.indexOf(column) === i);
}

/** A column that shows a name instead of an id has lost its `_id`. */
function presentName(name: string, present: readonly string[]): string[] {
  return [name, name.replace(/_id$/, '')].filter((one) => present.includes(one)).slice(0, 1);
}

/** What columns that are made of several fields need. */
const madeOf: Readonly<Record<string, readonly string[]>> = {
  'port/protocol': ['protocol', 'port_range_min', 'port_range_max'],
  remote: ['remote_ip_prefix', 'remote_group_id'],
  security_group: ['security_group_id'],
  remote_group: ['remote_group_id'],
};

function neededFields({ member }: Noun, { field = [] }: ListOptions): string[] {
  return member.endsWith('security_group_rule') ? field.flatMap((name) => madeOf[name] ?? [name]) : [...field];
}

/** Three filters by tags are spelt with hyphens. */
function filterName(key: string): string {
  return /^(tags_any|not_tags|not_tags_any)$/.test(key) ? key.replaceAll('_', '-') : key;
}

function sorting({ sortKey = [], sortDir = [] }: ListOptions): Query {
  return sortKey.flatMap((key, i) => [['sort_key', key] as const, ['sort_dir', sortDir[i] ?? 'asc'] as const]);
}

function pageSize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(text)) throw new CliError(`'${text}' is no page size`);
  return Number(text);
}

function queryText(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'object' && value !== null ? pythonJson(value) : String(value ?? '');
}
