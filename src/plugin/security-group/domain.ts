import { projectRows } from '../../db/write/quotas.ts';
import { groupRows, projectsUsingGroup } from '../../db/write/security-groups.ts';
import type { Domain } from '../domain.ts';
import { refuseWhenUsed } from '../rbac-policy/in-use.ts';
import { DefaultSecurityGroupRules } from './default-rules.ts';
import { DefaultStatefulnesses } from './default-statefulness.ts';
import { SecurityGroups } from './groups.ts';
import { SecurityGroupRules } from './rules.ts';

/** Security groups and their rules, as the API has them. What they do to frames is the agents' business. */
export const securityGroups: Domain = {
  name: 'security groups',
  enabled: ({ securityGroup }) => securityGroup.enable_security_group,
  aliases: () => [
    'security-group',
    'stateful-security-group',
    'security-groups-normalized-cidr',
    'security-groups-remote-address-group',
    'security-groups-shared-filtering',
    'security-groups-default-rules',
    'security-groups-default-statefulness',
    'security-groups-rules-belongs-to-default-sg',
    'port-security-groups-filtering',
    'rbac-security-groups',
  ],
  quotas: {
    security_group: projectRows('securitygroups'),
    security_group_rule: projectRows('securitygrouprules'),
  },
  tagged: { security_groups: { table: 'securitygroups', type: 'security_group' } },
  rbac: [
    {
      type: 'security_group',
      table: 'securitygrouprbacs',
      objects: 'securitygroups',
      actions: ['access_as_shared'],
      checkUnused: async ({ tx }, entry, others) =>
        refuseWhenUsed(await projectsUsingGroup(tx, entry.object_id), entry, others),
      touched: ({ tx, time }, id) => groupRows.bump(tx, id, time),
    },
  ],
  make: (machine) => ({
    collections: {
      security_groups: new SecurityGroups(machine),
      security_group_rules: new SecurityGroupRules(machine),
      default_security_group_rules: new DefaultSecurityGroupRules(machine),
      security_groups_default_statefulness: new DefaultStatefulnesses(machine),
    },
  }),
};
