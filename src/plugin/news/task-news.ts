import type { Context } from '../../lib/context.ts';
import type { ResourceType } from '../outbox/outbox.ts';
import { gather, type NewsItem } from './news.ts';

/** What is noted in a transaction, as it is noted for agents. */
export interface Noted {
  readonly type: ResourceType;
  readonly id: string;
  readonly action: string;
  readonly payload?: Readonly<Record<string, unknown>>;
}

/** Types that the API has as collections of their own; children are the matter of their parents. */
const COLLECTIONS: Partial<Record<ResourceType, string>> = {
  network: 'networks',
  subnet: 'subnets',
  port: 'ports',
  agent: 'agents',
  security_group: 'security_groups',
  security_group_rule: 'security_group_rules',
  address_group: 'address_groups',
  trunk: 'trunks',
  qos_policy: 'policies',
  router: 'routers',
  floatingip: 'floatingips',
  ndp_proxy: 'ndp_proxies',
  metering_label: 'metering_labels',
};

/** What a transaction noted, as news: of one resource once, the last word of it. */
export function newsOf(noted: readonly Noted[], { projectId }: Context): NewsItem[] {
  const news = new Map<string, NewsItem>();
  for (const { type, id, action, payload } of noted) {
    const resource = COLLECTIONS[type];
    if (resource === undefined) continue;
    const project = payload?.project_id;
    gather(news, {
      resource,
      id,
      action: actionOf(action),
      project_id: typeof project === 'string' ? project : projectId,
    });
  }
  return [...news.values()];
}

function actionOf(action: string): NewsItem['action'] {
  return action === 'created' || action === 'deleted' ? action : 'updated';
}
