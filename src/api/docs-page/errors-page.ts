import type { ErrorMaker } from '../../lib/errors.ts';
import { errorTables } from '../../plugin/error-tables.ts';
import { apiErrors, statusOf } from '../errors.ts';
import { html } from './html.ts';
import { page, type Site, table } from './layout.ts';

/** What can be refused, by status, with the types that programs go by. */
export function errorsPage(site: Site): string {
  const makers: Readonly<Record<string, ErrorMaker>> = Object.assign({}, ...errorTables, apiErrors);
  const rows = Object.entries(makers)
    .map(([type, { kind, text }]) => ({ type, status: statusOf[kind], text }))
    .sort((a, b) => a.status - b.status || a.type.localeCompare(b.type))
    .map(({ type, status, text }) => [html`<code>${type}</code>`, String(status), html`${text}`]);
  const example = { NeutronError: { type: 'NetworkNotFound', message: 'Network … could not be found.', detail: '' } };
  return page(site, {
    title: 'Errors',
    name: 'errors',
    lead: 'What is refused has a status, a type for programs and a message for people.',
    content: html`<pre><code>${JSON.stringify(example)}</code></pre>
<p>A token that is missing or not valid is 401, with another body. What one may not see is 404, as if it were not there; what one may see but not do is 403. A 503 can be tried again.</p>
${table({ caption: 'Errors', heads: ['Type', 'Status', 'Message'], rows })}`,
  });
}
