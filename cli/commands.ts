import { splitArguments } from './arguments.ts';
import { type AttributeOption, attributeValue, kindOf } from './attribute-options.ts';
import type { ApiClient, Resource } from './client.ts';
import { ApiError, CliError } from './errors.ts';
import { chosenColumns, type FormatOptions, renderList, renderOne } from './format/output.ts';
import { findId, NotFound, NoUniqueMatch, referred, referredId, resolveReferences } from './lookup.ts';
import { type Noun, nounFor } from './nouns.ts';

/** What a command works with. */
export interface Session {
  client: ApiClient;
  print(text: string): void;
}

export interface ShowOptions extends FormatOptions {
  field?: readonly string[];
}

/** `net-show ID|NAME` */
export async function show(session: Session, noun: Noun, args: readonly string[], options: ShowOptions): Promise<void> {
  const { path, rest } = await below(session, noun, args);
  const [idOrName = ''] = exactly(rest, [operandName(noun)]);
  const id = await findId(session.client, { ...noun, path }, idOrName);
  const fields = (options.field ?? []).map((field) => ['fields', field] as const);
  const answer = await session.client.get(`${path}/${encodeURIComponent(id)}`, fields);
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
  const { path, rest } = await below(session, noun, operands);
  const given = exactly(rest, names);
  const operandValues: Resource = {};
  for (const [i, { attribute }] of noun.operands.entries()) {
    const value = given[i];
    if (value !== undefined) operandValues[attribute] = operandValue(noun, attribute, value);
  }
  const body: Resource = { ...noun.old.defaults, ...operandValues, ...options.known, ...extras };
  await complete(session, noun, body);
  const wanted = await resolveReferences(session.client, body);
  const answer = await session.client.post(path, { [noun.member]: wanted });
  if (options.format === 'table') session.print(`Created a new ${noun.member}:\n`);
  session.print(renderOne(picked(answer[noun.member] as Resource, options), options));
}

/** What the old client adds by itself. */
async function complete({ client }: Session, { member }: Noun, body: Resource): Promise<void> {
  if (member === 'subnet') body.ip_version ??= String(body.cidr ?? '').includes(':') ? 6 : 4;
  if (member.endsWith('security_group_rule')) {
    const { protocol } = body;
    body.ethertype ??= typeof protocol === 'string' && /^(icmpv6|ipv6-icmp)$/i.test(protocol) ? 'IPv6' : 'IPv4';
  }
  if (member !== 'rbac_policy') return;
  const type = String(body.object_type ?? '').replaceAll('-', '_');
  if (type === '') throw new CliError('missing option: --type, like --type network');
  body.object_type = type;
  body.object_id = await referredId(client, referred(`${type}_id`), String(body.object_id));
}

/** `net-update ID|NAME [--attribute value …]` */
export async function update(
  session: Session,
  noun: Noun,
  args: readonly string[],
  options: { known: Resource },
): Promise<void> {
  const { operands, extras } = splitArguments(args);
  const { path, rest } = await below(session, noun, operands);
  const [idOrName = ''] = exactly(rest, [operandName(noun)]);
  const changes = await resolveReferences(session.client, { ...options.known, ...extras });
  if (Object.keys(changes).length === 0) throw new CliError(`Must specify new values to update ${noun.member}`);
  const id = await findId(session.client, { ...noun, path }, idOrName);
  await session.client.put(`${path}/${encodeURIComponent(id)}`, { [noun.member]: changes });
  session.print(`Updated ${noun.member}: ${idOrName}\n`);
}

/** `net-delete ID|NAME …`: deletes what it can, then says what it could not find. */
export async function remove(session: Session, noun: Noun, args: readonly string[]): Promise<void> {
  const { path, rest } = await below(session, noun, args);
  if (rest.length === 0) throw new CliError(`missing argument: ${operandName(noun)}`);
  const done: string[] = [];
  const missing: string[] = [];
  const several: string[] = [];
  const report = () => {
    if (done.length > 0) session.print(`Deleted ${noun.member}(s): ${done.join(', ')}\n`);
  };
  for (const idOrName of rest) {
    try {
      const id = await findId(session.client, { ...noun, path }, idOrName);
      await session.client.delete(`${path}/${encodeURIComponent(id)}`);
      done.push(idOrName);
    } catch (error) {
      if (error instanceof NotFound || isGone(error)) missing.push(idOrName);
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

function isGone(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

/** The collection's path; of a child below the parent that is named first. */
export async function below(
  { client }: Session,
  noun: Noun,
  operands: readonly string[],
): Promise<{ path: string; rest: readonly string[] }> {
  if (noun.parent === null) return { path: noun.path, rest: operands };
  const parent = nounFor(noun.parent);
  const [idOrName, ...rest] = operands;
  if (idOrName === undefined) throw new CliError(`missing argument: ${parent.member.toUpperCase()}`);
  const id = await findId(client, parent, idOrName);
  return { path: `${parent.path}/${encodeURIComponent(id)}/${noun.path}`, rest };
}

/** What names one of a kind: `NETWORK`, or the host of a binding. */
export function operandName({ member, key }: Noun): string {
  return (key === 'id' ? member : key.replace(/_id$/, '')).toUpperCase();
}

/** A number where the attribute is one. */
function operandValue({ definition }: Noun, attribute: string, text: string): unknown {
  const rules = definition.attributes[attribute];
  return rules && kindOf(rules.type.schema) === 'number' && /^\d+$/.test(text) ? Number(text) : text;
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
export function exactly(given: readonly string[], names: readonly string[]): readonly string[] {
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

export function picked(thing: Resource, { column, field }: ShowOptions): Resource {
  const fields = chosenColumns(Object.keys(thing).sort(), column?.length ? column : field);
  return Object.fromEntries(fields.map((name) => [name, thing[name]]));
}
