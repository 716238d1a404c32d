import { badRequest } from './errors.ts';

/** The parameters of a query string in their order; the same name may come several times. */
export type Parameters = readonly (readonly [name: string, value: string])[];

export const noParameters: Parameters = [];

/**
 * Reads a query string as Python's `parse_qsl` with blank values kept does. Names without `=` have an empty value.
 *
 * @param text what stands behind the `?`
 * @throws HTTPBadRequest when a percent sequence is cut short or is not UTF-8, or for a NUL character (no database has it)
 */
export function parseQueryString(text: string): Parameters {
  if (text === '') return noParameters;
  const parameters: [string, string][] = [];
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals < 0) parameters.push([decode(part), '']);
    else parameters.push([decode(part.slice(0, equals)), decode(part.slice(equals + 1))]);
  }
  return parameters;
}

function decode(text: string): string {
  const blanks = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!blanks.includes('%')) return blanks;
  let decoded: string;
  try {
    decoded = decodeURIComponent(blanks);
  } catch {
    throw badRequest('The query string is not valid percent-encoded UTF-8.');
  }
  if (decoded.includes('\0')) throw badRequest('The query string contains a NUL character.');
  return decoded;
}

/** Writes parameters as Python's `urlencode` does, blanks as `+`. */
export function formatQueryString(parameters: Parameters): string {
  return parameters.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

/** All values of a parameter that are not empty. */
export function valuesOf(parameters: Parameters, name: string): string[] {
  const values: string[] = [];
  for (const [key, value] of parameters) if (key === name && value !== '') values.push(value);
  return values;
}

/** The last value of a parameter (it wins, as upstream), or null. */
export function lastValueOf(parameters: Parameters, name: string): string | null {
  for (let i = parameters.length - 1; i >= 0; i--) if (parameters[i]![0] === name) return parameters[i]![1];
  return null;
}
