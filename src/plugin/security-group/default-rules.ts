import { randomUUID } from 'node:crypto';
import { groupFacts, ruleTemplates, templateRows } from '../../db/write/security-groups.ts';
import type { Context } from '../../lib/context.ts';
import { inTurns } from '../../lib/turns.ts';
import type { DefaultSecurityGroupRule, RuleMatch } from '../../resources/shapes.ts';
import { addressGroupErrors } from '../address-group/errors.ts';
import { addressGroupSpec } from '../address-group/storage.ts';
import { type Change, checkRevision } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { type StoredReads, storedReads } from '../stored/reads.ts';
import { securityGroupErrors as errors } from './errors.ts';
import { keyOfMatch, normalMatch } from './match.ts';
import { PARENT } from './new-group.ts';
import { checkVisible } from './port-groups.ts';
import { matchOf } from './rules.ts';
import { templateSpec } from './storage.ts';

/** Templates of the rules that groups made from now on begin with. */
export class DefaultSecurityGroupRules implements Collection<DefaultSecurityGroupRule> {
  readonly list: Collection<DefaultSecurityGroupRule>['list'];
  readonly get: StoredReads<DefaultSecurityGroupRule>['get'];
  readonly #machine: Machine;
  readonly #reads: StoredReads<DefaultSecurityGroupRule>;
  readonly #addressGroups: StoredReads<{ id: string }>;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#reads = storedReads(machine.shared, templateSpec, (id) => errors.DefaultSecurityGroupRuleNotFound({ id }));
    this.#addressGroups = storedReads(machine.shared, addressGroupSpec, (address_group_id) =>
      addressGroupErrors.AddressGroupNotFound({ address_group_id }),
    );
    this.list = this.#reads.list;
    this.get = this.#reads.get;
  }

  async create(context: Context, input: Input): Promise<DefaultSecurityGroupRule> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  async createBulk(context: Context, inputs: readonly Input[]): Promise<DefaultSecurityGroupRule[]> {
    const { result } = await this.#machine.changes.run(context, async (change) => {
      const known = new Map((await ruleTemplates(change.tx)).map((one) => [keyOfMatch(one as RuleMatch), one.id]));
      const fresh = new Set<string>();
      return inTurns(inputs, async (input) => {
        const match = await this.#checked(change, input);
        const key = keyOfMatch(match);
        if (fresh.has(key)) throw errors.DuplicateDefaultSgRuleInPost();
        const rule_id = known.get(key);
        if (rule_id !== undefined) throw errors.DefaultSecurityGroupRuleExists({ rule_id });
        fresh.add(key);
        return this.#insert(change, input, match);
      });
    });
    return result;
  }

  async delete(context: Context, id: string, ifRevision?: number | null): Promise<void> {
    await this.#machine.changes.run(context, async ({ tx }) => {
      const { revision_number } = await this.#reads.stored(tx, context, id);
      checkRevision(ifRevision, revision_number);
      await templateRows.remove(tx, id);
    });
  }

  async #checked(change: Change, input: Input): Promise<RuleMatch> {
    const match = normalMatch(matchOf(input));
    const { remote_group_id: group, remote_address_group_id: addresses } = match;
    if (group !== null && group !== PARENT) {
      await checkVisible(change, await groupFacts(change.tx, [group]), [group], change.context.projectId ?? '');
    }
    if (addresses !== null) await this.#addressGroups.stored(change.tx, change.context, addresses);
    return match;
  }

  async #insert({ tx, time }: Change, input: Input, match: RuleMatch): Promise<DefaultSecurityGroupRule> {
    const id = randomUUID();
    await templateRows.insert(tx, {
      id,
      ...match,
      used_in_default_sg: input.used_in_default_sg === true,
      used_in_non_default_sg: input.used_in_non_default_sg !== false,
      description: (input.description as string | undefined) ?? '',
      created_at: time,
      updated_at: time,
      revision_number: 0,
    });
    return (await this.#reads.whole(tx, id))!;
  }
}
