import { type ResourceDefinition, unset } from './contract.ts';
import { projectAttributes, standardAttributes } from './standard-attributes.ts';
import { tagRoutes } from './tags.ts';
import * as type from './types.ts';

/** Where all of quality of service is found: `/v2.0/qos/policies`. */
export const QOS = 'qos';

/** What ports and networks are limited and marked by (upstream: neutron-lib `api/definitions/qos`, `qos_default`). */
export const qosPolicy: ResourceDefinition = {
  member: 'policy',
  collection: 'policies',
  prefix: QOS,
  extension: 'qos',
  visibility: ['owner', 'shared'],
  routes: tagRoutes('policy', 'policies'),
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    name: { ops: 'CUR', type: type.string(255), default: '', filter: true, sort: true },
    ...projectAttributes,
    shared: { ops: 'CUR', type: type.boolean, default: false, filter: true },
    is_default: { ops: 'CUR', type: type.boolean, default: false, filter: true, extension: 'qos-default' },
    rules: { ops: 'R', type: type.qosRules, default: unset },
    ...standardAttributes,
  },
};
