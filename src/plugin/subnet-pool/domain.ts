import { projectRows } from '../../db/write/quotas.ts';
import { projectsOfPool } from '../../db/write/subnet-pools.ts';
import type { Domain } from '../domain.ts';
import { refuseWhenUsed } from '../rbac-policy/in-use.ts';
import { PrefixOperations } from './prefix-operations.ts';
import { checkScopeReaches } from './scope-rules.ts';
import { subnetPoolRows } from './storage.ts';
import { SubnetPools } from './subnet-pools.ts';

export const subnetPools: Domain = {
  name: 'subnet pools',
  aliases: () => [
    'subnet_allocation',
    'default-subnetpools',
    'rbac-subnetpool',
    'subnetpool-prefix-ops',
    'subnet_onboard',
  ],
  tagged: { subnetpools: { table: 'subnetpools', type: 'subnetpool' } },
  quotas: { subnetpool: projectRows('subnetpools') },
  rbac: [
    {
      type: 'subnetpool',
      table: 'subnetpoolrbacs',
      objects: 'subnetpools',
      actions: ['access_as_shared'],
      checkUnused: async ({ tx }, entry, others) =>
        refuseWhenUsed(await projectsOfPool(tx, entry.object_id), entry, others),
      checkNew: checkScopeReaches,
      touched: ({ tx, time }, id) => subnetPoolRows.bump(tx, id, time),
    },
  ],
  make(machine) {
    const pools = new SubnetPools(machine);
    const prefixes = new PrefixOperations(machine, pools);
    return {
      collections: { subnetpools: pools },
      routes: {
        'PUT subnetpools/{id}/add_prefixes': (call) => prefixes.add(call),
        'PUT subnetpools/{id}/remove_prefixes': (call) => prefixes.remove(call),
        'PUT subnetpools/{id}/onboard_network_subnets': (call) => prefixes.onboard(call),
      },
    };
  },
};
