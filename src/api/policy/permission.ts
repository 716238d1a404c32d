import { type Context, seesEverything } from '../../lib/context.ts';
import type { Collection, CorePlugin, Input } from '../../plugin/contract.ts';
import type { Check } from '../../policy/check.ts';
import { asksFor, evaluate, type Target } from '../../policy/evaluate.ts';
import type { Policy } from '../../policy/policy.ts';
import { type Attribute, unset } from '../../resources/contract.ts';
import type { Call, Item } from '../call.ts';
import { apiErrors } from '../errors.ts';
import { neededFor, Parents } from './parents.ts';
import { ruleName } from './rule-names.ts';

/** What the decision needs besides the rules. */
export interface PermissionParts {
  readonly policy: Policy;
  readonly plugin: Pick<CorePlugin, 'collections' | 'checkQuota'>;
  /** The collection that a call is about. */
  readonly collectionOf: (call: Call) => Collection<Item>;
}

/**
 * Whether the caller may do what a call asks for (upstream: pecan_wsgi/hooks/policy_enforcement.py). What it does not see is
 * not found; what it sees and may not change is refused.
 *
 * @throws PolicyNotAuthorized, and not-found errors of the resource or of what it would belong to; OverQuota where that
 * would be said first
 */
export async function requirePermission(parts: PermissionParts, call: Call): Promise<void> {
  switch (call.operation) {
    case 'create':
      return onCreate(parts, call);
    case 'update':
    case 'delete':
      return onStored(parts, call);
    case 'route':
      return onRoute(parts, call);
    default:
      return;
  }
}

/** A rule that must hold, and (for what is refused) how the request's rules read together. */
interface Demand {
  readonly checks: readonly Check[];
  readonly text: () => string;
}

async function onCreate(parts: PermissionParts, call: Call): Promise<void> {
  const { context, inputs } = call;
  const rule = ruleName('create', call.resource);
  const parents = new Parents(parts.plugin.collections, context);
  const demands = inputs.map((input) => demandOf(parts.policy, call, rule, input, createdWith));
  const takesRoom = onNetworks.has(call.resource.member) && !seesEverything(context);
  const asked = [...demands.flatMap(({ checks }) => checks.flatMap(asksFor)), ...(takesRoom ? placeNames : [])];
  const open = [...new Set(asked)];
  if (open.length > 0) await parents.load(inputs, call, open);
  for (const [i, { checks, text }] of demands.entries()) {
    const target = parents.target(inputs[i]!, call);
    if (takesRoom && !isOpenTo(target)) {
      await requireVisibleParent(parts, context, inputs[i]!);
      const { member } = call.resource;
      const message = `Tenant ${target('project_id')} not allowed to create ${member} on this network`;
      throw apiErrors.HTTPForbidden({ message });
    }
    if (checks.every((check) => evaluate(check, target))) continue;
    await requireVisibleParent(parts, context, inputs[i]!);
    await parts.plugin.checkQuota(call.resource.member, inputs);
    throw apiErrors.PolicyNotAuthorized({ rules: text() });
  }
}

/** What takes room on a network, whatever the rules say, and what must be known of the network. */
const onNetworks: ReadonlySet<string> = new Set(['port', 'subnet']);
const placeNames = ['network:project_id', 'shared'];

/**
 * Whether the network is the project's own or shared with it. One that it only sees as a way outside is no place for its
 * ports (upstream: pecan_wsgi/hooks/ownership_validation.py).
 */
function isOpenTo(target: Target): boolean {
  return target('shared') === true || target('network:project_id') === target('project_id');
}

/** Something made on a network that the caller does not see: the network is not found, whatever else is wrong. */
async function requireVisibleParent({ plugin }: PermissionParts, context: Context, input: Input): Promise<void> {
  const { collections } = plugin;
  if (typeof input.network_id === 'string') await collections.networks.get(context, input.network_id, ['id']);
  const groups = collections.security_groups;
  if (typeof input.security_group_id === 'string') await groups?.get(context, input.security_group_id, ['id']);
}

async function onStored(parts: PermissionParts, call: Call): Promise<void> {
  const { policy, plugin, collectionOf } = parts;
  const { context, resource, id, operation } = call;
  const [changes = {}] = call.inputs;
  const verb = operation === 'update' ? 'update' : 'delete';
  const demand = demandOf(
    policy,
    call,
    ruleName(verb, resource),
    changes,
    verb === 'update' ? updatedWith : () => false,
  );
  if (demand.checks.every(({ kind }) => kind === 'true')) return;
  const show = policy.decide(context, ruleName('get', resource));
  const asked = [show, ...demand.checks].flatMap(asksFor);
  // Only what the rules look at: a whole port is six tables.
  const stored = await collectionOf(call).get(context, id!, neededFor(asked, resource));
  const parents = new Parents(plugin.collections, context);
  await parents.load([stored], call, asked);
  const target = parents.target({ ...stored, ...changes }, call);
  if (demand.checks.every((check) => evaluate(check, target))) return;
  if (!evaluate(show, parents.target(stored, call))) throw apiErrors.HTTPNotFound();
  throw apiErrors.PolicyNotAuthorized({ rules: demand.text() });
}

async function onRoute(parts: PermissionParts, call: Call): Promise<void> {
  const { policy, plugin } = parts;
  const { context, resource } = call;
  const { rule, free } = call.route!.definition;
  if (rule === null || (free === 'own_project' && call.id === context.projectId)) return;
  const check = policy.decide(context, rule);
  // Whoever may do it with anything still does it only with what he sees.
  if (check.kind === 'true' && seesEverything(context)) return;
  const parents = new Parents(plugin.collections, context);
  const item = await targetOfRoute(parts, call, asksFor(check));
  const place = { resource, parentId: call.id };
  await parents.load([item], place, asksFor(check));
  if (evaluate(check, parents.target(item, place))) return;
  throw apiErrors.PolicyNotAuthorized({ rules: `rule:${rule}` });
}

/**
 * What a route's rule is about: the resource in its path, or (`quotas/{project_id}`) the project there.
 * @param names what the rule asks of it
 */
async function targetOfRoute({ plugin }: PermissionParts, call: Call, names: readonly string[]): Promise<Item> {
  const { definition } = call.resource;
  const first = /^[^{]*\{(\w+)\}/.exec(call.route!.definition.path)?.[1];
  if (first === undefined || call.id === null) return {};
  if (first === 'project_id') return { project_id: call.id };
  const found = plugin.collections[definition.parent?.collection ?? definition.collection];
  if (found === undefined) return {};
  return found.get(call.context, call.id, definition.parent === undefined ? neededFor(names, call.resource) : null);
}

type Given = (attribute: Attribute, value: unknown) => boolean;

/** On create a value counts that is not what would be there anyway. */
const createdWith: Given = (attribute, value) =>
  value !== undefined && (attribute.default === unset || JSON.stringify(value) !== JSON.stringify(attribute.default));
const updatedWith: Given = (_, value) => value !== undefined;

/**
 * The rules of a request: of the verb, of each attribute given that has one, and of the members of its values.
 */
function demandOf(policy: Policy, call: Call, rule: string, input: Input, given: Given): Demand {
  const { context, resource } = call;
  const names: (string | readonly string[])[] = [];
  for (const [name, attribute] of resource.attributes) {
    if (!Object.hasOwn(input, name) || !given(attribute, input[name])) continue;
    const own = `${rule}:${name}`;
    if (!policy.has(own)) continue;
    const below = membersOf(input[name])
      .map((member) => `${own}:${member}`)
      .filter((each) => policy.has(each));
    names.push(below.length === 0 ? own : [own, ...below]);
  }
  const all = [rule, ...names.flat()];
  return {
    checks: all.map((name) => policy.decide(context, name)),
    text: () => names.reduce<string>((text, name) => `(${text} and ${joined(name)})`, `rule:${rule}`),
  };
}

function joined(name: string | readonly string[]): string {
  if (typeof name === 'string') return `rule:${name}`;
  const [own, ...below] = name.map((each) => `rule:${each}`);
  return `(${own} and (${below.join(' and ')}))`;
}

/** Keys of an object, or of those in a list: `ip_address` of `fixed_ips`, `enable_snat` of `external_gateway_info`. */
function membersOf(value: unknown): string[] {
  const keys = (Array.isArray(value) ? value : [value]).flatMap((item) =>
    typeof item === 'object' && item !== null ? Object.keys(item) : [],
  );
  return [...new Set(keys)];
}
