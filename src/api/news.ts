import type { Collection } from '../plugin/contract.ts';
import type { News, NewsItem } from '../plugin/news/news.ts';
import type { Call, Item } from './call.ts';

/**
 * What clients did, noted for those who look on. Something below another resource is news of that one; what a deleted
 * resource was is asked before, for afterwards nobody knows whose it was.
 */
export class DoneNews {
  readonly #news: News;

  constructor(news: News) {
    this.#news = news;
  }

  get wanted(): boolean {
    return this.#news.wanted;
  }

  /** Whose something is that is about to be deleted. */
  async ownerOf({ context, id, parentId }: Call, collection: Collection<Item>): Promise<string | null> {
    if (parentId !== null) return null;
    // Whether it is there at all is for the deletion to say.
    const item: Item = await collection.get(context, id!, ['project_id']).catch(() => ({}));
    return projectOf(item);
  }

  made(call: Call, items: readonly Item[]): void {
    if (this.wanted)
      this.#note(
        call,
        items.map((item) => ({ id: idOf(item), project_id: projectOf(item) })),
        'created',
      );
  }

  changed(call: Call, item: Item): void {
    if (this.wanted) this.#note(call, [{ id: call.id, project_id: projectOf(item) }], 'updated');
  }

  deleted(call: Call, owner: string | null): void {
    if (this.wanted) this.#note(call, [{ id: call.id, project_id: owner }], 'deleted');
  }

  #note(
    { context, resource, parentId }: Call,
    of: readonly Pick<NewsItem, 'id' | 'project_id'>[],
    action: NewsItem['action'],
  ): void {
    const { parent, collection } = resource.definition;
    if (parent !== undefined) {
      const id = parentId ?? of[0]?.id ?? null;
      this.#news.note([{ resource: parent.collection, id, action: 'updated', project_id: context.projectId }]);
      return;
    }
    const items = of.map((one) => ({
      ...{ resource: collection, id: one.id, action },
      project_id: one.project_id ?? context.projectId,
    }));
    this.#news.note(items);
  }
}

function idOf({ id }: Item): string | null {
  return typeof id === 'string' ? id : null;
}

function projectOf(item: Item): string | null {
  return typeof item.project_id === 'string' ? item.project_id : null;
}
