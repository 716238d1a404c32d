import type { Schema } from '../schema.ts';
import {
  type AnyExpressions,
  type AnyQuery,
  type Attribute,
  child,
  columnReader,
  type Definition,
  type Filter,
  ownRows,
  type Row,
  type Scope,
  type Union,
  type Value,
} from './definition.ts';
import { inChild, oneOf, tagFilters, whether } from './filters.ts';
import { type Reader, reader } from './resource.ts';
import { type View, viewer } from './view.ts';

/**
 * How a resource is read, as plain data: what an attribute table and a few words on where things are stored make of it
 * (`plugin/stored/spec.ts`). Being data it can be sent to the reader thread, and a new resource needs no code here.
 * Networks, subnets and ports have hand-written definitions, because every microsecond of theirs counts.
 */
export interface ResourceSpec {
  readonly table: keyof Schema & string;
  /** See `Definition.union`. */
  readonly union?: Union;
  /** In the order in which the API shows them. */
  readonly attributes: readonly SpecAttribute[];
  readonly children: Readonly<Record<string, SpecChild>>;
  /** What a project sees; absent: every row. */
  readonly scope?: readonly SpecScope[];
  /** `resource_type` of its rows in `tags`; null when it takes none. */
  readonly tags: string | null;
  /** See `Definition.revised`. */
  readonly revised?: Definition['revised'];
}

export interface SpecAttribute {
  readonly key: string;
  /** The extension that brings it; null for the resource's own. */
  readonly alias: string | null;
  readonly from: SpecSource;
  readonly filter?: boolean;
  readonly sort?: boolean;
}

export type SpecSource =
  /** A column; `as` says what its values are: `digits` are numbers that the API shows as text. */
  | { readonly column: string; readonly as: 'text' | 'number' | 'digits' | 'flag' | 'json' }
  /** The rows of a child: a list of its one column, a list of objects, or whether there are any. */
  | { readonly child: string; readonly as: 'list' | 'objects' | 'exists' }
  /** Whether the RBAC entries in this child table open it to everybody or to the one who looks. */
  | { readonly sharedBy: string };

export interface SpecChild {
  readonly table: keyof Schema & string;
  /** Column that holds the parent's id. */
  readonly parent: string;
  /** Columns of an entry, and their keys there. */
  readonly columns: readonly string[];
  readonly orderBy?: readonly string[];
  /** Conditions on the rows: column = value. */
  readonly where?: Readonly<Record<string, string | number>>;
}

/** One way in which a project may see a row; together they are alternatives. */
export type SpecScope =
  /** It is the project's. */
  | { readonly by: 'owner' }
  /** An RBAC entry opens it. */
  | { readonly by: 'rbac'; readonly table: string }
  /** What it belongs to is the project's, or is opened by an RBAC entry. */
  | { readonly by: 'parent'; readonly column: string; readonly table: string; readonly rbac?: string };

/** What `spec` says, read. */
export function specReader<R>(spec: ResourceSpec): Reader<R> {
  return reader<R>(spec, definitionOf(spec));
}

const known = new WeakMap<ResourceSpec, Definition>();

/** The definition of a spec, made once. */
export function definitionOf(spec: ResourceSpec): Definition {
  let definition = known.get(spec);
  if (definition === undefined) {
    definition = make(spec);
    known.set(spec, definition);
  }
  return definition;
}

function make(spec: ResourceSpec): Definition {
  const columns = [
    ...new Set(['id', ...spec.attributes.flatMap(({ from }) => ('column' in from ? [from.column] : []))]),
  ];
  const filters: Record<string, Filter> = {};
  const sorts: Record<string, string> = {};
  for (const attribute of spec.attributes) {
    const { key, from } = attribute;
    if (attribute.filter) filters[key] = filterOf(spec, attribute);
    if (attribute.sort && 'column' in from) sorts[key] = from.column;
  }
  if (spec.tags !== null) Object.assign(filters, tagFilters(spec.tags));
  const { scope } = spec;
  return {
    table: spec.table,
    ...(spec.union && { union: spec.union }),
    columns,
    attributes: spec.attributes.map((attribute) => readAttribute(spec, attribute, columns)),
    children: Object.fromEntries(Object.entries(spec.children).map(([name, of]) => [name, childOf(of)])),
    filters,
    sorts,
    ...(spec.revised && { revised: spec.revised }),
    ...(scope && {
      scope: ((eb, project) => eb.or(scope.map((way) => scopeOf(eb, project, way)))) as Scope,
      ways: waysOf(scope),
    }),
  };
}

function readAttribute(
  { children }: ResourceSpec,
  { key, alias, from }: SpecAttribute,
  columns: readonly string[],
): Attribute {
  if ('column' in from) return { key, alias, ...columnValue(columnReader(columns), from) };
  if ('sharedBy' in from) {
    const open = (rows: readonly Row[], view: View) =>
      rows.some(([, target]) => target === '*' || (view.projectId != null && target === view.projectId));
    return { key, alias, child: from.sharedBy, value: (_, rows, view) => open(rows, view) };
  }
  return { key, alias, child: from.child, value: childValue(from.as, children[from.child]!.columns) };
}

function columnValue(read: ReturnType<typeof columnReader>, from: Extract<SpecSource, { column: string }>): Value {
  if (from.as === 'number') return read.number(from.column);
  if (from.as === 'digits') return read.digits(from.column);
  if (from.as === 'flag') return read.maybeFlag(from.column);
  return from.as === 'json' ? read.json(from.column) : read.plain(from.column);
}

function childValue(as: 'list' | 'objects' | 'exists', names: readonly string[]): Attribute['value'] {
  if (as === 'exists') return (_, rows) => rows.length > 0;
  if (as === 'list') return (_, rows) => rows.map((row) => row[1]);
  return (_, rows) => rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i + 1]])));
}

function childOf({ table, parent, columns, orderBy = columns, where = {} }: SpecChild) {
  return child(parent, (db) => {
    let select = (db.selectFrom(table) as unknown as AnyQuery).select([parent, ...columns]);
    for (const [column, value] of Object.entries(where)) select = select.where(column, '=', value);
    select = select.orderBy(parent);
    for (const column of orderBy) select = select.orderBy(column);
    return select;
  });
}

function filterOf(spec: ResourceSpec, { from, key }: SpecAttribute): Filter {
  if ('column' in from) return oneOf(from.column);
  if ('sharedBy' in from) {
    const { table } = spec.children[from.sharedBy]!;
    return whether((eb: AnyExpressions, view: View) => eb('id', 'in', openedBy(eb, table, viewer(view))));
  }
  const of = spec.children[from.child]!;
  if (from.as === 'exists') {
    return whether((eb: AnyExpressions) => eb('id', 'in', eb.selectFrom(of.table).select(of.parent)));
  }
  if (of.columns.length !== 1) throw new Error(`${spec.table} cannot be filtered by ${key}`);
  return inChild(of.table, of.parent, of.columns[0]!);
}

function scopeOf(eb: AnyExpressions, project: string, way: SpecScope) {
  if (way.by === 'owner') return ownRows(eb, project);
  if (way.by === 'rbac') return eb('id', 'in', openedBy(eb, way.table, project));
  const { column, rbac } = way;
  const owned = belowOwn(way)(eb, project);
  return rbac === undefined ? owned : eb.or([owned, eb(column, 'in', openedBy(eb, rbac, project))]);
}

function belowOwn({ column, table }: { column: string; table: string }): Scope {
  return (eb, project) => eb(column, 'in', eb.selectFrom(table).select('id').where('project_id', '=', project));
}

function waysOf(scope: readonly SpecScope[]): Definition['ways'] {
  const parent = scope.find((way) => way.by === 'parent');
  return {
    ...(scope.some((way) => way.by === 'owner') && { owner: ownRows }),
    ...(parent && { parent_owner: belowOwn(parent) }),
  };
}

/** Ids of what the entries of an RBAC table open to a project. */
function openedBy(eb: AnyExpressions, table: string, project: string) {
  return eb.selectFrom(table).select('object_id').where('target_project', 'in', ['*', project]);
}
