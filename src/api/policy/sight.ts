import { type Context, seesEverything } from '../../lib/context.ts';
import type { Way } from '../../lib/query.ts';
import { type Check, placeholders } from '../../policy/check.ts';
import { asksFor, evaluate } from '../../policy/evaluate.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Visibility } from '../../resources/contract.ts';
import type { Item, Target } from '../call.ts';
import type { ServedResource } from '../served-resource.ts';
import { type Parents, parentsOf } from './parents.ts';
import { ruleName } from './rule-names.ts';

/** What a caller may see of one resource. */
export interface Sight {
  /** Which objects: all, none, or those for which the check holds. */
  readonly objects: Check;
  /** The check as ways by which the database narrows lists, where it is exactly that; null: it is not. */
  readonly ways: readonly Way[] | null;
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
  const narrowing = narrowingOf(context, resource);
  const proven = (check: Check): Check => (narrowing && coversAll(check, narrowing) ? { kind: 'true' } : check);
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
  const objects = proven(policy.decide(context, show));
  const ways = narrowing && judged.length === 0 ? waysOf(objects, narrowing, context) : null;
  return { objects, ways, hidden, judged };
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

/** How the database narrows lists of a resource for this caller; null: not at all. */
interface Narrowing {
  readonly visibility: readonly Visibility[];
  /** What its objects belong to. */
  readonly parents: readonly string[];
}

function narrowingOf(context: Context, resource: ServedResource): Narrowing | null {
  const { visibility } = resource.definition;
  if (visibility === undefined || seesEverything(context)) return null;
  return { visibility, parents: parentsOf(resource) };
}

function alternativesOf(check: Check): readonly Check[] {
  return check.kind === 'or' ? check.of : [check];
}

/** Whether a disjunction holds for every way in which the database may have let an object through. */
function coversAll(check: Check, { visibility, parents }: Narrowing): boolean {
  if (check.kind === 'true' || check.kind === 'false') return false;
  const alternatives = alternativesOf(check);
  return visibility.every((way) => alternatives.some((alternative) => isGrantedBy(alternative, way, parents)));
}

function isGrantedBy(check: Check, way: Visibility, parents: readonly string[]): boolean {
  switch (way) {
    case 'owner':
    case 'parent_owner':
      return wayOf(check, parents) === way;
    case 'shared':
    case 'parent_shared':
      return check.kind === 'field' && check.field === 'shared' && check.value === 'True';
    case 'external':
    case 'parent_external':
      return check.kind === 'field' && check.field === 'router:external' && check.value === 'True';
  }
}

/**
 * A check that asks for nothing but the caller's project in `project_id` of the object, or of what it belongs to, is what the
 * database narrows by: upstream's rule for security group rules, say, where the group's project alone counts.
 */
function waysOf(check: Check, { visibility, parents }: Narrowing, { projectId }: Context): Way[] | null {
  const ways: Way[] = [];
  for (const alternative of alternativesOf(check)) {
    const way = wayOf(alternative, parents);
    const ofProject = alternative.kind === 'match' && alternative.left === JSON.stringify([projectId]);
    if (way === null || !ofProject || !visibility.includes(way)) return null;
    ways.push(way);
  }
  return ways;
}

/** A reduced match holds the caller's own values, so that the name on the other side tells whose project it asks for. */
function wayOf(check: Check, parents: readonly string[]): Way | null {
  if (check.kind !== 'match') return null;
  const [name = ''] = placeholders(check.right);
  const [, parent, of] = /^(?:(\w+):)?(project_id|tenant_id)$/.exec(name) ?? [];
  if (of === undefined || check.right !== `%(${name})s`) return null;
  if (parent === undefined) return 'owner';
  return parents.includes(parent) ? 'parent_owner' : null;
}
