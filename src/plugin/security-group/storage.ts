import { defaultSecurityGroupRule } from '../../resources/default-security-group-rule.ts';
import { securityGroupRule } from '../../resources/security-group-rule.ts';
import { securityGroupsDefaultStatefulness } from '../../resources/security-groups-default-statefulness.ts';
import { specOf } from '../stored/spec.ts';

/** How rules and templates are read. Groups have a definition of their own: they carry their rules. */
export const ruleSpec = specOf(securityGroupRule, {
  table: 'securitygrouprules',
  parent: { column: 'security_group_id', table: 'securitygroups' },
  // Rules never change.
  revised: { except: [] },
});

export const templateSpec = specOf(defaultSecurityGroupRule, {
  table: 'securitygroupdefaultrules',
  revised: { except: [] },
});

export const statefulnessSpec = specOf(securityGroupsDefaultStatefulness, {
  table: 'security_groups_default_statefulness',
});
