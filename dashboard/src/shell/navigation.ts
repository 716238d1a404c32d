import type { RouteComponent } from '@tanstack/react-router';
import { useResources } from '../api/described.ts';
import type { ApiResource } from '../api/description.ts';
import type { MessageKey } from '../messages/all.ts';
import { useNames, useText } from '../messages/text.tsx';
import { pages } from '../pages.tsx';

export type SectionKey =
  | 'shell.home'
  | 'shell.networking'
  | 'shell.routing'
  | 'shell.security'
  | 'shell.operation'
  | 'shell.more';

/** A page of its own, beside the lists that come from the server's description of itself. */
export interface Page {
  /** Below `#`: `/topology`. */
  readonly path: string;
  readonly label: MessageKey;
  readonly section: SectionKey;
  readonly component: RouteComponent;
  /** A list without which there is nothing on it: it is offered to those who may see that. */
  readonly needs?: string;
}

interface Section {
  readonly key: SectionKey;
  readonly isOpen: boolean;
  readonly entries: readonly { readonly to: string; readonly label: string }[];
}

/** Where lists stand; what is not named here is among the rest. */
const listed: Readonly<Record<SectionKey, readonly string[]>> = {
  'shell.home': [],
  'shell.networking': ['networks', 'subnets', 'ports', 'subnetpools', 'trunks'],
  'shell.routing': ['routers', 'floatingips'],
  'shell.security': ['security_groups', 'security_group_rules', 'address_groups', 'rbac_policies'],
  'shell.operation': ['network_ip_availabilities', 'policies'],
  'shell.more': [],
};
const order = Object.keys(listed) as SectionKey[];

/** Sections with their pages and lists, in order; those without any are left out. */
export function useNavigation(): Section[] {
  const text = useText();
  const names = useNames();
  const { resources } = useResources();
  const lists = resources.filter(({ parent }) => parent === null);
  const placed = new Set(Object.values(listed).flat());
  const entry = ({ key, collection }: ApiResource) => ({ to: `/lists/${key}`, label: names.title(collection) });
  return order
    .map((key) => ({
      key,
      isOpen: key !== 'shell.more',
      entries: [
        ...pages
          .filter((page) => page.section === key && isServed(page, resources))
          .map(({ path, label }) => ({ to: path, label: text(label) })),
        ...listed[key].flatMap((name) => lists.filter((list) => list.key === name).map(entry)),
        ...(key === 'shell.more' ? lists.filter((list) => !placed.has(list.key)).map(entry) : []),
      ],
    }))
    .filter(({ entries }) => entries.length > 0);
}

function isServed({ needs }: Page, resources: readonly ApiResource[]): boolean {
  return needs === undefined || resources.some(({ key }) => key === needs);
}
