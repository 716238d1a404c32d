import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { PageAnswer } from './answers.ts';
import type { BuiltFiles } from './files.ts';
import { commonHeaders, pageHeaders } from './headers.ts';
import { missingPage } from './missing-page.ts';

/** Where the first page wants the nonce of its answer. */
const NONCE_MARK = '{{nonce}}';
const LASTING = 'public, max-age=31536000, immutable';

/**
 * The answer to a GET of a file below `/dashboard/`.
 *
 * @param name what stands behind `/dashboard/`, not decoded
 * @returns null when there is no such file
 */
export async function pageOf(
  files: BuiltFiles,
  name: string,
  headers: IncomingHttpHeaders,
): Promise<PageAnswer | null> {
  const asked = decoded(name);
  if (asked === null) return null;
  if (asked === '' || asked === 'index.html') return firstPage(files);
  const file = await files.find(asked);
  if (file === null) return null;
  const { encoding, bytes } = await files.packed(file, text(headers['accept-encoding']));
  const about = {
    ...commonHeaders,
    // Of an SVG opened by itself, say: it runs nothing.
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'Cache-Control': file.lasting ? LASTING : 'no-cache',
    ETag: encoding === null ? file.etag : `${file.etag.slice(0, -1)}-${encoding}"`,
    Vary: 'Accept-Encoding',
  };
  if (isKnown(text(headers['if-none-match']), about.ETag)) return { status: 304, headers: about, body: '' };
  const packed: Record<string, string> = encoding === null ? {} : { 'Content-Encoding': encoding };
  return { status: 200, headers: { ...about, ...packed, 'Content-Type': file.type }, body: bytes };
}

async function firstPage(files: BuiltFiles): Promise<PageAnswer> {
  const nonce = randomBytes(16).toString('base64url');
  const file = await files.firstPage();
  const headers = { ...pageHeaders(nonce), 'Content-Type': 'text/html; charset=utf-8' };
  if (file === null) return { status: 503, headers, body: missingPage(nonce) };
  // With a nonce of its own each answer is another: nothing for caches.
  return {
    status: 200,
    headers: { ...headers, 'Cache-Control': 'no-store' },
    body: file.bytes.toString().replaceAll(NONCE_MARK, nonce),
  };
}

function decoded(name: string): string | null {
  try {
    return decodeURIComponent(name);
  } catch {
    return null;
  }
}

function isKnown(known: string, etag: string): boolean {
  return known
    .split(',')
    .map((one) => one.trim().replace(/^W\//, ''))
    .some((one) => one === etag || one === '*');
}

function text(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header : (header?.join(',') ?? '');
}
