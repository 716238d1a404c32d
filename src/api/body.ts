import { isUtf8 } from 'node:buffer';
import { badRequest } from './errors.ts';

export type Body = Record<string, unknown>;

/** Deeper nesting than any resource has; without a limit printing a body could exhaust the stack. */
const MAX_DEPTH = 32;

/**
 * The JSON object of a request's bytes. An empty body is an empty object, so that the fault named is the missing
 * resource, as upstream has it. Of duplicate keys the last one counts, as in Python.
 *
 * @throws HTTPBadRequest for what is not JSON, not UTF-8, not an object, nested too deeply, or holds text no database
 *   takes (NUL, half a surrogate pair)
 */
export function parseBody(bytes: Uint8Array | null | undefined): Body {
  if (bytes === null || bytes === undefined || bytes.length === 0) return {};
  if (!isUtf8(bytes)) throw invalid();
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    throw invalid();
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !isSound(value, 0)) throw invalid();
  return value as Body;
}

function invalid(): Error {
  return badRequest('Body contains invalid data');
}

function isSound(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0');
  if (typeof value !== 'object' || value === null) return true;
  if (depth >= MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((item) => isSound(item, depth + 1));
  for (const key in value) {
    if (!isSound(key, depth) || !isSound((value as Body)[key], depth + 1)) return false;
  }
  return true;
}

/** What a POST wants: one resource, or several at once. */
export type Wanted = { readonly one: Body } | { readonly many: readonly Body[] };

/**
 * Takes the resource or resources out of a body. The plural key wins; items may be bare or in an envelope of their own;
 * keys beside are ignored. Where one is called as many are, a list is several.
 *
 * @throws HTTPBadRequest
 */
export function unwrap(body: Body, member: string, collection: string, allowBulk: boolean): Wanted {
  const sameName = member === collection && !Array.isArray(body[collection]);
  if (sameName || !Object.hasOwn(body, collection)) return { one: unwrapOne(body, member) };
  const items = body[collection];
  if (!allowBulk) throw badRequest('Bulk operation not supported');
  if (!items || (typeof items === 'object' && Object.keys(items).length === 0)) throw badRequest('Resources required');
  if (!Array.isArray(items)) throw invalid();
  return {
    many: items.map((item: unknown) => {
      if (typeof item === 'string') throw badRequest(`Object '${member}' contains invalid data`);
      if (typeof item !== 'object' || item === null) throw invalid();
      return Object.hasOwn(item, member) ? unwrapOne(item as Body, member) : unwrapOne({ [member]: item }, member);
    }),
  };
}

/** The resource under its key, for PUT and for POST of one. */
export function unwrapOne(body: Body, member: string): Body {
  const resource = Object.hasOwn(body, member) ? body[member] : null;
  if (resource === null || resource === undefined) throw badRequest(`Unable to find '${member}' in request body`);
  if (typeof resource !== 'object' || Array.isArray(resource)) {
    throw badRequest(`Object '${member}' contains invalid data`);
  }
  return resource as Body;
}
