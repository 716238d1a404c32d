import { type Kysely, sql } from 'kysely';
import { type QosRuleType, qosRuleKinds, qosRuleTypes } from '../../resources/qos-rules.ts';
import type { QosRule } from '../../resources/shapes.ts';
import type { Db } from '../database.ts';
import { preparedIn } from '../prepared.ts';
import type { Schema } from '../schema.ts';
import { type RowStore, rowStore } from './rows.ts';

/** The rules of QoS policies: a table for each kind, read as one. */

/** A kind's numbers, in the order of its columns; beside them it may have a direction. */
function numbersOf(type: QosRuleType): string[] {
  return parametersOf(type).filter((name) => name !== 'direction');
}

function parametersOf(type: QosRuleType): string[] {
  return Object.keys(qosRuleKinds[type].attributes);
}

export function qosRuleTable(type: QosRuleType): keyof Schema & `qos_${string}_rules` {
  return `qos_${type}_rules` as const;
}

/** Writing one kind; `bump` and `find` are not for these: they have no revision of their own, and are read with their policy. */
export const qosRuleRows: Readonly<Record<QosRuleType, Pick<RowStore<string>, 'insert' | 'update' | 'remove'>>> =
  Object.fromEntries(
    qosRuleTypes.map((type) => [
      type,
      rowStore<string>(qosRuleTable(type), ['id', 'qos_policy_id', ...parametersOf(type)]),
    ]),
  ) as never;

// Which table it is is data here, so kysely's types cannot follow.
// biome-ignore lint/suspicious/noExplicitAny: see above
type AnyQuery = any;

/** All kinds with the same columns: who a rule is, what kind, up to two numbers and a direction. */
function allKinds(db: Kysely<Schema>, where: (query: AnyQuery) => AnyQuery): AnyQuery {
  const parts = qosRuleTypes.map((type) => {
    const [first, second] = numbersOf(type);
    const directed = parametersOf(type).includes('direction');
    return where(
      (db.selectFrom(qosRuleTable(type)) as AnyQuery).select([
        'id',
        'qos_policy_id',
        sql.lit(type).as('type'),
        `${first} as first`,
        second === undefined ? sql`null`.as('second') : `${second} as second`,
        directed ? 'direction' : sql`null`.as('direction'),
      ]),
    );
  });
  return parts.reduce((all, part) => all.unionAll(part));
}

interface Row {
  id: string;
  qos_policy_id: string;
  type: QosRuleType;
  first: number;
  second: number | null;
  direction: string | null;
}

const ofPolicies = preparedIn<string, Row>((db, ids) =>
  allKinds(db, (query) => query.where('qos_policy_id', 'in', ids)),
);
const byId = preparedIn<string, Row>((db, ids) => allKinds(db, (query) => query.where('id', 'in', ids)));

/** The rules of these policies, in the order in which a policy shows them. */
export async function qosRulesOf(db: Db, policyIds: readonly string[]): Promise<QosRule[]> {
  const rank = (rule: QosRule) => qosRuleTypes.indexOf(rule.type as QosRuleType);
  return (await ofPolicies.all(db, policyIds)).map(ruleOf).sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
}

/** One of a kind, whatever policy it is of; null when there is none. */
export async function qosRule(db: Db, type: QosRuleType, id: string): Promise<QosRule | null> {
  const row = (await byId.all(db, [id])).find((one) => one.type === type);
  return row === undefined ? null : ruleOf(row);
}

function ruleOf({ id, qos_policy_id, type, first, second, direction }: Row): QosRule {
  const values = { first, second };
  const names = numbersOf(type);
  const [one, other] = names;
  return {
    [one!]: Number(values.first),
    ...(other !== undefined && { [other]: Number(values.second) }),
    ...(direction !== null && { direction }),
    id,
    qos_policy_id,
    type,
  };
}
