import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConnectionError } from '../errors.ts';

/** What the parameters of one kind of URL are called. */
export interface TlsNames {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** The one that has the certificate's names checked. */
  readonly named: string;
}

export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

type Query = Readonly<Record<string, string | undefined>>;

/**
 * Reads the files that a URL names for TLS, and sees that they are what they should be: the library would pass over an
 * authority's file in which there is no certificate, and then trust nobody.
 *
 * @throws ConnectionError with the parameter
 */
export function tlsFiles(query: Query, names: TlsNames): TlsFiles {
  const files: { -readonly [K in keyof TlsFiles]: TlsFiles[K] } = {};
  for (const part of ['ca', 'cert', 'key'] as const) {
    const path = query[names[part]];
    if (!path) continue;
    const wrong = (why: string, cause?: unknown) =>
      new ConnectionError(`[database] connection: ${names[part]}=${path}: ${why}`, cause);
    let content: Buffer;
    try {
      content = readFileSync(path);
    } catch (cause) {
      throw wrong((cause as Error).message, cause);
    }
    const wanted = part === 'key' ? 'PRIVATE KEY' : 'CERTIFICATE';
    if (!content.includes(`${wanted}-----`)) throw wrong(`holds no ${wanted.toLowerCase()} in PEM format`);
    files[part] = content;
  }
  try {
    createSecureContext(files);
  } catch (cause) {
    const given = `${names.cert}=${query[names.cert]}, ${names.key}=${query[names.key]}`;
    throw new ConnectionError(
      `[database] connection: ${given}: ${(cause as Error).message}; give a certificate and its own key`,
      cause,
    );
  }
  return files;
}

const UNTRUSTED = /self.signed certificate|unable to (get|verify)|unable to get (local )?issuer/i;
const NO_TLS = /does not support (SSL|secure)/i;
const OF_TLS = /certificate|SSL|TLS|altnames|password must be a string/i;

/**
 * Why TLS to a server failed, with what to do about it. By the texts: drivers replace the codes.
 *
 * @returns null when it was something else
 */
export function whyNoTls(
  error: unknown,
  at: string,
  { query, names }: { query: Query; names: TlsNames },
): string | null {
  const message = ((error as Error).message ?? '').split('\n')[0]!;
  const ca = query[names.ca];
  if (/altnames/i.test(message)) {
    const of = /altnames:\s*(.*)$/i.exec(message)?.[1] ?? '';
    return `TLS to ${at}: the server's certificate names another host (${of}); use a name that it bears, or leave out ${names.named}`;
  }
  if (UNTRUSTED.test(message)) {
    return `TLS to ${at}: ${message}; ${names.ca}=${ca ?? ''} must hold the authority that signed the server's certificate`;
  }
  if (NO_TLS.test(message)) {
    const asked = ca ? names.ca : 'what asks for it';
    return `TLS to ${at}: ${message}; set it up there, or leave out ${asked}`;
  }
  if (!OF_TLS.test(message) || /ECONN/.test(message)) return null;
  return `TLS to ${at}: ${message}; look at ${names.ca}, ${names.cert} and ${names.key}`;
}
