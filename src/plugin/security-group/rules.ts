import { randomUUID } from 'node:crypto';
import { groupFacts, groupRows, isDefaultGroup, ruleRows, sameRule } from '../../db/write/security-groups.ts';
import type { Context } from '../../lib/context.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import { inTurns } from '../../lib/turns.ts';
import type { RuleMatch, SecurityGroupRule } from '../../resources/shapes.ts';
import { addressGroupErrors } from '../address-group/errors.ts';
import { addressGroupSpec } from '../address-group/storage.ts';
import { type Change, checkRevision } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { type StoredReads, storedReads } from '../stored/reads.ts';
import { securityGroupErrors as errors } from './errors.ts';
import { keyOfMatch, normalizedCidr, normalMatch } from './match.ts';
import { checkVisible } from './port-groups.ts';
import { ruleSpec } from './storage.ts';

/** The rules of security groups, by themselves (upstream: db/securitygroups_db.py). */
export class SecurityGroupRules implements Collection<SecurityGroupRule> {
  readonly get: StoredReads<SecurityGroupRule>['get'];
  readonly #machine: Machine;
  readonly #reads: StoredReads<SecurityGroupRule>;
  readonly #addressGroups: StoredReads<{ id: string }>;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#reads = storedReads(machine.shared, ruleSpec, (id) => errors.SecurityGroupRuleNotFound({ id }));
    this.#addressGroups = storedReads(machine.shared, addressGroupSpec, (address_group_id) =>
      addressGroupErrors.AddressGroupNotFound({ address_group_id }),
    );
    this.get = this.#reads.get;
  }

  async list(context: Context, query: ListQuery): Promise<Page<SecurityGroupRule>> {
    await this.#machine.defaultGroups.ensure(context, query.filters.project_id?.[0] ?? context.projectId);
    return this.#reads.list(context, query);
  }

  async create(context: Context, input: Input): Promise<SecurityGroupRule> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  /** @throws SecurityGroupNotSingleGroupRules, SecurityGroupRulesNotSingleTenant: one request is about one group */
  createBulk(context: Context, inputs: readonly Input[]): Promise<SecurityGroupRule[]> {
    return this.#run(context, async (change) => {
      const { tx, time } = change;
      await change.quota('security_group_rule', inputs);
      const [groupId] = onlyOne(inputs, 'security_group_id', () => errors.SecurityGroupNotSingleGroupRules());
      onlyOne(inputs, 'project_id', () => errors.SecurityGroupRulesNotSingleTenant());
      const drafts = await inTurns(inputs, async (input) => {
        const match = await this.#checked(change, input);
        return { input, match, rule_key: keyOfMatch(match) };
      });
      if (new Set(drafts.map(({ rule_key }) => rule_key)).size < drafts.length) {
        throw errors.DuplicateSecurityGroupRuleInPost();
      }
      for (const { rule_key } of drafts) {
        const rule_id = await sameRule(tx, groupId!, rule_key);
        if (rule_id !== null) throw errors.SecurityGroupRuleExists({ rule_id });
      }
      const belongs_to_default_sg = await isDefaultGroup(tx, groupId!);
      const rules = await inTurns(drafts, (draft) => insert(change, { ...draft, belongs_to_default_sg }));
      await groupRows.bump(tx, groupId!, time);
      await change.todo('security_group', groupId!, 'rules_updated');
      for (const { id } of rules) await change.changed('security_group_rule', id);
      return rules;
    });
  }

  /** Rules do not change: what is there is not to be updated, what is not is not found. */
  async update(context: Context, id: string): Promise<SecurityGroupRule> {
    await this.get(context, id, ['id']);
    throw errors.HTTPMethodNotAllowed();
  }

  async delete(context: Context, id: string, ifRevision?: number | null): Promise<void> {
    await this.#run(context, async (change) => {
      const { tx, time } = change;
      const { revision_number, security_group_id } = await this.#reads.stored(tx, context, id);
      checkRevision(ifRevision, revision_number);
      await ruleRows.remove(tx, id);
      await groupRows.bump(tx, security_group_id, time);
      await change.todo('security_group', security_group_id, 'rules_updated');
      await change.changed('security_group_rule', id);
    });
  }

  /** The rule in its normal form, when it and all it refers to are in order. */
  async #checked(change: Change, input: Input): Promise<RuleMatch> {
    const match = normalMatch(matchOf(input));
    const project = input.project_id as string;
    const { remote_group_id: group, remote_address_group_id: addresses } = match;
    if (group !== null) await checkVisible(change, await groupFacts(change.tx, [group]), [group], project);
    if (addresses !== null) {
      await this.#addressGroups.stored(change.tx, { ...change.context, projectId: project }, addresses);
    }
    const own = input.security_group_id as string;
    await checkVisible(change, await groupFacts(change.tx, [own]), [own], project);
    return match;
  }

  async #run<T>(context: Context, work: (change: Change) => Promise<T>): Promise<T> {
    const { result, tasks } = await this.#machine.changes.run(context, work);
    this.#machine.outbox.tellSoon(tasks);
    return result;
  }
}

function onlyOne(inputs: readonly Input[], key: string, refuse: () => Error): string[] {
  const values = [...new Set(inputs.map((input) => input[key] as string))];
  if (values.length > 1) throw refuse();
  return values;
}

export function matchOf(input: Input): RuleMatch {
  return {
    direction: input.direction as RuleMatch['direction'],
    ethertype: (input.ethertype as RuleMatch['ethertype'] | undefined) ?? 'IPv4',
    protocol: (input.protocol as string | null | undefined) ?? null,
    port_range_min: (input.port_range_min as number | null | undefined) ?? null,
    port_range_max: (input.port_range_max as number | null | undefined) ?? null,
    remote_ip_prefix: (input.remote_ip_prefix as string | null | undefined) ?? null,
    remote_group_id: (input.remote_group_id as string | null | undefined) ?? null,
    remote_address_group_id: (input.remote_address_group_id as string | null | undefined) ?? null,
  };
}

interface Draft {
  readonly input: Input;
  readonly match: RuleMatch;
  readonly rule_key: string;
}

/** Writes a rule, and answers it without reading it again. */
async function insert(
  { tx, time }: Change,
  { input, match, rule_key, belongs_to_default_sg }: Draft & { belongs_to_default_sg: boolean },
): Promise<SecurityGroupRule> {
  const project_id = input.project_id as string;
  const { direction, ethertype, protocol, port_range_min, port_range_max, remote_ip_prefix } = match;
  const rule: SecurityGroupRule = {
    id: randomUUID(),
    tenant_id: project_id,
    security_group_id: input.security_group_id as string,
    ethertype,
    direction,
    protocol,
    port_range_min,
    port_range_max,
    remote_ip_prefix,
    remote_address_group_id: match.remote_address_group_id,
    normalized_cidr: normalizedCidr(remote_ip_prefix),
    remote_group_id: match.remote_group_id,
    belongs_to_default_sg,
    description: (input.description as string | undefined) ?? '',
    created_at: time,
    updated_at: time,
    revision_number: 0,
    project_id,
  };
  const { tenant_id: _same, ...row } = rule;
  await ruleRows.insert(tx, { ...row, rule_key });
  return rule;
}
