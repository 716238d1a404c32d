/**
 * Whole numbers beyond 2^53 in JSON, exact: an IPv6 subnet has more addresses than a JavaScript number can count. What
 * stands for such a number is written by `JSON.stringify` as it is.
 */
export interface RawJson {
  readonly rawJSON: string;
}

/** In Node since 21 (TC39 "JSON.parse source text access"), not yet in the types. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): RawJson };

export function exactInteger(value: bigint): number | RawJson {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : rawJSON(String(value));
}

/** As `JSON.parse`, but long whole numbers stay as they were written. */
export function parseExact(text: string): unknown {
  return /\d{16}/.test(text)
    ? JSON.parse(text, keepLong as (key: string, value: unknown) => unknown)
    : JSON.parse(text);
}

function keepLong(_: string, value: unknown, { source }: { source?: string }): unknown {
  const long = typeof value === 'number' && source !== undefined && /^-?\d{16,}$/.test(source);
  return long && !Number.isSafeInteger(value) ? rawJSON(source) : value;
}
