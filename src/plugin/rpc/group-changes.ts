import type { Task } from '../outbox/outbox.ts';

/** Which groups a batch of tasks is about: told in one message each, however many tasks there are. */
export interface GroupChanges {
  readonly rules: readonly string[];
  readonly members: readonly string[];
}

export function groupChanges(tasks: readonly Task[]): GroupChanges {
  const rules = new Set<string>();
  const members = new Set<string>();
  for (const task of tasks) {
    if (hasOtherRules(task)) rules.add(task.resource_id);
    for (const group of groupsOfPort(task)) members.add(group);
  }
  return { rules: [...rules], members: [...members] };
}

/** Whether a task is done only when its groups were told. */
export function concernsGroups(task: Task): boolean {
  return hasOtherRules(task) || groupsOfPort(task).length > 0;
}

function hasOtherRules({ resource_type, action }: Task): boolean {
  return resource_type === 'security_group' && action === 'rules_updated';
}

/** Groups whose members a change of a port changed. */
function groupsOfPort({ resource_type, payload }: Task): readonly string[] {
  return resource_type === 'port' ? ((payload.groups as string[] | undefined) ?? []) : [];
}
