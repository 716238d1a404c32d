import { type ResourceDefinition, unset } from './contract.ts';
import * as rule from './rule-types.ts';
import * as shown from './shown-types.ts';
import { projectAttributes, standardAttributes } from './standard-attributes.ts';
import { tagRoutes } from './tags.ts';
import * as type from './types.ts';

/** Rules for what may reach ports and leave them (upstream: extensions/securitygroup.py). */
export const securityGroup: ResourceDefinition = {
  member: 'security_group',
  collection: 'security_groups',
  extension: 'security-group',
  visibility: ['owner', 'shared'],
  routes: tagRoutes('security_group', 'security_groups'),
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    name: { ops: 'CUR', type: rule.groupName, default: '', filter: true, sort: true },
    // Its project's default, when the client does not say.
    stateful: { ops: 'CUR', type: type.boolean, default: unset, filter: true, extension: 'stateful-security-group' },
    ...projectAttributes,
    shared: {
      ops: 'R',
      type: type.boolean,
      default: unset,
      filter: true,
      extension: 'security-groups-shared-filtering',
    },
    security_group_rules: { ops: 'R', type: shown.objects({ id: { type: 'string', format: 'uuid' } }), default: unset },
    ...standardAttributes,
  },
};
