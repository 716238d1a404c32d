import type { QueryOutcome, Statement } from '../dialect/contract.ts';
import { type Handle, queryAll } from '../handle.ts';
import type { Attribute, Definition, Row } from './definition.ts';
import type { View } from './view.ts';

/** From this many parents on it may pay to read a child table whole … */
const WHOLE_FROM = 20;
/** … which it does as long as it has at most this many rows for each of them. */
const WHOLE_FACTOR = 4;

/** The attributes that exist in this view and are asked for: the one rule by which extensions show or hide theirs. */
export function selectAttributes(
  definition: Definition,
  view: View,
  fields: readonly string[] | null,
  hidden: readonly string[] = [],
): readonly Attribute[] {
  return definition.attributes.filter(
    ({ key, alias }) =>
      (alias === null || view.extensions === null || view.extensions.has(alias)) &&
      (fields === null || fields.includes(key)) &&
      !hidden.includes(key),
  );
}

/**
 * The columns of a row that the attributes need, from the first one on: a list of ids is read from an index alone. All of
 * them, where an attribute is made of more than a column.
 */
export function columnsFor(definition: Definition, attributes: readonly Attribute[]): readonly string[] {
  const { columns } = definition;
  let most = 0;
  for (const { position } of attributes) {
    if (position === undefined) return columns;
    most = Math.max(most, position);
  }
  if (most + 1 >= columns.length) return columns;
  const prefixes = knownPrefixes.get(definition) ?? [];
  knownPrefixes.set(definition, prefixes);
  const prefix = prefixes[most] ?? columns.slice(0, most + 1);
  prefixes[most] = prefix;
  return prefix;
}

/** By the last column. */
const knownPrefixes = new WeakMap<Definition, (readonly string[])[]>();

/** A list as JSON. */
export interface JsonPage {
  readonly json: Uint8Array<ArrayBuffer>;
  readonly count: number;
  readonly firstId: string | null;
  readonly lastId: string | null;
}

/** Rows as JSON without the objects in between: byte for byte what `JSON.stringify` would give. */
export async function buildJson(
  handle: Handle,
  definition: Definition,
  rows: readonly Row[],
  attributes: readonly Attribute[],
  view: View,
): Promise<JsonPage> {
  return joinTexts(await buildTexts(handle, definition, rows, attributes, view), rows);
}

/** The JSON text of each row. */
export async function buildTexts(
  handle: Handle,
  definition: Definition,
  rows: readonly Row[],
  attributes: readonly Attribute[],
  view: View,
): Promise<string[]> {
  const { slots, own, of } = await childrenOf(handle, definition, rows, attributes);
  const names = attributes.map(({ key }) => `${JSON.stringify(key)}:`);
  const writers = attributes.map(writerOf);
  const texts: string[] = new Array(rows.length);
  for (let r = 0; r < rows.length; r++) {
    const row = rows[r]!;
    of(row);
    let text = '';
    for (let a = 0; a < writers.length; a++) {
      const slot = slots[a]!;
      const value = writers[a]!(row, slot < 0 ? NONE : own[slot]!, view);
      if (value !== undefined) text += (text === '' ? '' : ',') + names[a]! + value;
    }
    texts[r] = `{${text}}`;
  }
  return texts;
}

/** A page of resources whose texts are there, and of whose rows at least the id. */
export function joinTexts(texts: readonly string[], rows: readonly Row[]): JsonPage {
  const id = (row: Row | undefined) => (row === undefined ? null : (row[0] as string));
  return {
    json: listOf(texts),
    count: rows.length,
    firstId: id(rows[0]),
    lastId: id(rows.at(-1)),
  };
}

const OPEN = '['.charCodeAt(0);
const COMMA = ','.charCodeAt(0);
const CLOSE = ']'.charCodeAt(0);

/** Each text is written to its place: one string of them all takes eight times as long. */
function listOf(texts: readonly string[]): Buffer<ArrayBuffer> {
  let length = texts.length === 0 ? 2 : texts.length + 1;
  for (const text of texts) length += Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafeSlow(length);
  bytes[0] = OPEN;
  let end = 1;
  for (const text of texts) {
    if (end > 1) bytes[end++] = COMMA;
    end += bytes.write(text, end);
  }
  bytes[end] = CLOSE;
  return bytes;
}

type Writer = (row: Row, children: readonly Row[], view: View) => string | undefined;

function writerOf({ value, json }: Attribute): Writer {
  return json ?? ((row, children, view) => JSON.stringify(value(row, children, view)));
}

/** Turns rows into resources, with their children. */
export async function build<R>(
  handle: Handle,
  definition: Definition,
  rows: readonly Row[],
  attributes: readonly Attribute[],
  view: View,
): Promise<R[]> {
  return assemble(rows, attributes, view, await childrenOf(handle, definition, rows, attributes));
}

/**
 * One resource: its row and all its children are asked for together.
 * @param own asks for its row
 * @returns null when there is no such row
 */
export async function buildOne<R>(
  handle: Handle,
  definition: Definition,
  { id, own }: { id: string; own: Statement },
  attributes: readonly Attribute[],
  view: View,
): Promise<R | null> {
  const needed = neededChildren(attributes);
  const [found, ...outcomes] = await queryAll(handle, [
    own,
    ...needed.flatMap((name) => definition.children[name]!.of(handle, [id])),
  ]);
  if (found!.rows.length === 0) return null;
  const children = grouped(
    attributes,
    needed,
    outcomes.map((outcome) => groupOf(outcome)),
  );
  return assemble<R>(found!.rows, attributes, view, children)[0]!;
}

function assemble<R>(
  rows: readonly Row[],
  attributes: readonly Attribute[],
  view: View,
  { slots, own, of }: Children,
): R[] {
  return rows.map((row) => {
    of(row);
    const resource: Record<string, unknown> = {};
    for (let a = 0; a < attributes.length; a++) {
      const attribute = attributes[a]!;
      const slot = slots[a]!;
      const value = attribute.value(row, slot < 0 ? NONE : own[slot]!, view);
      if (value !== undefined) resource[attribute.key] = value;
    }
    return resource as R;
  });
}

const NONE: readonly Row[] = [];

interface Children {
  /** For each attribute the place of its child's rows in `own`; -1 for none. */
  readonly slots: readonly number[];
  /** The child rows of the row last given to `of`. */
  readonly own: (readonly Row[])[];
  of(row: Row): void;
}

/** The rows of all child tables that the attributes need. */
async function childrenOf(
  handle: Handle,
  definition: Definition,
  rows: readonly Row[],
  attributes: readonly Attribute[],
): Promise<Children> {
  const needed = neededChildren(attributes);
  const ids = rows.map((row) => row[0] as string);
  return grouped(attributes, needed, await loadChildren(handle, definition, needed, ids));
}

function neededChildren(attributes: readonly Attribute[]): string[] {
  return [...new Set(attributes.flatMap(({ child }) => child ?? []))];
}

/** @param groups of each needed child its rows by parent */
function grouped(
  attributes: readonly Attribute[],
  needed: readonly string[],
  groups: readonly ReadonlyMap<string, readonly Row[]>[],
): Children {
  const own: (readonly Row[])[] = new Array(needed.length);
  return {
    slots: attributes.map(({ child }) => (child === undefined ? -1 : needed.indexOf(child))),
    own,
    of: (row) => {
      for (let c = 0; c < own.length; c++) own[c] = groups[c]!.get(row[0] as string) ?? NONE;
    },
  };
}

/** Child rows by parent id: asked for by id, or read whole where that is less work. */
export async function loadChildren(
  handle: Handle,
  definition: Definition,
  names: readonly string[],
  ids: readonly string[],
): Promise<Map<string, Row[]>[]> {
  if (names.length === 0 || ids.length === 0) return names.map(() => new Map());
  const children = names.map((name) => definition.children[name]!);
  const mayBeWhole = ids.length >= WHOLE_FROM;
  const sizes = mayBeWhole
    ? await queryAll(
        handle,
        children.map((child) => child.moreThan(handle, ids.length * WHOLE_FACTOR)),
      )
    : [];
  const asked = children.map((child, i) => child.of(handle, mayBeWhole && sizes[i]!.rows.length === 0 ? null : ids));
  const outcomes = await queryAll(handle, asked.flat());
  let next = 0;
  return asked.map(({ length }) => {
    next += length;
    return groupOf(...outcomes.slice(next - length, next));
  });
}

function groupOf(...outcomes: readonly QueryOutcome[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const { rows } of outcomes) {
    for (const row of rows) {
      const of = groups.get(row[0] as string);
      if (of === undefined) groups.set(row[0] as string, [row as Row]);
      else of.push(row as Row);
    }
  }
  return groups;
}
