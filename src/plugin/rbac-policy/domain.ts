import type { Domain } from '../domain.ts';
import { RbacPolicies } from './rbac-policies.ts';

export const rbacPolicies: Domain = {
  name: 'RBAC policies',
  aliases: () => ['rbac-policies'],
  make: (machine) => ({ collections: { rbac_policies: new RbacPolicies(machine) } }),
};
