import { randomUUID } from 'node:crypto';
import { groupRows, ruleRows, ruleTemplates, type Template } from '../../db/write/security-groups.ts';
import type { RuleMatch } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import { keyOfMatch, normalizedCidr } from './match.ts';

/** In a template: the group that is made from it. */
export const PARENT = 'PARENT';

export interface NewGroup {
  project_id: string;
  name: string;
  description: string;
  stateful: boolean;
}

/** The rules a new group begins with. */
export async function firstRules({ tx }: Pick<Change, 'tx'>, isDefault: boolean): Promise<Template[]> {
  const templates = await ruleTemplates(tx);
  return templates.filter((one) => (isDefault ? one.used_in_default_sg : one.used_in_non_default_sg));
}

/** Writes a group with its first rules. @returns its id */
export async function insertGroup(
  change: Change,
  group: NewGroup,
  templates: readonly Template[],
  isDefault: boolean,
): Promise<string> {
  const { tx, time } = change;
  const id = randomUUID();
  // Its rules count as a change of it, as upstream has it.
  const times = { created_at: time, updated_at: time, revision_number: 1 };
  await groupRows.insert(tx, { id, ...group, ...times });
  for (const { id: _template, used_in_default_sg, used_in_non_default_sg, ...columns } of templates) {
    const match = columns as RuleMatch;
    if (match.remote_group_id === PARENT) match.remote_group_id = id;
    await ruleRows.insert(tx, {
      ...match,
      id: randomUUID(),
      project_id: group.project_id,
      security_group_id: id,
      normalized_cidr: normalizedCidr(match.remote_ip_prefix),
      belongs_to_default_sg: isDefault,
      rule_key: keyOfMatch(match),
      description: null,
      created_at: time,
      updated_at: time,
      revision_number: 0,
    });
  }
  await change.changed('security_group', id, 'created');
  return id;
}
