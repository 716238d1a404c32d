import { type GroupFacts, groupFacts, groupsOpenTo, replacePortGroups } from '../../db/write/security-groups.ts';
import { seesEverything } from '../../lib/context.ts';
import type { Port } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { portErrors } from '../port/errors.ts';
import { securityGroupErrors as errors } from './errors.ts';

/** Which groups ports are in (upstream: db/securitygroups_db.py, plugins/ml2/plugin.py). */

type Asked = string[] | null | undefined;

/**
 * The groups of a new port: those asked for, or its project's default one.
 *
 * @param ensureDefault id of the project's default group, if it has or may get one
 * @throws PortSecurityAndIPRequiredForSecurityGroups, SecurityGroupNotFound, SecurityGroupConflict
 */
export async function groupsOfNewPort(
  change: Change,
  { defaultGroups }: Pick<Machine, 'defaultGroups'>,
  { input, port, ensureDefault }: { input: Input; port: Port; ensureDefault: () => Promise<string | null> },
): Promise<string[]> {
  if (!defaultGroups.enabled) return [];
  const asked = input.security_groups as Asked;
  if (port.port_security_enabled === false) {
    if (asked != null && asked.length > 0) throw portErrors.PortSecurityAndIPRequiredForSecurityGroups();
    return [];
  }
  if (asked === undefined) {
    const id = await ensureDefault();
    return id === null ? [] : [id];
  }
  return checkedGroups(change, asked ?? [], port.project_id);
}

/**
 * What an update makes of a port's groups; its port security is the new one already.
 *
 * @throws PortSecurityAndIPRequiredForSecurityGroups, PortSecurityPortHasSecurityGroup, SecurityGroupNotFound,
 *   SecurityGroupConflict
 */
export async function changePortGroups(
  change: Change,
  { defaultGroups }: Pick<Machine, 'defaultGroups'>,
  { changes, port }: { changes: Input; port: Port },
): Promise<void> {
  if (!defaultGroups.enabled) return;
  const asked = changes.security_groups as Asked;
  const current = port.security_groups ?? [];
  if (port.port_security_enabled === false) {
    if (asked != null && asked.length > 0) throw portErrors.PortSecurityAndIPRequiredForSecurityGroups();
    if (asked === undefined && current.length > 0) throw portErrors.PortSecurityPortHasSecurityGroup();
  }
  if (asked === undefined) return;
  const wanted = [...(asked ?? [])].sort();
  if (wanted.join() === [...current].sort().join()) return;
  port.security_groups = await checkedGroups(change, wanted, port.project_id);
  await replacePortGroups(change.tx, port.id, port.security_groups);
}

async function checkedGroups(change: Change, asked: readonly string[], projectId: string): Promise<string[]> {
  const ids = [...asked].sort();
  const facts = await groupFacts(change.tx, ids);
  await checkVisible(change, facts, ids, projectId);
  if (new Set(facts.map(({ stateful }) => stateful)).size > 1) {
    throw errors.SecurityGroupConflict({
      reason: 'Cannot apply both stateful and stateless security groups on the same port at the same time',
    });
  }
  return ids;
}

/**
 * That groups are there and belong to, or are open to, a project and the one who asks.
 *
 * @param found what there is of these ids
 * @throws SecurityGroupNotFound, which names all that are not
 */
export async function checkVisible(
  { tx, context }: Pick<Change, 'tx' | 'context'>,
  found: readonly GroupFacts[],
  ids: readonly string[],
  projectId: string,
): Promise<void> {
  const visible = new Set(found.map(({ id }) => id));
  if (!seesEverything(context)) {
    for (const project of new Set([projectId, context.projectId ?? ''])) {
      const others = found.filter(({ project_id }) => project_id !== project).map(({ id }) => id);
      const open = await groupsOpenTo(tx, others, project);
      for (const id of others) if (!open.has(id)) visible.delete(id);
    }
  }
  const missing = ids.filter((id) => !visible.has(id));
  if (missing.length > 0) throw errors.SecurityGroupNotFound({ id: missing.join(', ') });
}

/** Groups whose members an update changed: to be told to whoever has rules that refer to them. */
export function groupsWithOtherMembers(original: Port, current: Port): string[] {
  const [before, after] = [original.security_groups ?? [], current.security_groups ?? []];
  if (before.join() !== after.join()) return [...new Set([...before, ...after])];
  const addressed = (['fixed_ips', 'allowed_address_pairs'] as const).some(
    (key) => JSON.stringify(original[key]) !== JSON.stringify(current[key]),
  );
  return addressed ? after : [];
}
