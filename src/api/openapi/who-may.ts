import { defaultRules } from '../../policy/defaults.ts';

/** What the parts of the built-in rules mean to people. */
const words: Readonly<Record<string, string>> = {
  '': 'everybody',
  'rule:admin_only': 'administrators',
  'rule:context_is_admin': 'administrators',
  'rule:service_api': 'other services',
  'rule:context_is_advsvc': 'advanced services',
  'role:reader': 'readers',
  'role:data_plane_integrator': 'integrators of the data plane',
  'rule:admin_or_owner': 'administrators; its project',
  'rule:owner': 'its project',
  'role:reader and project_id:%(project_id)s': 'readers of its project',
  'role:member and project_id:%(project_id)s': 'members of its project',
  'role:manager and project_id:%(project_id)s': 'managers of its project',
  'role:reader and rule:network_owner': "readers of the network's project",
  'role:member and rule:network_owner': "members of the network's project",
  'role:manager and rule:network_owner': "managers of the network's project",
  'role:reader and rule:sg_owner': "readers of the group's project",
  'role:member and rule:sg_owner': "members of the group's project",
  'rule:shared': 'everybody, if the network is shared',
  'rule:external': 'everybody, if the network is external',
  'rule:external_network': 'everybody, if the network is external',
  'rule:shared_subnetpools': 'everybody, if it is shared',
  'rule:shared_address_scopes': 'everybody, if it is shared',
  'rule:shared_address_groups': 'everybody, if it is shared',
  'rule:shared_security_group': 'everybody, if it is shared',
  'not rule:network_device': 'everybody, for owners that do not begin with network:',
  'not field:rbac_policy:target_tenant=* and not field:rbac_policy:target_project=*':
    'everybody, for a single target project',
  'not field:rbac_policy:target_project=*': 'everybody, for a single target project',
};

/**
 * Whom the built-in rule of this name allows, in words: `administrators; members of its project`. A part that has no words
 * stands there as it is. Where there is no such rule, the one called `default` decides.
 */
export function whoMay(ruleName: string): string {
  const { rule } = defaultRules[Object.hasOwn(defaultRules, ruleName) ? ruleName : 'default']!;
  const parts = rule.split(' or ').map((part) => part.trim().replace(/^\((.*)\)$/, '$1'));
  return [...new Set(parts.map((part) => (Object.hasOwn(words, part) ? words[part] : part)))].join('; ');
}
