import { extensionFacts } from '../../resources/extensions.ts';
import { html } from './html.ts';
import { page, type Site, table } from './layout.ts';

/** What `GET /v2.0/extensions` lists, for people. */
export function extensionsPage(site: Site, extensions: ReadonlySet<string>): string {
  const rows = [...extensions].sort().map((alias) => {
    const { name, description } = extensionFacts(alias);
    return [html`<code>${alias}</code>`, name, description];
  });
  return page(site, {
    title: 'Extensions',
    name: 'extensions',
    lead: 'What this server has beyond the core of the API. Everything that is listed works.',
    content: table({ caption: 'Extensions', heads: ['Alias', 'Name', 'What it adds'], rows }),
  });
}
