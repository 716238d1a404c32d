import { securityGroupReader } from '../../db/read/security-groups.ts';
import { specReader } from '../../db/read/spec.ts';
import { fullView } from '../../db/read/view.ts';
import { defaultGroupsAmong } from '../../db/write/security-groups.ts';
import type { SecurityGroupRule } from '../../resources/shapes.ts';
import type { VersionedObject } from '../../rpc/contract.ts';
import { ruleSpec } from '../security-group/storage.ts';
import { columns, named, standard, versionedObject } from './compose.ts';
import type { ObjectData, ObjectKind } from './contract.ts';

const rules = specReader<SecurityGroupRule>(ruleSpec);

export const securityGroupRuleObject: ObjectKind = {
  name: 'SecurityGroupRule',
  version: '1.2',
  resource: 'security_group_rule',
  bare: {},
  read: async (db, filters) => (await rules.find(db, { filters }, fullView)).map(ruleData),
  downgrade(data, minor) {
    if (minor < 1) delete data.remote_address_group_id;
    if (minor < 2) delete data.normalized_cidr;
  },
};

export const securityGroupObject: ObjectKind = {
  name: 'SecurityGroup',
  version: '1.5',
  resource: 'security_group',
  bare: { stateful: true, is_default: false },
  async read(db, filters) {
    const groups = await securityGroupReader.find(db, { filters }, fullView);
    const defaults = await defaultGroupsAmong(
      db,
      groups.map(({ id }) => id),
    );
    return groups.map((group) => ({
      ...named(group),
      shared: group.shared === true,
      stateful: group.stateful,
      is_default: defaults.has(group.id),
      rules: (group.security_group_rules as SecurityGroupRule[]).map((rule) =>
        versionedObject('SecurityGroupRule', '1.2', ruleData(rule)),
      ),
      ...standard(group),
    }));
  },
  downgrade(data, minor) {
    if (minor < 1) delete data.shared;
    if (minor < 2) delete data.stateful;
    if (minor >= 4) return;
    const ruleMinor = minor < 3 ? 0 : 1;
    for (const rule of (data.rules ?? []) as VersionedObject[]) {
      securityGroupRuleObject.downgrade(rule['versioned_object.data'], ruleMinor);
      rule['versioned_object.version'] = `1.${ruleMinor}`;
    }
  },
};

function ruleData(rule: SecurityGroupRule): ObjectData {
  const { id, project_id, security_group_id, remote_group_id, direction, ethertype, protocol } = rule;
  const { port_range_min, port_range_max, remote_ip_prefix, remote_address_group_id, normalized_cidr } = rule;
  return {
    ...columns({ id, project_id, security_group_id, remote_group_id, direction, ethertype, protocol }),
    ...columns({ port_range_min, port_range_max, remote_ip_prefix, remote_address_group_id }),
    normalized_cidr: normalized_cidr ?? null,
    ...standard(rule),
  };
}
