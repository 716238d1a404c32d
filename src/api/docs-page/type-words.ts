import type { Schema } from '../../resources/contract.ts';

interface Shape {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
}

/** A schema in words: `uuid or null`, `text up to 255`, `list of {start, end}`, `4, 6`. */
export function typeWords(schema: Schema): string {
  return wordsOf(schema as Shape);
}

function wordsOf(shape: Shape): string {
  if (shape.enum !== undefined) return shape.enum.map((value) => (value === null ? 'null' : String(value))).join(', ');
  const types = [shape.type ?? []].flat();
  if (types.length === 0) return 'any';
  const isNull = types.includes('null');
  const word = types.filter((type) => type !== 'null').map((type) => wordOf(type, shape));
  return [...word, ...(isNull ? ['null'] : [])].join(' or ');
}

function wordOf(type: string, shape: Shape): string {
  switch (type) {
    case 'string':
      return textWord(shape);
    case 'integer':
      return numberWord(shape);
    case 'array':
      return `list of ${shape.items === undefined ? 'any' : wordsOf(shape.items)}`;
    case 'object':
      return objectWord(shape);
    default:
      return type;
  }
}

function textWord({ format, maxLength }: Shape): string {
  if (format === 'uuid') return 'uuid';
  if (format === 'date-time') return 'time';
  return maxLength === undefined ? 'text' : `text up to ${maxLength}`;
}

function numberWord({ minimum, maximum }: Shape): string {
  if (minimum === undefined) return 'number';
  return maximum === undefined ? `number from ${minimum}` : `number from ${minimum} to ${maximum}`;
}

/** Keys that may be left out have a question mark. */
function objectWord({ properties, required = [] }: Shape): string {
  if (properties === undefined) return 'object';
  const keys = Object.keys(properties).map((key) => (required.includes(key) ? key : `${key}?`));
  return `{${keys.join(', ')}}`;
}

/** A default as a client would write it. */
export function defaultWords(value: unknown): string {
  return value === '' ? '""' : JSON.stringify(value);
}
