import { type Check, placeholders } from './check.ts';
import { pythonText } from './reduce.ts';

/** The object a rule is about: its attributes, and those of what it belongs to (`network:project_id`); undefined: it has none. */
export type Target = (name: string) => unknown;

/** Whether a reduced check holds for one object. */
export function evaluate(check: Check, target: Target): boolean {
  switch (check.kind) {
    case 'true':
      return true;
    case 'and':
      return check.of.every((part) => evaluate(part, target));
    case 'or':
      return check.of.some((part) => evaluate(part, target));
    case 'not':
      return !evaluate(check.of, target);
    case 'field':
      return fieldHolds(target(check.field), check.value);
    case 'match':
      return matchHolds(JSON.parse(check.left) as string[], check.right, target);
    default:
      return false;
  }
}

function fieldHolds(value: unknown, wanted: string): boolean {
  if (value === undefined || value === null) return false;
  if (wanted.startsWith('~')) return typeof value === 'string' && anchored(wanted.slice(1)).test(value);
  if (typeof value === 'boolean') return value === /^(true|1|yes|on|t|y)$/i.test(wanted);
  return pythonText(value) === wanted;
}

const patterns = new Map<string, RegExp>();

/** From the start, as Python's `match` is. */
function anchored(pattern: string): RegExp {
  let known = patterns.get(pattern);
  if (known === undefined) {
    known = new RegExp(`^(?:${pattern})`);
    patterns.set(pattern, known);
  }
  return known;
}

function matchHolds(values: readonly string[], template: string, target: Target): boolean {
  let missing = false;
  const text = template.replace(/%\(([^)]*)\)s/g, (_, name: string) => {
    const value = target(name);
    if (value === undefined) missing = true;
    return pythonText(value);
  });
  return !missing && values.includes(text);
}

/** Names of the object's attributes that a reduced check looks at. */
export function asksFor(check: Check): string[] {
  switch (check.kind) {
    case 'and':
    case 'or':
      return [...new Set(check.of.flatMap(asksFor))];
    case 'not':
      return asksFor(check.of);
    case 'field':
      return [check.field];
    case 'match':
      return placeholders(check.right);
    default:
      return [];
  }
}
