import type { AttributeType, Schema } from './contract.ts';

/**
 * Types of what only the server sets: nothing to check, filters compare text. The schema tells clients what to expect.
 */

function shown(schema: Schema): AttributeType {
  return { schema };
}

export const text = shown({ type: 'string' });
export const textOrNull = shown({ type: ['string', 'null'] });
export const texts = shown({ type: 'array', items: { type: 'string' } });
export const idOrNull = shown({ type: ['string', 'null'], format: 'uuid' });
export const ids = shown({ type: 'array', items: { type: 'string', format: 'uuid' } });
export const flagOrNull = shown({ type: ['boolean', 'null'] });
export const count = shown({ type: 'integer', minimum: 0 });
export const counts = shown({ type: 'array', items: { type: 'integer', minimum: 0 } });

/** A filter by something else finds nothing. */
export const ipVersion: AttributeType = {
  schema: { enum: [4, 6] },
  filter: (text) => (/^\d+$/.test(text) ? Number(text) : null),
};

/** UTC with seconds, `2026-11-23T03:27:11Z`. */
export const time = shown({ type: 'string', format: 'date-time' });

/** Agents' times have a blank and no zone: `2026-11-23 03:27:20`. */
export const agentTime = shown({ type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d$' });

export const object = shown({ type: 'object' });
export const objectOrNull = shown({ type: ['object', 'null'] });

export function oneOf(...values: string[]): AttributeType {
  return shown({ type: 'string', enum: values });
}

/** A list of objects with these keys; others may come. */
export function objects(properties: Readonly<Record<string, Schema>>): AttributeType {
  return shown({ type: 'array', items: { type: 'object', properties } });
}
