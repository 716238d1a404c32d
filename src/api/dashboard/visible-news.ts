import { type Context, seesEverything } from '../../lib/context.ts';
import { everything } from '../../lib/query.ts';
import type { NewsItem } from '../../plugin/news/news.ts';
import type { Call, Item } from '../call.ts';
import type { Service } from '../pipeline.ts';
import { readPage } from '../verbs.ts';

/** News as one caller may have it. */
export interface SeenNews {
  /** `port` */
  readonly resource: string;
  /** Null: more than are worth naming. */
  readonly id: string | null;
  readonly action: NewsItem['action'] | 'resync';
  readonly revision: number | null;
}

/** Ids in one question to the database. */
const AT_ONCE = 100;

/**
 * What of the news a caller may have. Whether it sees something is asked as its own list would ask, by the same rules and
 * the same query; of what is gone nobody can ask any more, and its project and those who see everything are told.
 */
export async function visibleNews(service: Service, context: Context, news: readonly NewsItem[]): Promise<SeenNews[]> {
  const seen: SeenNews[] = [];
  const toAsk = new Map<string, Map<string, NewsItem>>();
  for (const item of news) {
    const { resource, id, action, project_id } = item;
    const served = service.resources.get(resource);
    if (served === undefined) continue;
    if (id === null || action === 'deleted' || !served.filterable.has('id')) {
      const theirs = project_id !== null && project_id === context.projectId;
      const everybodys = id === null && project_id === null;
      if (theirs || everybodys || seesEverything(context))
        seen.push({ resource: served.member, id, action, revision: null });
    } else {
      const ids = toAsk.get(resource) ?? new Map<string, NewsItem>();
      toAsk.set(resource, ids.set(id, item));
    }
  }
  for (const [resource, items] of toAsk) {
    const ids = [...items.keys()];
    for (let start = 0; start < ids.length; start += AT_ONCE) {
      for (const found of await listed(service, context, { resource, ids: ids.slice(start, start + AT_ONCE) })) {
        const id = String(found.id);
        const revision = typeof found.revision_number === 'number' ? found.revision_number : null;
        seen.push({ resource: service.resources.get(resource)!.member, id, action: items.get(id)!.action, revision });
      }
    }
  }
  return seen;
}

async function listed(
  service: Service,
  context: Context,
  { resource: name, ids }: { resource: string; ids: readonly string[] },
): Promise<readonly Item[]> {
  const resource = service.resources.get(name)!;
  const call: Call = { context, resource, parentId: null, operation: 'list', id: null, inputs: [], route: null };
  const fields = ['id', 'revision_number'].filter((field) => resource.attributes.has(field));
  const { page, shown } = await readPage(service, call, { ...everything, filters: { id: ids }, fields });
  return page.items === undefined ? (JSON.parse(Buffer.from(page.json).toString()) as Item[]) : shown;
}
