/**
 * A policy rule as a tree (upstream: oslo.policy `_checks`). Everything about policy works on this: `language.ts` reads and
 * prints it, `reduce.ts` decides as much as the caller alone decides, `evaluate.ts` the rest for one object.
 */
export type Check =
  | { readonly kind: 'true' }
  | { readonly kind: 'false' }
  | { readonly kind: 'and'; readonly of: readonly Check[] }
  | { readonly kind: 'or'; readonly of: readonly Check[] }
  | { readonly kind: 'not'; readonly of: Check }
  /** `rule:name`: another rule. */
  | { readonly kind: 'rule'; readonly name: string }
  /** `role:member`: the caller has the role, in any case. */
  | { readonly kind: 'role'; readonly role: string }
  /** `field:networks:shared=True`, `field:port:device_owner=~^network:`: an attribute of the object. */
  | { readonly kind: 'field'; readonly resource: string; readonly field: string; readonly value: string }
  /** `project_id:%(project_id)s`, `'admin':%(name)s`, `is_admin:True`: something of the caller equals something else. */
  | { readonly kind: 'match'; readonly left: string; readonly right: string };

export const always: Check = { kind: 'true' };
export const never: Check = { kind: 'false' };

/** The same as `or` of these, with what is decided taken out. */
export function anyOf(checks: readonly Check[]): Check {
  return combine('or', checks, always, never);
}

/** The same as `and` of these, with what is decided taken out. */
export function allOf(checks: readonly Check[]): Check {
  return combine('and', checks, never, always);
}

function combine(kind: 'and' | 'or', checks: readonly Check[], decides: Check, idle: Check): Check {
  const rest: Check[] = [];
  for (const check of checks) {
    if (check.kind === decides.kind) return decides;
    if (check.kind === idle.kind) continue;
    if (check.kind === kind) rest.push(...check.of);
    else rest.push(check);
  }
  if (rest.length === 0) return idle;
  return rest.length === 1 ? rest[0]! : { kind, of: rest };
}

/** Negation. */
export function opposite(check: Check): Check {
  if (check.kind === 'true') return never;
  if (check.kind === 'false') return always;
  return check.kind === 'not' ? check.of : { kind: 'not', of: check };
}

/** The names of the object's attributes that a check's text speaks of: `%(network:project_id)s` → `network:project_id`. */
export function placeholders(text: string): string[] {
  return [...text.matchAll(/%\(([^)]*)\)s/g)].map(([, name]) => name!);
}
