import { addTags, removeTags, revisionReader, type Tagged, tagsOf, toucher } from '../../db/write/tags.ts';
import type { Context } from '../../lib/context.ts';
import { NeutronError } from '../../lib/errors.ts';
import { checkRevision } from '../changes.ts';
import type { RouteCall } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { tagErrors as errors } from './errors.ts';

const MOST_CHARACTERS = 255;
const MOST_TAGS = 50;

/**
 * Tags of one kind of resource (upstream: services/tag). Whoever sees a resource finds its tags here; who may change them is
 * the policy's. A change raises the revision of the resource, because it shows its tags.
 */
export class Tags {
  readonly #machine: Machine;
  readonly #collection: string;
  readonly #type: string;
  readonly #touch: ReturnType<typeof toucher>;
  readonly #revision: ReturnType<typeof revisionReader>;

  constructor(machine: Machine, collection: string, tagged: Tagged) {
    this.#machine = machine;
    this.#collection = collection;
    this.#type = tagged.type;
    this.#touch = toucher(tagged);
    this.#revision = revisionReader(tagged);
  }

  async list({ context, params }: RouteCall): Promise<{ tags: string[] }> {
    await this.#see(context, params.id!);
    return { tags: await tagsOf(this.#machine.shared.database.db, this.#type, params.id!) };
  }

  /** @throws TagNotFound */
  async check(call: RouteCall): Promise<void> {
    const tag = tagOf(call);
    if (!(await this.list(call)).tags.includes(tag)) throw errors.TagNotFound({ tag });
  }

  async replace(call: RouteCall): Promise<{ tags: string[] }> {
    const tags = listOf(call);
    await this.#change(call, () => tags);
    return { tags };
  }

  async create(call: RouteCall): Promise<{ tags: string[] }> {
    const tags = listOf(call);
    await this.#change(call, (known) => [...known, ...tags]);
    return { tags };
  }

  async add(call: RouteCall): Promise<void> {
    const tag = tagOf(call);
    await this.#change(call, (known) => [...known, tag]);
  }

  /** @throws TagNotFound */
  async remove(call: RouteCall): Promise<void> {
    const tag = tagOf(call);
    await this.#change(call, (known) => {
      if (!known.includes(tag)) throw errors.TagNotFound({ tag });
      return known.filter((one) => one !== tag);
    });
  }

  async clear(call: RouteCall): Promise<void> {
    await this.#change(call, () => []);
  }

  /** From the tags a resource has to those it shall have; nothing is written when they are the same. */
  async #change(call: RouteCall, wish: (known: readonly string[]) => readonly string[]): Promise<void> {
    const { context, params, ifRevision } = call;
    const id = params.id!;
    await this.#see(context, id);
    await this.#machine.changes.run(context, async ({ tx, time }) => {
      if (ifRevision !== null) {
        const current = await this.#revision(tx, id);
        if (current === null) throw this.#missing(id);
        checkRevision(ifRevision, current);
      }
      const known = await tagsOf(tx, this.#type, id);
      const wanted = [...new Set(wish(known))];
      checkNumber(this.#collection, wanted);
      const fresh = wanted.filter((tag) => !known.includes(tag));
      const gone = known.filter((tag) => !wanted.includes(tag));
      if (fresh.length === 0 && gone.length === 0) return;
      if (!(await this.#touch(tx, id, time))) throw this.#missing(id);
      await removeTags(tx, this.#type, id, gone);
      await addTags(tx, this.#type, id, fresh);
    });
  }

  /** @throws TagResourceNotFound for what there is not, or what the caller does not see */
  async #see(context: Context, id: string): Promise<void> {
    try {
      await this.#machine.collections[this.#collection]!.get(context, id, ['id']);
    } catch (error) {
      throw error instanceof NeutronError && error.kind === 'not_found' ? this.#missing(id) : error;
    }
  }

  #missing(resource_id: string): NeutronError {
    return errors.TagResourceNotFound({ resource: this.#collection, resource_id });
  }
}

/** @throws BadRequest for too many */
export function checkNumber(resource: string, tags: readonly string[]): void {
  if (tags.length <= MOST_TAGS) return;
  throw errors.BadRequest({ resource, msg: `The number of tags exceed the per-resource limit of ${MOST_TAGS}` });
}

function tagOf({ params }: RouteCall): string {
  const tag = params.tag!;
  if (tag.length > MOST_CHARACTERS) {
    throw errors.InvalidInput({ error_message: `'${tag}' exceeds maximum length of ${MOST_CHARACTERS}` });
  }
  return tag;
}

function listOf({ input }: RouteCall): string[] {
  if (input.tags === undefined) throw errors.InvalidInput({ error_message: 'Invalid tags body' });
  return input.tags as string[];
}
