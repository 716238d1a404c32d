import {
  type AttributeTable,
  type ResourceDefinition,
  type RouteDefinition,
  required,
  unset,
  type Who,
} from './contract.ts';
import * as shown from './shown-types.ts';
import { projectAttributes, standardAttributes } from './standard-attributes.ts';
import { tagRoutes } from './tags.ts';
import * as type from './types.ts';

const admin: readonly Who[] = ['admin'];
/** Given as a number, shown as text, but for the answer to an update: as upstream. */
const prefixLength = { ...type.nonNegative, shown: { type: ['string', 'integer'] } };
const length = { ops: 'CUR', type: prefixLength, default: unset, filter: true, sort: true } as const;

/** Missing prefixes are refused by the plugin, in other words than a missing attribute is. */
const prefixes: AttributeTable = { prefixes: { ops: 'CU', type: type.givenPrefixes, default: unset } };

const prefixChange = (what: 'add' | 'remove', summary: string): RouteDefinition => ({
  method: 'PUT',
  path: `subnetpools/{id}/${what}_prefixes`,
  extension: 'subnetpool-prefix-ops',
  summary,
  rule: `${what}_prefixes`,
  targetFirst: true,
  status: 200,
  envelope: null,
  body: prefixes,
});

/** Where subnets can be taken from (upstream: neutron-lib `api/definitions/subnetpool` and the extensions named). */
export const subnetPool: ResourceDefinition = {
  member: 'subnetpool',
  collection: 'subnetpools',
  core: true,
  visibility: ['owner', 'shared'],
  routes: [
    ...tagRoutes('subnetpool', 'subnetpools'),
    prefixChange('add', 'Adds prefixes to a subnet pool'),
    prefixChange('remove', 'Removes prefixes from a subnet pool that no subnet was taken from'),
    {
      method: 'PUT',
      path: 'subnetpools/{id}/onboard_network_subnets',
      extension: 'subnet_onboard',
      summary: 'Moves the subnets that a network has already into a subnet pool',
      rule: 'onboard_network_subnets',
      status: 200,
      envelope: null,
      body: { network_id: { ops: 'CU', type: type.opaque, default: unset } },
    },
  ],
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    name: { ops: 'CUR', type: type.notEmptyString(255), default: required, filter: true, sort: true },
    ...projectAttributes,
    prefixes: { ops: 'CUR', type: type.prefixes, default: required },
    default_quota: { ...length, type: type.nonNegative },
    ip_version: { ops: 'R', type: shown.ipVersion, default: unset, filter: true, sort: true },
    default_prefixlen: { ...length },
    min_prefixlen: { ...length },
    max_prefixlen: { ...length },
    is_default: {
      ops: 'CUR',
      type: type.boolean,
      default: false,
      filter: true,
      sort: true,
      create: admin,
      update: admin,
    },
    shared: { ops: 'CR', type: type.boolean, default: false, filter: true, create: admin },
    address_scope_id: {
      ops: 'CUR',
      type: type.uuidOrNull,
      default: unset,
      filter: true,
      sort: true,
      extension: 'address-scope',
    },
    ...standardAttributes,
  },
};
