import type { Context } from '../../lib/context.ts';
import { everything } from '../../lib/query.ts';
import type { Collection } from '../../plugin/contract.ts';
import type { Target } from '../../policy/evaluate.ts';
import type { Item, Target as Place } from '../call.ts';
import type { ServedResource } from '../served-resource.ts';

/** Rules speak of what an object belongs to as `<name>:<attribute>`; where its id stands in the object. */
const parentKeys: Readonly<Record<string, { readonly collection: string; readonly key: string }>> = {
  network: { collection: 'networks', key: 'network_id' },
  security_group: { collection: 'security_groups', key: 'security_group_id' },
};

/** What objects of a resource belong to, as rules call it. */
export function parentsOf({ attributes }: ServedResource): string[] {
  return Object.keys(parentKeys).filter((name) => attributes.has(parentKeys[name]!.key));
}

/** Attributes of networks that rules also ask ports and subnets for. */
const inherited = new Set(['shared', 'router:external']);

/** Attributes of an object without which what rules ask for (`names`) cannot be told. */
export function neededFor(names: readonly string[], { attributes, definition: { above } }: ServedResource): string[] {
  const asked = names.flatMap((name) => {
    if (name === 'project_id' || name === 'tenant_id') return ['project_id', 'tenant_id'];
    const parent = parentOf(name);
    const key = parent === EXTERNAL ? above?.key : parent === null ? undefined : parentKeys[parent]?.key;
    return [name, ...(key === undefined ? [] : [key]), ...(inherited.has(name) ? ['network_id'] : [])];
  });
  return [...new Set(asked)].filter((name) => attributes.has(name));
}

type Collections = Readonly<Record<string, Collection<Item> | undefined>>;

/**
 * What rules must know of the networks, groups and other parents of objects: read for many objects at once, and only when
 * a rule that is left undecided speaks of it.
 */
export class Parents {
  readonly #collections: Collections;
  readonly #context: Context;
  readonly #known = new Map<string, Item | null>();

  constructor(collections: Collections, context: Context) {
    this.#collections = collections;
    // Parents are read whoever asks; what is shared with the caller's project still shows.
    this.#context = { ...context, isAdmin: true };
  }

  /** Reads what `names` need of the parents of these objects. */
  async load(items: readonly Item[], place: Place, names: readonly string[]): Promise<void> {
    for (const [parent, { collection, key }] of Object.entries(parentKeys)) {
      const wanted = names.some((name) => parentOf(name) === parent || (parent === 'network' && inherited.has(name)));
      if (!wanted) continue;
      await this.#read(collection, [...new Set(items.map((item) => item[key]))]);
    }
    const { parent, above } = place.resource.definition;
    if (!names.some((name) => parentOf(name) === EXTERNAL)) return;
    if (parent !== undefined) await this.#read(parent.collection, [place.parentId]);
    if (above !== undefined) {
      const ids = items.map((item) => item[above.key]);
      await this.#read(above.collection, ids);
    }
  }

  /** The object as rules ask for it. */
  target(item: Item, place: Place): Target {
    return (name) => {
      if (Object.hasOwn(item, name)) return item[name];
      if (name === 'tenant_id') return item.project_id;
      if (name === 'project_id') return item.tenant_id;
      const parent = parentOf(name);
      if (parent === EXTERNAL) {
        const { parent: below, above } = place.resource.definition;
        const found =
          (below && this.#get(below.collection, place.parentId)) ??
          (above && this.#get(above.collection, item[above.key]));
        return attribute(found, name.slice(EXTERNAL.length + 1));
      }
      if (parent !== null && Object.hasOwn(parentKeys, parent)) {
        const { collection, key } = parentKeys[parent]!;
        return attribute(this.#get(collection, item[key]), name.slice(parent.length + 1));
      }
      return inherited.has(name) ? attribute(this.#get('networks', item.network_id), name) : undefined;
    };
  }

  #get(collection: string, id: unknown): Item | undefined {
    return this.#known.get(`${collection} ${id}`) ?? undefined;
  }

  async #read(collection: string, ids: readonly unknown[]): Promise<void> {
    const missing = ids.filter((id): id is string => typeof id === 'string' && !this.#known.has(`${collection} ${id}`));
    if (missing.length === 0) return;
    for (const id of missing) this.#known.set(`${collection} ${id}`, null);
    const query = { ...everything, filters: { id: missing }, fields: ['id', 'project_id', ...inherited] };
    const page = await this.#collections[collection]?.list(this.#context, query);
    if (page === undefined) return;
    const items = page.items ?? (JSON.parse(Buffer.from(page.json).toString()) as Item[]);
    for (const item of items) this.#known.set(`${collection} ${item.id}`, item);
  }
}

const EXTERNAL = 'ext_parent';

/** `network` of `network:project_id`; not of an attribute that has a colon itself. */
function parentOf(name: string): string | null {
  const parent = /^(\w+):(project_id|tenant_id)$/.exec(name)?.[1];
  return parent ?? null;
}

function attribute(item: Item | undefined, name: string): unknown {
  if (item === undefined) return undefined;
  return item[name] ?? (name === 'tenant_id' ? item.project_id : undefined);
}
