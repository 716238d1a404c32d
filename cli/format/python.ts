/** Values in the old client's words: True, False, an empty text for nothing; lists one item a line. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map((item) => (isObject(item) ? pythonJson(item) : cellText(item))).join('\n');
  if (isObject(value)) return pythonJson(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** JSON with a blank behind commas and colons, as Python's `json.dumps` writes it. */
export function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}: ${pythonJson(item)}`)
      .join(', ')}}`;
  }
  if (typeof value === 'bigint') return String(value);
  return JSON.stringify(value) ?? 'null';
}
