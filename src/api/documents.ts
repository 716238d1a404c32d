import { extensionFacts } from '../resources/extensions.ts';
import type { ServedResource } from './served-resource.ts';

/** The answers that do not depend on stored data: versions, the list of core resources, extensions. */

export function versionsDocument(base: string): string {
  const links = [{ rel: 'self', href: `${base}/v2.0/` }];
  return JSON.stringify({ versions: [{ id: 'v2.0', status: 'CURRENT', links }] });
}

export function resourcesDocument(base: string, resources: Iterable<ServedResource>): string {
  const core = [...new Set(resources)].filter(({ definition }) => definition.core);
  return JSON.stringify({
    resources: core.map(({ member, collection }) => ({
      name: member,
      collection,
      links: [{ rel: 'self', href: `${base}/v2.0/${collection.replaceAll('_', '-')}` }],
    })),
  });
}

export function extensionsDocument(extensions: ReadonlySet<string>): string {
  return JSON.stringify({ extensions: [...extensions].sort().map(describe) });
}

export function extensionDocument(extensions: ReadonlySet<string>, alias: string): string | null {
  return extensions.has(alias) ? JSON.stringify({ extension: describe(alias) }) : null;
}

function describe(alias: string) {
  const { name, description, updated } = extensionFacts(alias);
  return { name, alias, description, updated, links: [] };
}

/** The 404 of the extensions' own routes is not the API's: upstream answers it one layer further out. */
export function extensionMissing(alias: string | null): string {
  const message = alias === null ? '' : `Extension with alias ${escapeHtml(alias)} does not exist`;
  return JSON.stringify({
    message: `The resource could not be found.<br /><br />\n${message}\n\n`,
    code: '404 Not Found',
    title: 'Not Found',
  });
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** What is outside `/v2.0`: upstream's URL map answers it. */
export const outsideDocument = JSON.stringify({ code: 404, title: 'Not Found', description: null });
export const outsideMethodDocument = JSON.stringify({ code: 405, title: 'Method Not Allowed', description: '' });

/** The shape of keystonemiddleware, which clients know. */
export const unauthorizedDocument = JSON.stringify({
  error: {
    code: 401,
    title: 'Unauthorized',
    message: 'The request you have made requires authentication.',
  },
});
