import type { Done } from './command-line.ts';
import { type Noun, openstackNouns } from './openstack-nouns.ts';
import type { Said } from './openstack-options.ts';
import { lineOf } from './shell-words.ts';

/** The request as commands of python-openstackclient, one a line; null when that cannot say it. */
export function openstackLine(done: Done): string | null {
  const { resource, verb, id, parentId } = done;
  if (verb === 'add_router_interface' || verb === 'remove_router_interface') return interfaceLine(done);
  const noun = openstackNouns[resource.collection];
  if (
    noun === undefined ||
    noun.without?.includes(verb === 'tags' ? 'update' : verb) ||
    (resource.parent !== null) !== (parentId !== null)
  )
    return null;
  const which = [...(parentId === null ? [] : [parentId]), ...(id === null ? [] : [id])];
  if (verb === 'tags') return tagsLine(noun, done.body.tags as readonly string[], which);
  if (verb === 'delete') return commands([[noun, 'delete', [], which]]);
  return verb === 'create' ? createLine(noun, done, which) : setLines(noun, done, which);
}

type Command = readonly [
  noun: Pick<Noun, 'word'>,
  verb: string,
  options: readonly string[],
  operands: readonly string[],
];

/** A word that begins with a dash would be read as an option. */
function commands(all: readonly Command[]): string | null {
  if (all.length === 0 || all.some(([, , , operands]) => operands.some((operand) => operand.startsWith('-'))))
    return null;
  return all
    .map(([noun, verb, options, operands]) =>
      lineOf(['openstack', ...`${noun.word} ${verb}`.split(' '), ...options, ...operands]),
    )
    .join('\n');
}

function createLine(noun: Noun, { body, named }: Done, which: readonly string[]): string | null {
  const operand = noun.operand === undefined ? 'name' : noun.operand;
  const { [operand ?? '']: first, ...rest } = { ...body, ...named };
  const said = sayings(noun, rest, 'create');
  const more = noun.create?.(body) ?? (noun.create === undefined ? [] : null);
  if (said === null || more === null) return null;
  // A network is made with an empty name, but nothing is found by one.
  if (operand !== null && operand !== 'name' && typeof first !== 'string') return null;
  const operands = operand === null ? which : [...which, String(first ?? '')];
  return commands([
    [noun, 'create', [...(noun.always ?? []), ...said.flatMap(({ options }) => options), ...more], operands],
  ]);
}

/** What is taken away takes a command of its own. */
function setLines(noun: Noun, { body }: Done, which: readonly string[]): string | null {
  const said = sayings(noun, body, 'set');
  if (said === null) return null;
  const options = said.flatMap((one) => one.options);
  const unset = said.flatMap((one) => one.unset ?? []);
  return commands([
    ...(options.length > 0 ? [[noun, 'set', options, which] as const] : []),
    ...(unset.length > 0 ? [[noun, 'unset', unset, which] as const] : []),
  ]);
}

/** Null where the client has no tags of such a thing. */
function tagsLine(noun: Noun, tags: readonly string[], which: readonly string[]): string | null {
  if (!Object.hasOwn(noun.options, 'tags')) return null;
  if (tags.length === 0) return commands([[noun, 'unset', ['--all-tag'], which]]);
  return commands([[noun, 'set', ['--no-tag', ...tags.map((tag) => `--tag=${tag}`)], which]]);
}

function sayings(noun: Noun, body: Readonly<Record<string, unknown>>, verb: 'create' | 'set'): Said[] | null {
  const said = Object.entries(body).map(([name, value]) =>
    Object.hasOwn(noun.options, name) ? noun.options[name]!(value, verb) : null,
  );
  return said.includes(null) ? null : (said as Said[]);
}

function interfaceLine({ verb, id, body }: Done): string | null {
  const { subnet_id: subnet, port_id: port } = body;
  const what = typeof port === 'string' ? (['port', port] as const) : (['subnet', String(subnet ?? '')] as const);
  return commands([
    [{ word: 'router' }, `${verb === 'add_router_interface' ? 'add' : 'remove'} ${what[0]}`, [], [id!, what[1]]],
  ]);
}
