import type { AnyOption } from '../lib/options.ts';

const MASK = '****';

/** A value as it may be shown: secrets masked, of URLs only the password. */
export function shown(declared: AnyOption, text: string): string {
  if (!declared.secret) return text;
  return declared.secret === 'url' ? maskUrl(text) : text === '' ? '' : MASK;
}

/**
 * `mysql://user:secret@host/db` → `mysql://user:****@host/db`; also in lists of hosts, as `transport_url` has them. A text
 * that is no URL is masked as if it was meant as one, since it is shown when it is refused: better too much than a password.
 */
export function maskUrl(text: string): string {
  const [, scheme = '', rest = ''] = /^([a-z0-9+.-]*:\/\/|[a-z0-9+.-]+:(?=[^@]*:))?(.*)$/is.exec(text)!;
  // Up to the last @: a password that nobody quoted may hold anything.
  const end = rest.lastIndexOf('@') + 1;
  return scheme + maskHosts(rest.slice(0, end)) + rest.slice(end).replace(SECRET_PARAMETER, `$1${MASK}`);
}

const SECRET_PARAMETER = /([?&][^=&]*(?:pass(?:word|wd)?|secret|token)[^=&]*=)[^&]*/gi;

/** What stands before the last @: `user:secret@`, or several of it behind hosts. */
function maskHosts(text: string): string {
  const masked: string[] = [];
  let part = '';
  for (const piece of text.split(',')) {
    part = part === '' ? piece : `${part},${piece}`;
    // A comma inside a password: it goes on.
    if (!part.includes('@')) continue;
    masked.push(part.replace(/^([^:@/]*):.*@/s, `$1:${MASK}@`));
    part = '';
  }
  return masked.join(',');
}
