import type { FakeKeystone } from '../../src/keystone/fake.ts';

/** `[keystone_authtoken]` of a server that checks tokens with a Keystone of the tests. */
export function authtoken({ url }: Pick<FakeKeystone, 'url'>): Record<string, string> {
  return {
    auth_url: url,
    auth_type: 'password',
    project_name: 'service',
    project_domain_id: 'default',
    user_domain_id: 'default',
    username: 'neutron',
    password: 'secret',
  };
}

/** A token of a member of a project; `add` of the Keystone takes it. */
export const memberOf = (project: string) => ({ user: `user-${project}`, project, roles: ['member', 'reader'] });
export const administrator = { user: 'admin', project: 'admins', roles: ['admin', 'manager', 'member', 'reader'] };
