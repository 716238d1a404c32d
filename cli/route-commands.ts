import { type Attribute, type RouteDefinition, routeKey } from '../src/resources/contract.ts';
import { oldRouteCommands } from '../src/resources/old-client.ts';
import { urlPath } from '../src/resources/url-names.ts';
import { toObject } from './arguments.ts';
import { kindOf } from './attribute-options.ts';
import type { Resource } from './client.ts';
import type { CommandParts, CommandSource } from './command-source.ts';
import type { Session } from './commands.ts';
import { findId, referred, referredId, withReferredIds } from './lookup.ts';
import { type Kind, type Noun, nouns } from './nouns.ts';
import { addListOptions, addShowOptions } from './options.ts';

/** One word on the command line, and what it becomes. */
interface RouteOperand {
  name: string;
  kind: Kind | null;
  /** In the path; null: an attribute of the body. */
  parameter: string | null;
}

/**
 * Requests that are no plain verb, from the routes of the resources: parameters of the path and the one attribute of the
 * body become operands. Tags, quotas, interfaces of routers and traces have commands of their own.
 */
export function routeCommands(): CommandSource[] {
  return nouns.flatMap((noun) =>
    (noun.definition.routes ?? [])
      .filter(({ path }) => !/\/tags(\/|$)|^quotas(\/|$)|_router_interface$|\/trace$/.test(path))
      .map((route) => ({
        name: nameOf(noun, route),
        description: route.summary.replace(/^./, (first) => first.toLowerCase()),
        complete: (parts: CommandParts) => complete(parts, noun, route),
      })),
  );
}

/** `subnetpool-add-prefixes`, where the old client has no name of its own. */
function nameOf(noun: Noun, { method, path }: RouteDefinition): string {
  const old = oldRouteCommands[routeKey({ method, path })];
  if (old) return old.name;
  const words = path.split('/').filter((part) => !part.startsWith('{') && part !== noun.collection);
  const inside = noun.parent === null ? words.slice(path.startsWith(noun.collection) ? 0 : 1) : words.slice(1);
  const verb = { GET: path.endsWith('}') ? 'show' : null, PUT: null, POST: 'add', DELETE: 'remove' }[method];
  return [noun.word, ...inside, ...(verb ? [verb] : [])].join('-').replaceAll('_', '-');
}

function complete({ command, run }: CommandParts, noun: Noun, route: RouteDefinition): void {
  const operands = operandsOf(noun, route);
  const isOptional = route.ownProject !== undefined;
  const attribute = Object.entries(route.body ?? {})[0];
  const repeats = attribute !== undefined && isList(attribute[1]);
  const words = operands.map(({ name }) => (isOptional ? `[${name}]` : name)).join(' ') + (repeats ? ' …' : '');
  command.usage(`${words} [options]`).allowExcessArguments();
  const of = route.method === 'GET' ? nouns.find(({ collection }) => collection === route.envelope) : undefined;
  if (of) {
    addListOptions(command, `${words} [options]`);
    command.allowUnknownOption();
  } else if (route.status !== 204) addShowOptions(command);
  if (isOptional) command.option('--tenant-id <id>', 'the project, if not your own');
  if (isOptional && route.method === 'GET') command.option('--dry-run', 'only say whether it could be made');
  command.action(() =>
    run((session) =>
      send(session, { noun, route, operands, repeats, of, args: command.args, options: command.opts() }),
    ),
  );
}

function operandsOf(noun: Noun, route: RouteDefinition): RouteOperand[] {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, parameter = '']) => {
    const kind = parameter === 'id' ? noun : parameter === noun.key ? null : referred(parameter);
    return { name: (kind?.member ?? parameter.replace(/_id$/, '')).toUpperCase(), kind, parameter };
  });
  const inBody = Object.keys(route.body ?? {}).map((attribute) => {
    const kind = attribute === 'id' ? referred(`${route.bodyEnvelope}_id`) : referred(attribute);
    return { name: (kind?.member ?? attribute.replace(/e?s$/, '')).toUpperCase(), kind, parameter: null };
  });
  return [...inPath, ...inBody];
}

interface Sending {
  noun: Noun;
  route: RouteDefinition;
  operands: readonly RouteOperand[];
  repeats: boolean;
  of: Noun | undefined;
  args: readonly string[];
  // biome-ignore lint/suspicious/noExplicitAny: options of the command, as commander has them
  options: any;
}

async function send(session: Session, { noun, route, operands, repeats, of, args, options }: Sending): Promise<void> {
  const { exactly, picked } = await import('./commands.ts');
  const { printList } = await import('./list-command.ts');
  const { renderOne } = await import('./format/output.ts');
  const { client, print } = session;
  const { splitArguments } = await import('./arguments.ts');
  const { operands: words, extras } = splitArguments(args);
  const own = route.ownProject;
  const given = own === undefined ? words : [options.tenantId ?? words[0] ?? own];
  const last = operands.length - 1;
  const names = operands.map(({ name }) => name);
  exactly(repeats ? given.slice(0, operands.length) : given, names);
  const path = route.path.split('/').map((part, i) => (i === 0 ? urlPath(noun.definition, part) : part));
  const values: unknown[] = [];
  const entryOf = objectReader(route);
  for (const [i, text] of given.entries()) {
    const { kind, parameter } = operands[Math.min(i, last)]!;
    if (parameter === null && entryOf !== null) {
      values.push(await withReferredIds(client, entryOf(text)));
      continue;
    }
    // What is acted on is looked up as the old client did; what is only referred to, when it is no id.
    const id = kind === null ? text : await (i === 0 ? findId(client, kind, text) : referredId(client, kind, text));
    if (parameter === null) values.push(id);
    else path[path.indexOf(`{${parameter}}`)] = encodeURIComponent(id);
  }
  const target = path.join('/');
  const old = oldRouteCommands[routeKey(route)];
  if (of) {
    await printList(session, { ...of, columns: old?.columns ?? of.columns }, target, extras, options);
    return;
  }
  const query = options.dryRun ? '?fields=dry-run' : '';
  const answer = await client.request(route.method, target + query, bodyOf(route, values));
  if (old?.done) {
    print(`${old.done(given)}\n`);
    return;
  }
  const shown = route.envelope === null ? answer : ((answer[route.envelope] ?? {}) as Resource);
  if (options.dryRun) print(renderOne({ 'dry-run': String(shown.id).replace('dry-run=', '') }, options));
  else if (Object.keys(shown).length > 0) print(renderOne(picked(shown, options), options));
}

function bodyOf({ body, bodyEnvelope }: RouteDefinition, values: unknown[]): Resource | undefined {
  const [entry] = Object.entries(body ?? {});
  if (entry === undefined) return undefined;
  const [attribute, rules] = entry;
  const filled = { [attribute]: isList(rules) ? values : values[0] };
  return bodyEnvelope === undefined ? filled : { [bodyEnvelope]: filled };
}

function isList({ type }: Attribute): boolean {
  return ['list', 'objects'].includes(kindOf(type.schema));
}

/** How a word becomes an object of the body's list: `port_id=web,…`, or `web` alone for what must be there; null: no objects. */
function objectReader({ body }: RouteDefinition): ((word: string) => unknown) | null {
  const [entry] = Object.entries(body ?? {});
  if (entry === undefined || kindOf(entry[1].type.schema) !== 'objects') return null;
  const { required: [key = 'id'] = [] } = entry[1].type.schema.items as { required?: readonly string[] };
  return (word) => (word.includes('=') ? toObject(entry[0], word) : { [key]: word });
}
