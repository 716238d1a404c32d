import type { ListQuery } from '../../lib/query.ts';
import type { Handle } from '../handle.ts';
import { buildTexts, type JsonPage, joinTexts, loadChildren, selectAttributes } from './build.ts';
import type { Attribute, Definition, Row } from './definition.ts';
import { findRows, rowsByIds } from './rows.ts';
import type { View } from './view.ts';

const KEYS = ['id', 'revision_number'] as const;

/** Administrators and projects see different parts of a port; further ways to look are made anew when they come back. */
const VARIANTS = 4;

interface Fragment {
  /** What it was made of: another stamp, another text. */
  readonly stamp: unknown;
  readonly text: string;
}

/**
 * The JSON text of one kind of resource, kept from one list to the next: of 10,000 ports few have changed since, and their
 * ids and revisions are read in a tenth of the time that all of them take. Only for resources whose visible changes go
 * with a new revision (`Definition.revised`).
 */
export class Fragments {
  readonly #most: number;
  /** By what is shown and, where it matters, to whom: the text one used last is the last. */
  readonly #variants = new Map<string, Map<string, Fragment>>();

  /** @param most texts of one variant to keep, about 1 KB each; longer lists are made anew every time */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether this list can be made from fragments: whole resources, but for what is hidden from the one who looks. */
  static canServe({ revised }: Definition, { fields }: ListQuery): boolean {
    return revised !== undefined && fields === null;
  }

  /** What tells which resources a list holds, in its order: enough for `find`. */
  static keys(handle: Handle, definition: Definition, query: ListQuery, view: View): Promise<readonly Row[]> {
    return findRows(handle, definition, query, view, KEYS);
  }

  /** The list of these keys as JSON. All statements must see the same moment. */
  async find(
    handle: Handle,
    definition: Definition,
    keys: readonly Row[],
    view: View,
    hidden: readonly string[] = [],
  ): Promise<JsonPage> {
    const attributes = selectAttributes(definition, view, null, hidden);
    const ids = keys.map(([id]) => id as string);
    if (keys.length > this.#most) return this.#anew(handle, definition, ids, attributes, view);
    const variant = variantOf(definition, attributes, view);
    const texts = this.#textsOf(variant);
    const stamps = await stampsOf(handle, definition, { keys, ids, attributes });
    const changed = new Map<string, unknown>();
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (texts.get(id)?.stamp !== stamps[i]) changed.set(id, stamps[i]);
    }
    if (changed.size > 0) {
      const rows = await rowsByIds(handle, definition, [...changed.keys()]);
      keep(texts, changed, rows, await buildTexts(handle, definition, rows, attributes, view));
      if (texts.size > this.#most) this.#keepOnly(variant, ids);
    }
    return joinTexts(
      ids.map((id) => texts.get(id)!.text),
      keys,
    );
  }

  /** Drops what was deleted, or is not in this list. */
  #keepOnly(variant: string, ids: readonly string[]): void {
    const texts = this.#variants.get(variant)!;
    this.#variants.set(variant, new Map(ids.map((id) => [id, texts.get(id)!])));
  }

  #textsOf(variant: string): Map<string, Fragment> {
    const texts = this.#variants.get(variant) ?? new Map<string, Fragment>();
    this.#variants.delete(variant);
    this.#variants.set(variant, texts);
    if (this.#variants.size > VARIANTS) this.#variants.delete(this.#variants.keys().next().value!);
    return texts;
  }

  async #anew(
    handle: Handle,
    definition: Definition,
    ids: readonly string[],
    attributes: readonly Attribute[],
    view: View,
  ): Promise<JsonPage> {
    const rows = await rowsByIds(handle, definition, ids);
    const texts = await buildTexts(handle, definition, rows, attributes, view);
    const byId = new Map(rows.map((row, i) => [row[0] as string, texts[i]!]));
    return joinTexts(
      ids.map((id) => byId.get(id)!),
      ids.map((id) => [id]),
    );
  }
}

/** What decides a text besides the resource: the attributes shown and, where sharing shows, the one who looks. */
function variantOf({ revised }: Definition, attributes: readonly Attribute[], view: View): string {
  const shown = attributes.map(({ key }) => key).join();
  return revised!.sharing ? `${view.projectId ?? ''}\n${shown}` : shown;
}

function keep(
  texts: Map<string, Fragment>,
  stamps: ReadonlyMap<string, unknown>,
  rows: readonly Row[],
  made: readonly string[],
): void {
  for (let i = 0; i < rows.length; i++) {
    const id = rows[i]![0] as string;
    const text = made[i]!;
    // Reading a character turns a text that is still a tree of its pieces into one piece, a third of the size.
    text.charCodeAt(0);
    texts.set(id, { stamp: stamps.get(id), text });
  }
}

/** Revisions, and where a resource shows what changes without one, that too. */
async function stampsOf(
  handle: Handle,
  definition: Definition,
  { keys, ids, attributes }: { keys: readonly Row[]; ids: readonly string[]; attributes: readonly Attribute[] },
): Promise<unknown[]> {
  const stamps = keys.map(([, revision]) => revision);
  const names = definition.revised!.except.filter((name) => attributes.some(({ child }) => child === name));
  for (const groups of await loadChildren(handle, definition, names, ids)) {
    const text = (id: string) =>
      groups
        .get(id)
        ?.map((row) => `\n${row.slice(1).join('\t')}`)
        .join('') ?? '';
    for (let i = 0; i < ids.length; i++) stamps[i] = `${stamps[i]}${text(ids[i]!)}`;
  }
  return stamps;
}
