import type { ResourceDefinition } from '../src/resources/contract.ts';
import { type OldClient, type Operand, oldClient } from '../src/resources/old-client.ts';
import { resources } from '../src/resources/registry.ts';
import { urlName, urlPath } from '../src/resources/url-names.ts';

export type Verb = 'list' | 'show' | 'create' | 'update' | 'delete';

/** How things of one kind are asked for. */
export interface Kind {
  /** JSON key of one, and of many. */
  member: string;
  collection: string;
  /** Of the collection, behind `/v2.0/`; of a child behind its parent. */
  path: string;
  /** What stands in the URL: `id`, mostly. */
  key: string;
  /** Whether they are found by name too. */
  hasNames: boolean;
}

/** One family of commands, `net-list`, `net-show` …: the resource's table, in the words of the old client. */
export interface Noun extends Kind {
  /** `net` of `net-list`. */
  word: string;
  verbs: readonly Verb[];
  /** Columns of a list; the owner is put behind id and name for administrators. */
  columns: readonly string[];
  /** Operands of `create`: the attributes they fill. */
  operands: readonly Operand[];
  /** Collection whose thing is named first: a child is asked for below its parent. */
  parent: string | null;
  definition: ResourceDefinition;
  old: OldClient;
}

/** Columns of a resource that the old client did not know. */
const FEW = 6;

/** Whatever the server has lists of; the old client's words where it knew the resource. */
export const nouns: readonly Noun[] = resources.filter(({ single }) => !single).map(nounOf);

export function nounOf(definition: ResourceDefinition): Noun {
  const { member, collection, attributes, parent, key = 'id' } = definition;
  const old = oldClient[collection] ?? {};
  return {
    word: old.word ?? member.replaceAll('_', '-'),
    member,
    collection,
    path: parent ? urlName(collection) : urlPath(definition, collection),
    key,
    hasNames: attributes.name?.filter === true,
    verbs: verbsOf(definition),
    columns: old.columns ?? columnsOf(definition),
    operands:
      old.operands ??
      [key, 'name']
        .filter((attribute) => attributes[attribute]?.ops.includes('C'))
        .map((attribute) => ({ attribute, name: attribute.toUpperCase(), help: attribute })),
    parent: parent?.collection ?? null,
    definition,
    old,
  };
}

/** A resource that is only reached by paths of its own (`quotas/{id}`) has no verbs. */
function verbsOf({ attributes, key = 'id', routes = [], unchanging }: ResourceDefinition): Verb[] {
  if (routes.some(({ path }) => /^[\w-]+\/\{\w+\}$/.test(path))) return [];
  const takes = (operation: 'C' | 'U') => Object.values(attributes).some(({ ops }) => ops.includes(operation));
  const isUpdated = takes('U') && !unchanging;
  return [
    'list' as const,
    ...(key in attributes ? ['show' as const] : []),
    ...(takes('C') ? ['create' as const] : []),
    ...(isUpdated ? ['update' as const] : []),
    ...(takes('C') || isUpdated ? ['delete' as const] : []),
  ];
}

/** Of a resource that the old client did not know: what lists are searched by. */
function columnsOf({ attributes }: ResourceDefinition): string[] {
  return Object.entries(attributes)
    .filter(([name, { ops, filter }]) => ops.includes('R') && filter && !/^(tenant|project)_id$|^tags$/.test(name))
    .map(([name]) => name)
    .slice(0, FEW);
}

/** The family with this collection. @throws Error for what is none */
export function nounFor(collection: string): Noun {
  const noun = nouns.find((one) => one.collection === collection);
  if (!noun) throw new Error(`no resource ${collection}`);
  return noun;
}
