import { type ResourceDefinition, required, unset } from './contract.ts';
import { ipProtocol } from './service-ports.ts';
import { givenProject } from './standard-attributes.ts';
import * as type from './types.ts';

/** What follows the connections of a protocol through a router (upstream: neutron-lib `l3_conntrack_helper`). */
export const conntrackHelper: ResourceDefinition = {
  member: 'conntrack_helper',
  collection: 'conntrack_helpers',
  extension: 'l3-conntrack-helper',
  parent: { collection: 'routers', member: 'router' },
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    protocol: { ops: 'CUR', type: ipProtocol, default: required, filter: true, sort: true },
    port: { ops: 'CUR', type: type.integerBetween(1, 65_535), default: required, filter: true, sort: true },
    helper: { ops: 'CUR', type: type.string(64), default: required, filter: true, sort: true },
    ...givenProject,
  },
};
