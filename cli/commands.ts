import { splitArguments } from './arguments.ts';
import { type AttributeOption, attributeValue } from './attribute-options.ts';
import type { ApiClient, Query, Resource } from './client.ts';
import { CliError } from './errors.ts';
import { chosenColumns, type FormatOptions, renderList, renderOne } from './format/output.ts';
import { pythonJson } from './format/python.ts';
import { findId, NotFound, NoUniqueMatch, referredId, resolveReferences } from './lookup.ts';
import type { Noun } from './nouns.ts';

/** What a command works with. */
export interface Session {
  client: ApiClient;
  print(text: string): void;
}

export interface ListOptions extends FormatOptions {
  field?: readonly string[];
  pageSize?: string;
  sortKey?: readonly string[];
  sortDir?: readonly string[];
  showDetails?: boolean;
}

export interface ShowOptions extends FormatOptions {
  field?: readonly string[];
}

/** `net-list [--key value …]`: options that are not known are filters. */
export async function list(session: Session, noun: Noun, args: readonly string[], options: ListOptions): Promise<void> {
  const { operands, extras } = splitArguments(args);
  if (operands.length > 0) throw new CliError(`unrecognized arguments: ${operands.join(' ')}`);
  const query: Query = [
    ...Object.entries(extras).flatMap(([key, value]) => [value].flat().map((one) => [key, queryText(one)] as const)),
    ...(options.field ?? []).map((field) => ['fields', field] as const),
    ...sorting(options),
  ];
  const rows = await session.client.list(noun.collection, query, pageSize(options.pageSize));
  await decorate(session.client, noun, rows);
  const present = rows[0] ? Object.keys(rows[0]) : [];
  session.print(renderList(listColumns(noun, present, options), rows, options));
}

/** `net-show ID|NAME` */
export async function show(session: Session, noun: Noun, args: readonly string[], options: ShowOptions): Promise<void> {
  const [idOrName = ''] = exactly(args, [noun.member.toUpperCase()]);
  const id = await findId(session.client, noun, idOrName);
  const fields = (options.field ?? []).map((field) => ['fields', field] as const);
  const answer = await session.client.get(`${noun.collection}/${encodeURIComponent(id)}`, fields);
  session.print(renderOne(picked(answer[noun.member] as Resource, options), options));
}

/** `net-create NAME [--attribute value …]` */
export async function create(
  session: Session,
  noun: Noun,
  args: readonly string[],
  options: ShowOptions & { known: Resource },
): Promise<void> {
  const { operands, extras } = splitArguments(args);
  const names = noun.operands.map(({ name, optional }) => (optional ? `[${name}]` : name));
  const given = exactly(operands, names);
  const body: Resource = {};
  for (const [i, { attribute, of }] of noun.operands.entries()) {
    const value = given[i];
    if (value !== undefined) body[attribute] = of ? await referredId(session.client, of, value) : value;
  }
  Object.assign(body, options.known, extras);
  if (noun.member === 'subnet') body.ip_version ??= String(body.cidr ?? '').includes(':') ? 6 : 4;
  const wanted = await resolveReferences(session.client, body);
  const answer = await session.client.post(noun.collection, { [noun.member]: wanted });
  if (options.format === 'table') session.print(`Created a new ${noun.member}:\n`);
  session.print(renderOne(picked(answer[noun.member] as Resource, options), options));
}

/** `net-update ID|NAME [--attribute value …]` */
export async function update(
  session: Session,
  noun: Noun,
  args: readonly string[],
  options: { known: Resource },
): Promise<void> {
  const { operands, extras } = splitArguments(args);
  const [idOrName = ''] = exactly(operands, [noun.member.toUpperCase()]);
  const changes = await resolveReferences(session.client, { ...options.known, ...extras });
  if (Object.keys(changes).length === 0) throw new CliError(`Must specify new values to update ${noun.member}`);
  const id = await findId(session.client, noun, idOrName);
  await session.client.put(`${noun.collection}/${encodeURIComponent(id)}`, { [noun.member]: changes });
  session.print(`Updated ${noun.member}: ${idOrName}\n`);
}

/** `net-delete ID|NAME …`: deletes what it can, then says what it could not find. */
export async function remove(session: Session, noun: Noun, args: readonly string[]): Promise<void> {
  if (args.length === 0) throw new CliError(`missing argument: ${noun.member.toUpperCase()}`);
  const done: string[] = [];
  const missing: string[] = [];
  const several: string[] = [];
  const report = () => {
    if (done.length > 0) session.print(`Deleted ${noun.member}(s): ${done.join(', ')}\n`);
  };
  for (const idOrName of args) {
    try {
      const id = await findId(session.client, noun, idOrName);
      await session.client.delete(`${noun.collection}/${encodeURIComponent(id)}`);
      done.push(idOrName);
    } catch (error) {
      if (error instanceof NotFound) missing.push(idOrName);
      else if (error instanceof NoUniqueMatch) several.push(idOrName);
      else {
        report();
        throw error;
      }
    }
  }
  report();
  const faults = [
    ...(missing.length > 0 ? [`Unable to find ${noun.member}(s) with id(s) '${missing.join(', ')}'.`] : []),
    ...(several.length > 0
      ? [
          `Multiple ${noun.member}(s) matches found for name(s) '${several.join(', ')}'. Please use an ID to be more specific.`,
        ]
      : []),
  ];
  if (faults.length > 0) throw new CliError(faults.join('\n'));
}

export async function listExtensions(session: Session, options: FormatOptions): Promise<void> {
  const rows = await session.client.list('extensions');
  const columns = chosenColumns(['alias', 'name'], options.column);
  session.print(renderList(rows.length > 0 ? columns : [], rows, options));
}

export async function showExtension(session: Session, args: readonly string[], options: ShowOptions): Promise<void> {
  const [alias = ''] = exactly(args, ['ALIAS']);
  const answer = await session.client.get(`extensions/${encodeURIComponent(alias)}`);
  session.print(renderOne(picked(answer.extension as Resource, options), options));
}

/** The body's part that known options give. */
export function bodyOf(options: readonly AttributeOption[], given: (flag: AttributeOption) => unknown): Resource {
  const body: Resource = {};
  for (const option of options) {
    const value = given(option);
    if (value !== undefined) body[option.attribute] = attributeValue(option, value);
  }
  return body;
}

/** The operands by number; `[NAME]` may be missing. @throws CliError */
function exactly(given: readonly string[], names: readonly string[]): readonly string[] {
  const needed = names.filter((name) => !name.startsWith('['));
  const missing = needed[given.length];
  if (missing) {
    throw new CliError(
      `missing argument: ${missing} (names and ids stand before options that this client does not know)`,
    );
  }
  if (given.length > names.length) throw new CliError(`unrecognized arguments: ${given.slice(names.length).join(' ')}`);
  return given;
}

function listColumns(noun: Noun, present: readonly string[], options: ListOptions): string[] {
  const { column, field, showDetails } = options;
  // In the order in which they were asked for, as the old client had it for lists.
  if (column && column.length > 0) return present.length > 0 ? inOrder(column, chosenColumns(present, column)) : [];
  if (field && field.length > 0) return field.filter((name) => present.includes(name));
  if (showDetails) return present.toSorted();
  const columns = noun.columns.filter((name) => present.includes(name));
  if (present.includes('tenant_id') && columns.length > 0) {
    columns.splice(Math.max(columns.indexOf('id'), columns.indexOf('name')) + 1, 0, 'tenant_id');
  }
  return columns;
}

function inOrder(order: readonly string[], columns: readonly string[]): string[] {
  return order.filter((column, i) => columns.includes(column) && order.indexOf(column) === i);
}

/** Longest `id=…&id=…` part of one question; servers and proxies limit an address to 8 KB. */
const MAX_IDS = 150;

/** What lists show otherwise than the API says it: subnets with their CIDR, agents' life as a face. */
async function decorate(client: ApiClient, noun: Noun, rows: Resource[]): Promise<void> {
  if (noun.member === 'agent') {
    for (const row of rows) if ('alive' in row) row.alive = row.alive ? ':-)' : 'xxx';
  }
  if (noun.member !== 'network') return;
  const ids = [...new Set(rows.flatMap((row) => (row.subnets ?? []) as string[]))];
  const cidrs = new Map<string, string>();
  for (let at = 0; at < ids.length; at += MAX_IDS) {
    const some = ids.slice(at, at + MAX_IDS).map((id) => ['id', id] as const);
    const subnets = await client.list('subnets', [['fields', 'id'], ['fields', 'cidr'], ...some]);
    for (const { id, cidr } of subnets) cidrs.set(String(id), String(cidr));
  }
  for (const row of rows) {
    if (Array.isArray(row.subnets)) row.subnets = row.subnets.map((id) => `${id} ${cidrs.get(id) ?? ''}`.trimEnd());
  }
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

function picked(thing: Resource, { column, field }: ShowOptions): Resource {
  const fields = chosenColumns(Object.keys(thing).sort(), column?.length ? column : field);
  return Object.fromEntries(fields.map((name) => [name, thing[name]]));
}
