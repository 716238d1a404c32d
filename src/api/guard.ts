import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { apiErrors } from './errors.ts';

/**
 * Without Keystone whoever reaches the API is admin, so it must not be reachable through somebody's browser: not by a
 * name that was rebound to us, not from a page of another origin, not by a form.
 */
export type Guard = (headers: IncomingHttpHeaders, hasBody: boolean) => void;

/** For servers that ask for tokens of Keystone: nothing more to check. */
export const openGuard: Guard = () => {};

/**
 * @param listenHost what `bind_host` says: clients may call us by it; null accepts every name (`--insecure-open-api`)
 * @returns a check that throws HTTPForbidden or HTTPUnsupportedMediaType
 */
export function loopbackGuard(listenHost: string | null): Guard {
  return (headers, hasBody) => {
    const { host, origin } = headers;
    // HTTP/1.0 clients send no Host; browsers always do.
    if (host !== undefined && listenHost !== null && !isOurs(host, listenHost)) {
      throw apiErrors.HTTPForbidden({ message: `Host ${host} is not a name of this server.` });
    }
    if (origin !== undefined && !sameOrigin(origin, host)) {
      throw apiErrors.HTTPForbidden({ message: `Requests from pages of ${origin} are not accepted.` });
    }
    // A missing type is refused like a foreign one: a page can send a body without any.
    if (hasBody && !isJson(headers['content-type'])) throw apiErrors.HTTPUnsupportedMediaType();
  };
}

/** Whether a listening address can be reached from this machine only. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

function isOurs(host: string, listenHost: string): boolean {
  const name = hostName(host);
  return name !== null && (isLoopbackHost(name) || name.toLowerCase() === listenHost.toLowerCase());
}

/** The name in a Host header without its port, or null when it is malformed. */
function hostName(host: string): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]/@\s]+)(?::\d{1,5})?$/i.exec(host);
  return match ? match[1]!.replace(/^\[(.*)\]$/, '$1') : null;
}

function sameOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
}

function isJson(contentType: string | undefined): boolean {
  if (contentType === 'application/json') return true;
  return contentType !== undefined && /^application\/json\s*(;|$)/i.test(contentType);
}
