import type { Context } from '../../lib/context.ts';
import { NeutronError } from '../../lib/errors.ts';
import { everything } from '../../lib/query.ts';
import type { Collection } from '../../plugin/contract.ts';
import type { Check } from '../../policy/check.ts';
import { asksFor, evaluate, type Target as RuleTarget } from '../../policy/evaluate.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Item, Target } from '../call.ts';
import type { Rights, RightsOfCaller, Verdict } from '../gate.ts';
import type { ServedResource } from '../served-resource.ts';
import { neededFor, Parents } from './parents.ts';
import { ruleName } from './rule-names.ts';

/** Ids in one question to the database. */
const AT_ONCE = 100;

/** The rules of a verb, as far as the caller decides them: its own, those of attributes (`shared`, `fixed_ips:ip_address`). */
interface Demand {
  readonly verb: Check;
  readonly attributes: readonly (readonly [name: string, check: Check])[];
}

interface Demands {
  readonly show: Check;
  readonly create: Demand;
  readonly update: Demand;
  readonly delete: Check;
  readonly actions: readonly (readonly [rule: string, check: Check])[];
}

interface RightsParts {
  readonly policy: Policy;
  readonly collections: Readonly<Record<string, Collection<Item> | undefined>>;
  readonly collectionOf: (target: Target) => Collection<Item>;
}

/** What a caller may do, by the same rules and the same look at objects and parents as `requirePermission` takes. */
export function rightsOfCaller({ policy, collections, collectionOf }: RightsParts): RightsOfCaller {
  return {
    own(context, resource) {
      return judged(demandsOf(policy, context, resource), ofProject(context, resource), context, resource);
    },
    isJudged(context, resource) {
      const { update, delete: remove, actions } = demandsOf(policy, context, resource);
      return !checksOf(update, remove, actions).every(({ kind }) => kind === 'true' || kind === 'false');
    },
    async made(context, target, input) {
      const { resource } = target;
      const { create } = demandsOf(policy, context, resource);
      const parents = new Parents(collections, context);
      const item = { ...(resource.hasProject && { project_id: context.projectId }), ...input };
      const names = checksOf(create).flatMap(asksFor);
      await parents.load([item], target, names);
      return newVerdict(create, parents.target(item, target), context, resource);
    },
    async stored(context, target, ids) {
      const { resource } = target;
      const demands = demandsOf(policy, context, resource);
      const { show, update, delete: remove, actions } = demands;
      const names = [show, ...checksOf(update, remove, actions)].flatMap(asksFor);
      const fields = [...new Set([resource.definition.key ?? 'id', ...neededFor(names, resource)])];
      const items = await read(collectionOf(target), context, resource, { ids, fields });
      const parents = new Parents(collections, context);
      await parents.load(items, target, names);
      const found = new Map<string, Rights>();
      for (const item of items) {
        const about = parents.target(item, target);
        if (!evaluate(show, about)) continue;
        found.set(String(item[resource.definition.key ?? 'id']), judged(demands, about, context, resource));
      }
      return found;
    },
  };
}

function demandsOf(policy: Policy, context: Context, resource: ServedResource): Demands {
  const check = (verb: Parameters<typeof ruleName>[0]) => policy.decide(context, ruleName(verb, resource));
  const rules = (resource.definition.routes ?? []).flatMap(({ rule }) => rule ?? []);
  return {
    show: check('get'),
    create: demandOf(policy, context, 'create', resource),
    update: demandOf(policy, context, 'update', resource),
    delete: check('delete'),
    actions: [...new Set(rules)].map((rule) => [rule, policy.decide(context, rule)]),
  };
}

/** An attribute is asked for when it has a rule, and then each of its members that has one. */
function demandOf(policy: Policy, context: Context, verb: 'create' | 'update', resource: ServedResource): Demand {
  const rule = ruleName(verb, resource);
  const names = [...resource.attributes].flatMap(([name, { type }]) =>
    policy.has(`${rule}:${name}`)
      ? [name, ...membersOf(type.schema).map((member) => `${name}:${member}`)].filter((each) =>
          policy.has(`${rule}:${each}`),
        )
      : [],
  );
  return {
    verb: policy.decide(context, rule),
    attributes: names.map((name) => [name, policy.decide(context, `${rule}:${name}`)]),
  };
}

/** Members that a value may have, of an object or of those in a list. */
function membersOf(schema: unknown): string[] {
  const { properties, items } = (schema ?? {}) as { properties?: object; items?: { properties?: object } };
  return Object.keys(properties ?? items?.properties ?? {});
}

function checksOf(demand: Demand, ...more: (Check | Demands['actions'])[]): Check[] {
  return [
    demand.verb,
    ...demand.attributes.map(([, check]) => check),
    ...more.flatMap((one) => ('kind' in one ? [one] : one.map(([, check]) => check))),
  ];
}

function judged(demands: Demands, target: RuleTarget, context: Context, resource: ServedResource): Rights {
  return {
    create: newVerdict(demands.create, target, context, resource),
    update: verdict(demands.update, target),
    delete: evaluate(demands.delete, target),
    actions: Object.fromEntries(demands.actions.map(([rule, check]) => [rule, evaluate(check, target)])),
  };
}

function verdict({ verb, attributes }: Demand, target: RuleTarget): Verdict {
  const refused = attributes.filter(([, check]) => !evaluate(check, target)).map(([name]) => name);
  return { allowed: evaluate(verb, target), refused };
}

/** For another project only those create whose input takes it (`createInput`), and whose rule holds for nobody's project. */
function newVerdict(demand: Demand, target: RuleTarget, context: Context, { hasProject }: ServedResource): Verdict {
  const { allowed, refused } = verdict(demand, target);
  const ofOther: RuleTarget = (name) => (/^(project|tenant)_id$/.test(name) ? '' : target(name));
  const forOthers = (context.isAdmin || context.roles.includes('advsvc')) && evaluate(demand.verb, ofOther);
  return { allowed, refused: hasProject && !forOthers ? [...refused, 'project_id', 'tenant_id'] : refused };
}

/** A new object of the caller's own project, on what is its own as well. */
function ofProject({ projectId }: Context, { hasProject }: ServedResource): RuleTarget {
  return (name) => {
    if (name === 'project_id' || name === 'tenant_id') return hasProject ? projectId : undefined;
    if (/:(project|tenant)_id$/.test(name)) return projectId;
    return name === 'shared' || name === 'router:external' ? false : undefined;
  };
}

async function read(
  collection: Collection<Item>,
  context: Context,
  { filterable }: ServedResource,
  { ids, fields }: { ids: readonly string[]; fields: readonly string[] },
): Promise<Item[]> {
  const found: Item[] = [];
  if (!filterable.has('id')) {
    for (const id of ids) {
      const item = await collection.get(context, id, fields).catch(nothing);
      if (item !== null) found.push(item);
    }
    return found;
  }
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    const query = { ...everything, filters: { id: ids.slice(start, start + AT_ONCE) }, fields };
    const page = await collection.list(context, query);
    found.push(...(page.items ?? (JSON.parse(Buffer.from(page.json).toString()) as Item[])));
  }
  return found;
}

function nothing(error: unknown): null {
  if (error instanceof NeutronError && error.kind === 'not_found') return null;
  throw error;
}
