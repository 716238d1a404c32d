import type { AnyOption } from '../lib/options.ts';

const MASK = '****';

/** A value as it may be shown: secrets masked, of URLs only the password. */
export function shown(declared: AnyOption, text: string): string {
  if (!declared.secret) return text;
  return declared.secret === 'url' ? maskUrl(text) : text === '' ? '' : MASK;
}

/** `mysql://user:secret@host/db` → `mysql://user:****@host/db`; also in lists of hosts, as `transport_url` has them. */
export function maskUrl(text: string): string {
  // Up to the last @ before the path: a password may itself hold an @ or a colon.
  return text.replace(/(:\/\/|,)([^:/@,]*):([^/,]*)@/g, (_, start: string, user: string) => `${start}${user}:${MASK}@`);
}
