/** What changed since the last round of reading: by resource the ids, or null where nobody said which. */
export class Changed {
  readonly #ids = new Map<string, Set<string> | null>();

  add({ resource, id }: { readonly resource: string; readonly id: string | null }): void {
    const before = this.#ids.get(resource);
    if (before === null) return;
    if (id === null || (before?.size ?? 0) >= MOST_BY_ID) this.#ids.set(resource, null);
    else this.#ids.set(resource, (before ?? new Set()).add(id));
  }

  /** All of it; afterwards nothing has changed. */
  take(): Changes {
    const taken = new Map(this.#ids);
    this.#ids.clear();
    return taken;
  }
}

/** By resource (`port`, `*`) the ids that changed; null: any may have. */
export type Changes = ReadonlyMap<string, ReadonlySet<string> | null>;

/** More than this are not asked for by their ids: the address of the question would be too long for some proxy. */
const MOST_BY_ID = 50;

/** Whether a query shows what changed: its key begins with the collection, or it names the resource further on. `*` is all. */
export function concerns(queryKey: readonly unknown[], changes: Changes): boolean {
  const words = queryKey.filter((part) => typeof part === 'string');
  return [...changes.keys()].some(
    (resource) => resource === '*' || words.some((word) => word === resource || word === pluralOf(resource)),
  );
}

/** The ids that changed of the one collection that a query holds; null where it must be read as a whole. */
export function idsFor(collection: string, changes: Changes): ReadonlySet<string> | null {
  if (changes.has('*')) return null;
  for (const [resource, ids] of changes) if (pluralOf(resource) === collection) return ids;
  return null;
}

/**
 * A list with what some of its items are now: what was asked for and did not come back is gone.
 * @param asked ids that were asked for
 */
export function patched<T extends { readonly id: string }>(
  list: readonly T[],
  asked: ReadonlySet<string>,
  found: readonly T[],
): T[] {
  const now = new Map(found.map((item) => [item.id, item]));
  const kept = list.flatMap((item) => {
    if (!asked.has(item.id)) return [item];
    const next = now.get(item.id);
    now.delete(item.id);
    return next ? [next] : [];
  });
  return [...kept, ...now.values()];
}

function pluralOf(member: string): string {
  return member.endsWith('y') ? `${member.slice(0, -1)}ies` : `${member}s`;
}
