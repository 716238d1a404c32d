import type { AnyOption } from '../lib/options.ts';

/** A value of the option's type, or what is wrong with the text. */
export type Parsed = { value: unknown; wrong?: undefined } | { value?: undefined; wrong: string };

const TRUE = ['true', '1', 'on', 'yes'];
const FALSE = ['false', '0', 'off', 'no'];

/**
 * Turns the texts a file gives for one option (several only for `multi`) into a value of the option's type, by
 * oslo.config's rules, and runs the option's own check on it.
 */
export function parseValue(declared: AnyOption, texts: readonly string[]): Parsed {
  const parsed = convert(declared, texts);
  if (parsed.wrong !== undefined || parsed.value === null) return parsed;
  const wrong = declared.check?.(parsed.value) ?? null;
  return wrong === null ? parsed : { wrong };
}

function convert(declared: AnyOption, texts: readonly string[]): Parsed {
  const text = texts.at(-1) ?? '';
  switch (declared.kind) {
    case 'multi':
      return { value: texts };
    case 'string':
      return parseString(declared, text);
    case 'bool':
      return parseBool(text);
    case 'int':
    case 'float':
      return parseNumber(declared, text.trim());
    case 'list':
      return { value: splitList(text) };
    case 'dict':
      return parseDict(text);
  }
}

/** For an option that may be unset, an empty value unsets it. */
function parseString(declared: AnyOption, text: string): Parsed {
  if (text === '' && declared.default === null) return { value: null };
  const { choices } = declared;
  if (!choices) return { value: text };
  const choice = choices.find((c) => c.toLowerCase() === text.toLowerCase());
  return choice === undefined
    ? { wrong: `must be one of ${choices.map((c) => c || '(empty)').join(', ')}` }
    : { value: choice };
}

function parseBool(text: string): Parsed {
  const word = text.trim().toLowerCase();
  if (TRUE.includes(word)) return { value: true };
  if (FALSE.includes(word)) return { value: false };
  return { wrong: 'is neither true nor false; write True or False' };
}

/** An empty number means "as if it were not written": operators comment values out that way. */
function parseNumber(declared: AnyOption, text: string): Parsed {
  if (text === '') return { value: declared.default };
  const whole = declared.kind === 'int';
  if (!(whole ? /^[+-]?\d+$/ : /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i).test(text)) {
    return { wrong: whole ? 'is not a whole number' : 'is not a number' };
  }
  const value = Number(text);
  if (whole && !Number.isSafeInteger(value)) return { wrong: 'is too large a number' };
  const { min, max } = declared;
  if (min !== undefined && value < min)
    return { wrong: `must be ${max === undefined ? `at least ${min}` : `between ${min} and ${max}`}` };
  if (max !== undefined && value > max)
    return { wrong: `must be ${min === undefined ? `at most ${max}` : `between ${min} and ${max}`}` };
  return { value };
}

/** Items between commas, without blanks around them; empty ones are left out (`a,b,` is what people write). */
function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function parseDict(text: string): Parsed {
  const value: Record<string, string> = Object.create(null);
  for (const item of splitList(text)) {
    const at = item.indexOf(':');
    if (at < 0) return { wrong: `"${item}" is not key:value` };
    const key = item.slice(0, at).trim();
    if (key === '') return { wrong: `"${item}" has no key; write key:value` };
    if (key in value) return { wrong: `key ${key} is given twice; keep one` };
    value[key] = item.slice(at + 1).trim();
  }
  return { value: { ...value } };
}
