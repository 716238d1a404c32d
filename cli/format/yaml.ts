import { pythonJson } from './python.ts';

type Mapping = Readonly<Record<string, unknown>>;

/** One mapping a record, as a list (`- id: …`). */
export function yamlList(records: readonly Mapping[]): string {
  if (records.length === 0) return '[]\n';
  return records
    .map((record) => yamlMapping(record).replace(/^/gm, '  ').replace(/^ {2}/, '- ').trimEnd())
    .join('\n')
    .concat('\n');
}

export function yamlMapping(record: Mapping): string {
  return Object.entries(record)
    .map(([key, value]) => `${scalar(key)}: ${scalar(value)}\n`)
    .join('');
}

/** Plain where it cannot be taken for anything else, else in quotes; double ones (JSON's) when it has control characters. */
function scalar(value: unknown): string {
  // Lists and mappings in flow style, which is JSON's.
  if (typeof value !== 'string') return pythonJson(value);
  const isPlain = /^[A-Za-z_/][\w ./:@+-]*$/.test(value) && !/: |:$| $| #/.test(value) && !reserved.test(value);
  if (isPlain) return value;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these cannot stand in single quotes
  return /[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(value) ? JSON.stringify(value) : `'${value.replaceAll("'", "''")}'`;
}

const reserved = /^(true|false|yes|no|on|off|null|y|n|~)$/i;
