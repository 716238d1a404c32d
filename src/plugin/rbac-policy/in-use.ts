import type { RbacEntry } from '../domain.ts';
import { rbacErrors } from './errors.ts';

/**
 * For objects that projects use by what they have of their own (ports in a group, rules that name one): whoever uses it must
 * keep access.
 *
 * @param users projects that use the object
 * @param others projects that keep access without the entry
 * @throws RbacPolicyInUse
 */
export function refuseWhenUsed(
  users: ReadonlySet<string>,
  { object_id, target_project }: RbacEntry,
  others: readonly string[],
): void {
  const left = [...users].filter((project) => !others.includes(project));
  if (target_project === '*' ? left.length > 0 : left.includes(target_project)) {
    throw rbacErrors.RbacPolicyInUse({ object_id, details: `project_id=${target_project}` });
  }
}
