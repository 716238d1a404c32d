import { routeKey } from '../resources/contract.ts';
import type { Body } from './body.ts';
import type { RouteMatch } from './routes.ts';

/** What is told of a request that is no verb: its payload before, and the one after. */
export interface RouteNotices {
  readonly start?: readonly [eventType: string, payload: object];
  readonly end: readonly [eventType: string, payload: object];
}

/**
 * Requests besides the verbs that are told of (upstream: extensions/tagging.py, extensions/dhcpagentscheduler.py, and the hook
 * where there it is an ordinary resource below another); null: of this one nothing is said, as of quotas, prefixes of pools,
 * addresses of groups.
 *
 * @param body what stands in the request's envelope
 */
export function noticesOfRoute({ route, params }: RouteMatch, body: Body): RouteNotices | null {
  const { definition, resource } = route;
  if (definition.method === 'GET') return null;
  if (/\/tags(\/\{tag\})?$/.test(definition.path)) return ofTags(resource.collection, definition.method, params, body);
  switch (routeKey(definition)) {
    case 'POST agents/{id}/dhcp-networks':
      return ofDhcpAgent('add', params.id!, body.network_id);
    case 'DELETE agents/{id}/dhcp-networks/{network_id}':
      return ofDhcpAgent('remove', params.id!, params.network_id);
    case 'POST flavors/{id}/service_profiles': {
      const profile = { service_profile: { id: body.id } };
      return { start: ['service_profile.create.start', profile], end: ['service_profile.create.end', profile] };
    }
    case 'DELETE flavors/{id}/service_profiles/{service_profile_id}':
      return ofDeletion('service_profile', params.service_profile_id!);
    case 'DELETE auto_allocated_topology/{project_id}':
      return ofDeletion('auto_allocated_topology', params.project_id!);
    default:
      return null;
  }
}

const tagActions: Readonly<Record<string, string>> = { PUT: 'update', POST: 'create', DELETE: 'delete_all' };

function ofTags(parent: string, method: string, params: RouteMatch['params'], body: Body): RouteNotices | null {
  const { id, tag } = params;
  const about = { parent_resource: parent, parent_resource_id: id };
  if (tag !== undefined) return both(`tag.${method === 'PUT' ? 'create' : 'delete'}`, { ...about, tags: [tag] });
  if (method === 'DELETE') return both('tag.delete_all', about);
  // Without tags the request is refused.
  return Array.isArray(body.tags) ? both(`tag.${tagActions[method]}`, { ...about, tags: body.tags }) : null;
}

function ofDhcpAgent(what: 'add' | 'remove', id: string, networkId: unknown): RouteNotices {
  return { end: [`dhcp_agent.network.${what}`, { agent: { id, network_id: networkId } }] };
}

function ofDeletion(member: string, id: string): RouteNotices {
  const about = { [`${member}_id`]: id };
  return { start: [`${member}.delete.start`, about], end: [`${member}.delete.end`, { [member]: {}, ...about }] };
}

function both(event: string, payload: object): RouteNotices {
  return { start: [`${event}.start`, payload], end: [`${event}.end`, payload] };
}
