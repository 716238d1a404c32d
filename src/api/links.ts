import { formatQueryString, type Parameters } from './query-string.ts';

export interface Link {
  readonly rel: string;
  readonly href: string;
}

/** What of a request decides how links to us look. */
export interface LinkSource {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Where the connection came in, for clients that send no Host. */
  readonly local: string;
}

/**
 * Scheme, host and path prefix of links: `network_link_prefix` when set, else what the client called us by, with the
 * scheme a TLS proxy in front names in X-Forwarded-Proto.
 */
export function linkBase(source: LinkSource, prefix: string): string {
  if (prefix !== '') return prefix.replace(/\/+$/, '');
  const forwarded = source.headers['x-forwarded-proto'];
  const scheme = forwarded === 'https' ? 'https' : 'http';
  const host = source.headers.host;
  return `${scheme}://${typeof host === 'string' && host !== '' ? host : source.local}`;
}

export interface PageEnds {
  readonly count: number;
  readonly firstId: string | null;
  readonly lastId: string | null;
}

/**
 * The links of a page, as upstream makes them: `next` unless going forward brought a short page, `previous` unless going
 * backward did; so the first page has a `previous` too. All other parameters stay.
 */
export function pageLinks(
  url: string,
  parameters: Parameters,
  page: PageEnds,
  limit: number,
  pageReverse: boolean,
): Link[] {
  const links: Link[] = [];
  const short = page.count < limit;
  const kept = parameters.filter(([name]) => name !== 'marker');
  const others = kept.filter(([name]) => name !== 'page_reverse');
  if (!short || pageReverse) {
    const next = page.lastId === null ? others : [...others, ['marker', page.lastId] as const];
    links.push({ rel: 'next', href: `${url}?${formatQueryString(next)}` });
  }
  if (!short || !pageReverse) {
    const marked = page.firstId === null ? others : [...others, ['marker', page.firstId] as const];
    links.push({
      rel: 'previous',
      href: `${url}?${formatQueryString([...marked, ['page_reverse', 'True']])}`,
    });
  }
  return links;
}
