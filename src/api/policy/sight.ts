import { type Context, seesEverything } from '../../lib/context.ts';
import { type Check, placeholders } from '../../policy/check.ts';
import { asksFor, evaluate } from '../../policy/evaluate.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Visibility } from '../../resources/contract.ts';
import type { Item, Target } from '../call.ts';
import type { ServedResource } from '../served-resource.ts';
import type { Parents } from './parents.ts';
import { ruleName } from './rule-names.ts';

/** What a caller may see of one resource. */
export interface Sight {
  /** Which objects: all, none, or those for which the check holds. */
  readonly objects: Check;
  /** Attributes that nobody like the caller sees. */
  readonly hidden: readonly string[];
  /** Attributes that depend on the object. */
  readonly judged: readonly (readonly [name: string, check: Check])[];
}

/**
 * Works out what a caller sees. The database narrows lists to what is the caller's or opened to it (`visibility`); a rule
 * that holds for each of those ways needs no look at single objects.
 */
export function sightOf(policy: Policy, context: Context, resource: ServedResource): Sight {
  const narrowed = seesEverything(context) ? undefined : resource.definition.visibility;
  const proven = (check: Check): Check => (coversAll(check, narrowed) ? { kind: 'true' } : check);
  const show = ruleName('get', resource);
  const hidden: string[] = [];
  const judged: [string, Check][] = [];
  for (const [name, attribute] of resource.attributes) {
    const rule = `${show}:${name}`;
    if (!attribute.ops.includes('R') || !policy.has(rule)) continue;
    const check = proven(policy.decide(context, rule));
    if (check.kind === 'false') hidden.push(name);
    else if (check.kind !== 'true') judged.push([name, check]);
  }
  return { objects: proven(policy.decide(context, show)), hidden, judged };
}

/** Whether a list must be looked at object by object. */
export function judgesObjects({ objects, judged }: Sight): boolean {
  return judged.length > 0 || (objects.kind !== 'true' && objects.kind !== 'false');
}

/** Those objects that the caller may see, without what it may not see of them. */
export async function seen(
  sight: Sight,
  items: readonly Item[],
  place: Target,
  parents: Parents,
  how: { all: boolean } = { all: false },
): Promise<Item[]> {
  const names = [sight.objects, ...sight.judged.map(([, check]) => check)].flatMap(asksFor);
  if (names.length > 0) await parents.load(items, place, names);
  const shown: Item[] = [];
  for (const item of items) {
    const target = parents.target(item, place);
    if (!how.all && !evaluate(sight.objects, target)) continue;
    const drop = [
      ...sight.hidden,
      ...sight.judged.filter(([, check]) => !evaluate(check, target)).map(([name]) => name),
    ];
    shown.push(drop.length === 0 ? item : without(item, drop));
  }
  return shown;
}

function without(item: Item, names: readonly string[]): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !names.includes(name)));
}

/** Whether a disjunction holds for every way in which the database may have let an object through. */
function coversAll(check: Check, visibility: readonly Visibility[] | undefined): boolean {
  if (visibility === undefined || check.kind === 'true' || check.kind === 'false') return false;
  const alternatives = check.kind === 'or' ? check.of : [check];
  return visibility.every((way) => alternatives.some((alternative) => isGrantedBy(alternative, way)));
}

function isGrantedBy(check: Check, way: Visibility): boolean {
  switch (way) {
    case 'owner':
      return check.kind === 'match' && ofProject(check.right, '');
    case 'parent_owner':
      return check.kind === 'match' && ofProject(check.right, '\\w+:');
    case 'shared':
    case 'parent_shared':
      return check.kind === 'field' && check.field === 'shared' && check.value === 'True';
    case 'external':
    case 'parent_external':
      return check.kind === 'field' && check.field === 'router:external' && check.value === 'True';
  }
}

/** A reduced match holds the caller's own values, so that the name on the other side is all that counts. */
function ofProject(right: string, parent: string): boolean {
  const [name, ...others] = placeholders(right);
  if (name === undefined || others.length > 0 || right !== `%(${name})s`) return false;
  return new RegExp(`^${parent}(project_id|tenant_id)$`).test(name);
}
