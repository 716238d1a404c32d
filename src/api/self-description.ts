import { errorsPage } from './docs-page/errors-page.ts';
import { extensionsPage } from './docs-page/extensions-page.ts';
import { firstPage } from './docs-page/first-page.ts';
import { pageName, type Site } from './docs-page/layout.ts';
import { resourcePage } from './docs-page/resource-page.ts';
import { style } from './docs-page/style.ts';
import { openApiDocument } from './openapi/document.ts';
import { surfaceOf } from './openapi/surface.ts';
import type { Service } from './pipeline.ts';

export interface SelfDescription {
  readonly type: 'application/json' | 'text/html; charset=utf-8' | 'text/css; charset=utf-8';
  readonly body: string;
}

export interface DescriptionParts {
  readonly service: Service;
  readonly extensions: ReadonlySet<string>;
  /** Whether callers need a token. */
  readonly tokens: boolean;
}

/** Pages are made when they are asked for, and kept: under this many names of ours. */
const BASES_KEPT = 4;

/**
 * What the server says of itself: `/openapi.json` for programs, `/docs` for people. Both come from the tables by which
 * requests are answered, so they say what this server does, in this configuration.
 *
 * @returns null for a path that is neither
 */
export function selfDescription(parts: DescriptionParts): (path: string, base: string) => SelfDescription | null {
  const { service, extensions, tokens } = parts;
  const surface = surfaceOf(service);
  const kept = new Map<string, Map<string, string>>();
  const make = (name: string, base: string): string | null => {
    const site: Site = { surface, base, tokens };
    if (name === 'openapi.json') {
      return JSON.stringify(openApiDocument({ surface, allowBulk: service.allowBulk, tokens }, base));
    }
    if (name === 'docs') return firstPage(site);
    const page = name.slice('docs/'.length);
    if (page === 'style.css') return style;
    if (page === 'errors') return errorsPage(site);
    if (page === 'extensions') return extensionsPage(site, extensions);
    const resource = surface.find((one) => pageName(one) === page);
    return resource === undefined ? null : resourcePage(site, resource);
  };
  return (path, base) => {
    const name = path.slice(1);
    let pages = kept.get(base);
    if (pages === undefined) {
      // The Host header is the client's: it must not fill the memory.
      if (kept.size >= BASES_KEPT) kept.clear();
      pages = new Map();
      kept.set(base, pages);
    }
    const body = pages.get(name) ?? make(name, base);
    if (body === null) return null;
    pages.set(name, body);
    return { type: typeOf(name), body };
  };
}

function typeOf(name: string): SelfDescription['type'] {
  if (name === 'openapi.json') return 'application/json';
  return name.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/html; charset=utf-8';
}

/** Pages bring nothing from elsewhere, run nothing, and stand in no frame. */
export const pageHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
} as const;
