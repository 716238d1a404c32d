import { describeResource } from '../../resources/descriptions.ts';
import { curl } from './curl.ts';
import { html } from './html.ts';
import { linkFrom, page, pageName, type Site, table } from './layout.ts';

/** What the API is, how to ask, and the list of resources. */
export function firstPage(site: Site): string {
  const { surface, base, tokens } = site;
  const rows = surface.map((one) => [
    html`<a href="${linkFrom('', pageName(one))}">${one.resource.key.replaceAll('_', ' ')}</a>`,
    describeResource(one.resource),
  ]);
  const ask = (path: string) => html`<pre><code>${curl({ method: 'GET', url: base + path, tokens })}</code></pre>`;
  return page(site, {
    title: 'Networking API',
    name: '',
    lead: 'OpenStack Networking v2.0, as this server answers it: only what its configuration has.',
    content: html`<h2 id="resources">Resources</h2>
${table({ caption: 'Resources', heads: ['Resource', 'What it is'], rows })}
<h2 id="asking">Asking</h2>
<p>${
      tokens
        ? html`Every request below <code>/v2.0</code> needs a token of Keystone: <code>export OS_TOKEN=$(openstack token issue -f value -c id)</code>.`
        : html`No token is needed: everybody who reaches this address is an administrator. <code>X-Project-Id</code> says for which project one asks.`
    }</p>
<p>Values are read generously: true is also <code>"True"</code>, <code>"yes"</code> or 1, a number may be text. Attributes that are not listed are refused. Collections and paths may be written with hyphens or underscores.</p>
<h2 id="lists">Lists</h2>
<p>Filters are attributes: several values of one mean any of them, several attributes all of them.</p>
${ask('/v2.0/ports?status=ACTIVE&status=DOWN&network_id=ID')}
<p>Only some attributes of each:</p>
${ask('/v2.0/ports?fields=id&fields=fixed_ips')}
<p>In order, and in pages: while a limit is in force the answer has <code>ports_links</code> with the other pages.</p>
${ask('/v2.0/ports?sort_key=name&sort_dir=asc&limit=100&marker=ID')}
<p>By tags: <code>tags</code> (all of them), <code>tags-any</code>, <code>not-tags</code>, <code>not-tags-any</code>, each comma-separated.</p>
${ask('/v2.0/networks?tags-any=red,blue')}
<h2 id="changes">Changes</h2>
<p>Several can be made in one request, all or none: <code>{"networks": [{…}, {…}]}</code>. With <code>If-Match: revision_number=N</code> a change or a deletion is made only while that is the revision; else the answer is 412.</p>`,
  });
}
