/**
 * Text of a value as upstream's Python puts it into messages: `%s` prints `None`, `True`, `{'a': 1}`. Clients grep for
 * these texts, so the API's messages print values the same way.
 */

/** As `str(value)`: a string is itself, everything else as `pythonRepr` has it. */
export function pythonString(value: unknown): string {
  return typeof value === 'string' ? value : pythonRepr(value);
}

/** As `repr(value)` of what `json.loads` gives: strings quoted, `None`, `True`, `{'a': [1, 2]}`. */
export function pythonRepr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([key, item]) => `${quoted(key)}: ${pythonRepr(item)}`)
      .join(', ')}}`;
  }
  return String(value);
}

const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Single quotes, or double ones when the text has single quotes only; control characters escaped. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped here
  const body = text.replace(/[\\\u0000-\u001f\u007f]/g, (c) => {
    return escapes[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return quote + (quote === "'" ? body.replaceAll("'", "\\'") : body) + quote;
}

/** As `json.dumps(value)`: blanks behind commas and colons, everything beyond ASCII escaped. */
export function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => `${asciiJson(key)}: ${pythonJson(item)}`);
    return `{${entries.join(', ')}}`;
  }
  return asciiJson(value);
}

function asciiJson(value: unknown): string {
  const escaped = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value ?? null).replace(/[\u007f-\uffff]/g, escaped);
}
