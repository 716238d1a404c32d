import { CliError } from './errors.ts';

const booleanWords = /^(true|false|t|f|yes|no|y|n|on|off|1|0)$/i;

/**
 * Prepares a command line for commander, as the old client read it: `_` and `-` are the same in option names, a lone `--`
 * (which used to mark unknown options) is dropped, and a boolean option may be a bare flag or have `true` or `false` behind
 * it (other words there are a name: `--shared on` makes a network called `on`).
 *
 * @param booleans names of options with a true or false value, without leading dashes
 */
export function normalizeArguments(argv: readonly string[], booleans: ReadonlySet<string>): string[] {
  const result: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? '';
    if (argument === '--') continue;
    if (!argument.startsWith('--')) {
      result.push(argument);
      continue;
    }
    const equals = argument.indexOf('=');
    const name = (equals < 0 ? argument : argument.slice(0, equals)).replaceAll('_', '-');
    if (equals >= 0) result.push(name + argument.slice(equals));
    else if (!booleans.has(name.slice(2))) result.push(name);
    else if (/^(true|false)$/i.test(argv[i + 1] ?? '')) {
      i += 1;
      result.push(`${name}=${argv[i]}`);
    } else result.push(`${name}=true`);
  }
  return result;
}

export interface SplitArguments {
  /** What stands before the first option that is not known. */
  operands: string[];
  /** Unknown options with their values, by attribute name. */
  extras: Record<string, unknown>;
}

/**
 * Takes apart what commander left: names and ids first, then options it does not know, passed to the server as attributes
 * (or filters). `--key value`, `--key=value`, `--key type=int 5`, `--key type=dict a=1,b=2`, `--key list=true a b`,
 * `--key action=clear`, and `--flag` alone for true.
 * @throws CliError
 */
export function splitArguments(args: readonly string[]): SplitArguments {
  const isOption = (text: string) => /^--[^-]/.test(text);
  const first = args.findIndex(isOption);
  const operands = args.slice(0, first < 0 ? args.length : first);
  const extras: Record<string, unknown> = {};
  for (let i = first < 0 ? args.length : first; i < args.length; ) {
    const [name = '', inline] = splitAt(args[i] ?? '', '=');
    let end = i + 1;
    while (end < args.length && !isOption(args[end] ?? '')) end += 1;
    const words = [...(inline === undefined ? [] : [inline]), ...args.slice(i + 1, end)];
    extras[name.slice(2).replaceAll('-', '_')] = extraValue(name, words);
    i = end;
  }
  return { operands: [...operands], extras };
}

function extraValue(name: string, words: string[]): unknown {
  let type = 'str';
  let isList = false;
  const values = [...words];
  while (values[0] !== undefined && /^(type|list|action)=/.test(values[0])) {
    const [key, value = ''] = splitAt(values.shift() ?? '', '=');
    if (key === 'action') {
      if (value === 'clear') return null;
      throw new CliError(`invalid action '${value}' of ${name}: only clear is known`);
    }
    if (key === 'type') type = value;
    else isList = /^true$/i.test(value);
  }
  if (type === 'list') {
    type = 'str';
    isList = true;
  }
  if (values.length === 0 && !isList) return true;
  const converted = values.map((value) => convert(name, type, value));
  return isList || converted.length > 1 ? converted : converted[0];
}

function convert(name: string, type: string, value: string): unknown {
  if (type === 'str') return value;
  if (type === 'bool') return toBoolean(name, value);
  if (type === 'dict') return toObject(name, value);
  const number = Number(value);
  if (type === 'int' && Number.isSafeInteger(number) && value.trim() !== '') return number;
  if (type === 'float' && Number.isFinite(number) && value.trim() !== '') return number;
  throw new CliError(`invalid value '${value}' of ${name}: not of type ${type}`);
}

/** @throws CliError */
export function toBoolean(name: string, value: string): boolean {
  if (!booleanWords.test(value)) throw new CliError(`invalid value '${value}' of ${name}: neither true nor false`);
  return /^(true|t|yes|y|on|1)$/i.test(value);
}

/**
 * `key=value,key=value`; a piece without `=` belongs to the value before it, so that values may contain commas. JSON too.
 * @throws CliError
 */
export function toObject(name: string, text: string): Record<string, unknown> {
  if (text.startsWith('{')) {
    try {
      return JSON.parse(text) as Record<string, unknown>;
    } catch {
      throw new CliError(`invalid value of ${name}: ${text} is no JSON`);
    }
  }
  const result: Record<string, string> = {};
  let last: string | null = null;
  for (const piece of text === '' ? [] : text.split(',')) {
    const [key = '', value] = splitAt(piece, '=');
    if (value !== undefined) {
      last = key.trim();
      result[last] = value;
    } else if (last !== null) result[last] += `,${piece}`;
    else throw new CliError(`invalid value '${text}' of ${name}: it has the form key=value,key=value`);
  }
  return result;
}

/** Both sides of the first separator; the second is undefined when there is none. */
function splitAt(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
