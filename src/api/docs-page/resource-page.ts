import { describeResource } from '../../resources/descriptions.ts';
import { createExample, updateExample } from '../../resources/examples.ts';
import { routeBody } from '../openapi/route-operations.ts';
import { routePath, type SurfaceResource, type Verb } from '../openapi/surface.ts';
import { whoMay } from '../openapi/who-may.ts';
import { ruleName } from '../policy/rule-names.ts';
import { attributesTable } from './attributes.ts';
import { curl } from './curl.ts';
import { type Html, html } from './html.ts';
import { page, pageName, type Site, table } from './layout.ts';

const methods: Readonly<Record<Verb, { method: string; rule: Parameters<typeof ruleName>[0]; text: string }>> = {
  list: { method: 'GET', rule: 'get', text: 'Lists those the caller may see' },
  create: { method: 'POST', rule: 'create', text: 'Makes one, or several at once' },
  get: { method: 'GET', rule: 'get', text: 'Shows one' },
  update: { method: 'PUT', rule: 'update', text: 'Changes one' },
  delete: { method: 'DELETE', rule: 'delete', text: 'Deletes one' },
};

/** Everything about one resource: requests, attributes, examples. */
export function resourcePage(site: Site, surface: SurfaceResource): string {
  const { resource } = surface;
  const { extension } = resource.definition;
  return page(site, {
    title: resource.key.replaceAll('_', ' '),
    name: pageName(surface),
    lead: `${describeResource(resource)}.${extension === undefined ? '' : ` Extension: ${extension}.`}`,
    content: html`<h2 id="requests">Requests</h2>${requests(surface)}
${resource.attributes.size === 0 ? null : html`<h2 id="attributes">Attributes</h2>${attributesTable(resource)}`}
<h2 id="examples">Examples</h2>${examples(site, surface)}`,
  });
}

function requests(surface: SurfaceResource): Html {
  const verbs = (Object.keys(methods) as Verb[]).filter((verb) => surface.verbs.has(verb));
  const ofVerbs = verbs.map((verb) => {
    const { method, rule, text } = methods[verb];
    return request(method, pathOf(verb, surface), text, ruleName(rule, surface.resource));
  });
  const ofRoutes = surface.routes.map((route) =>
    request(route.definition.method, routePath(route), route.definition.summary, route.definition.rule),
  );
  return table({
    caption: 'Requests',
    heads: ['Request', 'What it does', 'Who may, by default'],
    rows: [...ofVerbs, ...ofRoutes],
  });
}

function request(method: string, path: string, text: string, rule: string | null): [Html, string, Html] {
  const who = rule === null ? 'everybody' : whoMay(rule);
  return [
    html`<code><span class="verb">${method}</span>${path}</code>`,
    text,
    rule === null ? html`${who}` : html`${who}<span class="note">rule ${rule}</span>`,
  ];
}

function pathOf(verb: Verb, { collectionPath, itemPath }: SurfaceResource): string {
  return verb === 'list' || verb === 'create' ? collectionPath : itemPath;
}

function examples({ base, tokens }: Site, surface: SurfaceResource): Html {
  const { verbs, resource } = surface;
  const { member } = resource;
  const line = (method: string, path: string, body?: unknown) =>
    curl({ method, url: base + filledIn(path), tokens, ...(body !== undefined && { body }) });
  const create = createExample(resource);
  const shown: [string, string][] = [
    ...(verbs.has('list') ? [['List', line('GET', surface.collectionPath)] as [string, string]] : []),
    ...(verbs.has('create') && create !== null
      ? [['Create', line('POST', surface.collectionPath, { [member]: create })] as [string, string]]
      : []),
    ...(verbs.has('update')
      ? [['Update', line('PUT', surface.itemPath, { [member]: updateExample(resource) })] as [string, string]]
      : []),
    ...surface.routes.map((route): [string, string] => [
      route.definition.summary,
      line(route.definition.method, routePath(route), routeBody(route)),
    ]),
  ];
  return html`${shown.map(([title, text]) => html`<h3>${title}</h3><pre><code>${text}</code></pre>`)}`;
}

/** A shell variable for every part of the path that the reader must know: `$ID`, `$PORT_ID`. */
function filledIn(path: string): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase());
}
