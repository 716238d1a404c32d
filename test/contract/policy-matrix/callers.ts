import type { Caller } from '../../support/tenants.ts';

/** Who asks in the matrix: one of each role, all of one project. */
export const callers: Readonly<Record<string, Caller>> = {
  admin: { project: 'demo', roles: ['admin', 'manager', 'member', 'reader'] },
  manager: { project: 'demo', roles: ['manager', 'member', 'reader'] },
  member: { project: 'demo', roles: ['member', 'reader'] },
  reader: { project: 'demo', roles: ['reader'] },
  service: { project: 'demo', roles: ['service'] },
  none: { project: 'demo', roles: [] },
};
