import { allOf, always, anyOf, type Check, never, opposite, placeholders } from './check.ts';
import type { Credentials } from './credentials.ts';

/** The rules that `rule:` names lead to; one that is not there is the rule `default`, and without that nobody may. */
export type RuleBook = ReadonlyMap<string, Check>;

/**
 * What is left of a check when the caller is known: true, false, or a check on the object alone. For most requests that
 * decides; lists need to look at single objects only when something is left.
 */
export function reduce(check: Check, caller: Credentials, rules: RuleBook, busy: readonly string[] = []): Check {
  switch (check.kind) {
    case 'true':
    case 'false':
    case 'field':
      return check;
    case 'and':
      return allOf(check.of.map((part) => reduce(part, caller, rules, busy)));
    case 'or':
      return anyOf(check.of.map((part) => reduce(part, caller, rules, busy)));
    case 'not':
      return opposite(reduce(check.of, caller, rules, busy));
    case 'role':
      return decided(caller.roles.has(check.role.toLowerCase()));
    case 'rule': {
      const named = rules.get(check.name) ?? rules.get('default') ?? never;
      // Circles are refused when files are read; this one can only be in rules nobody checked.
      if (busy.includes(check.name)) return never;
      return reduce(named, caller, rules, [...busy, check.name]);
    }
    case 'match':
      return reduceMatch(check.left, check.right, caller);
  }
}

function decided(holds: boolean): Check {
  return holds ? always : never;
}

/**
 * `left` is a literal (`'x'`, `True`, `5`) or the name of something of the caller, with dots into what is nested; `right` is
 * text, or has places for attributes of the object.
 */
function reduceMatch(left: string, right: string, caller: Credentials): Check {
  const literal = literalOf(left);
  const values = literal === null ? membersOf(pick(caller.values, left)) : [literal];
  if (values.length === 0) return never;
  if (placeholders(right).length === 0) return decided(values.includes(right));
  // What the object must show to hold: `evaluate` compares it with these.
  return { kind: 'match', left: JSON.stringify(values), right };
}

function literalOf(text: string): string | null {
  const quoted = /^'(.*)'$/s.exec(text) ?? /^"(.*)"$/s.exec(text);
  if (quoted) return quoted[1]!;
  return /^(True|False|None|\d+)$/.test(text) ? text : null;
}

/** `a.b.c` in nested values; a list on the way stands for each of its members. */
function pick(values: unknown, path: string): unknown {
  let found: unknown[] = [values];
  for (const name of path.split('.')) {
    found = found
      .flatMap((value) => (Array.isArray(value) ? value : [value]))
      .flatMap((value) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, name)
          ? [(value as Record<string, unknown>)[name]]
          : [],
      );
  }
  return found.flat();
}

/** As texts, in Python's spelling; null is nothing. */
function membersOf(value: unknown): string[] {
  const members = Array.isArray(value) ? value : [value];
  return members.filter((member) => member !== null && member !== undefined).map(pythonText);
}

export function pythonText(value: unknown): string {
  if (value === true) return 'True';
  if (value === false) return 'False';
  return value === null || value === undefined ? 'None' : String(value);
}
