import { urlName } from '../../resources/url-names.ts';
import type { SurfaceResource } from '../openapi/surface.ts';
import { type Html, html } from './html.ts';

/** What all pages share. */
export interface Site {
  readonly surface: readonly SurfaceResource[];
  /** Scheme, host and prefix by which the reader reached us. */
  readonly base: string;
  readonly tokens: boolean;
}

export interface PageParts {
  readonly title: string;
  /** Name of the page below `/docs`: `networks`; empty for the first one. */
  readonly name: string;
  readonly lead: string;
  readonly content: Html;
}

/** A whole page. Links are relative, so that they hold behind a proxy with a prefix: from `/docs` others are below it. */
export function page(site: Site, { title, name, lead, content }: PageParts): string {
  const link = (to: string) => linkFrom(name, to);
  const item = (to: string, text: string) =>
    to === name
      ? html`<li><a href="${link(to)}" aria-current="page">${text}</a></li>`
      : html`<li><a href="${link(to)}">${text}</a></li>`;
  const names = site.surface.map((resource) => item(pageName(resource), resource.resource.key.replaceAll('_', ' ')));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Networking API</title>
<link rel="stylesheet" href="${link('style.css')}">
</head>
<body>
<a class="skip" href="#content">To the content</a>
<nav aria-label="Pages">
<ul>${item('', 'Networking API')}${item('errors', 'errors')}${item('extensions', 'extensions')}</ul>
<ul>${names}</ul>
<ul><li><a href="${link('../openapi.json')}">openapi.json</a></li></ul>
</nav>
<main id="content">
<h1>${title}</h1>
<p class="lead">${lead}</p>
${content}
</main>
</body>
</html>
`.text;
}

/** `security-groups`, and `ports-bindings` of what is below ports. */
export function pageName({ resource: { collection, definition } }: SurfaceResource): string {
  const own = urlName(collection);
  return definition.parent === undefined ? own : `${urlName(definition.parent.collection)}-${own}`;
}

/** The first page is `/docs`, the others are below it. */
export function linkFrom(name: string, to: string): string {
  if (to.startsWith('../')) return name === '' ? to.slice('../'.length) : to;
  if (to === '') return name === '' ? 'docs' : '../docs';
  return name === '' ? `docs/${to}` : to;
}

export interface Table {
  readonly caption: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly (Html | string)[])[];
}

/** A table that scrolls by itself when it is wider than the page; the first cell of a row heads it. */
export function table({ caption, heads, rows }: Table): Html {
  return html`<div class="wide" role="region" aria-label="${caption}" tabindex="0"><table>
<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows.map(([first, ...others]) => html`<tr><th scope="row">${first ?? ''}</th>${others.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
</table></div>`;
}
