import { projectRows } from '../../db/write/quotas.ts';
import { projectsOfScope } from '../../db/write/subnet-pools.ts';
import type { Domain } from '../domain.ts';
import { refuseWhenUsed } from '../rbac-policy/in-use.ts';
import { AddressScopes } from './address-scopes.ts';

export const addressScopes: Domain = {
  name: 'address scopes',
  aliases: () => ['address-scope', 'rbac-address-scope'],
  quotas: { address_scope: projectRows('address_scopes') },
  rbac: [
    {
      type: 'address_scope',
      table: 'addressscoperbacs',
      objects: 'address_scopes',
      actions: ['access_as_shared'],
      checkUnused: async ({ tx }, entry, others) =>
        refuseWhenUsed(await projectsOfScope(tx, entry.object_id), entry, others),
    },
  ],
  make: (machine) => ({ collections: { address_scopes: new AddressScopes(machine) } }),
};
