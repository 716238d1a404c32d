import { projectRows } from '../../db/write/quotas.ts';
import { projectsUsingAddresses } from '../../db/write/security-groups.ts';
import type { Domain } from '../domain.ts';
import { refuseWhenUsed } from '../rbac-policy/in-use.ts';
import { AddressGroups } from './address-groups.ts';
import { addressGroupRows } from './storage.ts';

export const addressGroups: Domain = {
  name: 'address groups',
  aliases: () => ['address-group', 'rbac-address-group'],
  quotas: { address_group: projectRows('address_groups') },
  rbac: [
    {
      type: 'address_group',
      table: 'addressgrouprbacs',
      objects: 'address_groups',
      actions: ['access_as_shared'],
      checkUnused: async ({ tx }, entry, others) =>
        refuseWhenUsed(await projectsUsingAddresses(tx, entry.object_id), entry, others),
      touched: ({ tx, time }, id) => addressGroupRows.bump(tx, id, time),
    },
  ],
  make(machine) {
    const groups = new AddressGroups(machine);
    return {
      collections: { address_groups: groups },
      routes: {
        'PUT address_groups/{id}/add_addresses': (call) => groups.addAddresses(call),
        'PUT address_groups/{id}/remove_addresses': (call) => groups.removeAddresses(call),
      },
    };
  },
};
