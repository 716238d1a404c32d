import { type ResourceDefinition, type RouteDefinition, required, unset } from './contract.ts';
import { givenProject } from './standard-attributes.ts';
import * as type from './types.ts';

const profileRoute = (
  method: RouteDefinition['method'],
  path: string,
  summary: string,
  more: Pick<RouteDefinition, 'rule' | 'status'> & Partial<RouteDefinition>,
): RouteDefinition => ({
  method,
  path: `flavors/{id}/${path}`,
  extension: 'flavors',
  summary,
  envelope: 'service_profile',
  ...more,
});

/** Kinds of a service that users can choose between (upstream: neutron-lib `api/definitions/flavors`). */
export const flavor: ResourceDefinition = {
  member: 'flavor',
  collection: 'flavors',
  extension: 'flavors',
  routes: [
    profileRoute('POST', 'service_profiles', 'Gives a flavor a service profile', {
      rule: 'create_flavor_service_profile',
      status: 201,
      body: { id: { ops: 'CU', type: type.uuid, default: required } },
      bodyEnvelope: 'service_profile',
    }),
    profileRoute('GET', 'service_profiles/{service_profile_id}', 'Whether a flavor has a service profile', {
      rule: 'get_flavor_service_profile',
      status: 200,
    }),
    profileRoute('DELETE', 'service_profiles/{service_profile_id}', 'Takes a service profile from a flavor', {
      rule: 'delete_flavor_service_profile',
      status: 204,
    }),
    profileRoute('GET', 'next_providers', 'Who would serve the next resource of a flavor', {
      rule: 'get_flavor_next_provider',
      status: 200,
      envelope: 'next_providers',
    }),
  ],
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    name: { ops: 'CUR', type: type.string(255), default: '', filter: true, sort: true },
    description: { ops: 'CUR', type: type.stringOrNull(1024), default: '', filter: true, sort: true },
    // Which services there are, the plugin knows.
    service_type: { ops: 'CR', type: type.string(255), default: required, filter: true, sort: true },
    service_profiles: { ops: 'CUR', type: type.uuidList, default: [] },
    ...givenProject,
    enabled: { ops: 'CUR', type: type.booleanOrNull, default: true, filter: true, sort: true },
  },
};
