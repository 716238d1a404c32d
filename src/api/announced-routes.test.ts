import { expect, it } from 'vitest';
import { resources } from '../resources/registry.ts';
import { noticesOfRoute } from './announced-routes.ts';
import { matchRoute, serveRoutes } from './routes.ts';
import { serveResources } from './served-resource.ts';

const everything = new Set(
  resources.flatMap((each) => [each.extension ?? [], (each.routes ?? []).map(({ extension }) => extension)].flat()),
);
const served = serveResources(resources, everything);
// A handler for each route there is.
const handlers = new Proxy({}, { get: () => async () => null });
const table = serveRoutes(served.values(), handlers, everything);

function notices(method: string, path: string, body: Record<string, unknown> = {}) {
  const match = matchRoute(table, method, path.split('/'));
  if (match === null || match === 'other_method') throw new Error(`no route ${method} ${path}`);
  return noticesOfRoute(match, body);
}

const tagged = { parent_resource: 'security_groups', parent_resource_id: 'g1' };

it.each([
  ['PUT', 'security-groups/g1/tags', { tags: ['a'] }, 'tag.update', { ...tagged, tags: ['a'] }],
  ['POST', 'security-groups/g1/tags', { tags: ['a'] }, 'tag.create', { ...tagged, tags: ['a'] }],
  ['PUT', 'security-groups/g1/tags/a', {}, 'tag.create', { ...tagged, tags: ['a'] }],
  ['DELETE', 'security-groups/g1/tags/a', {}, 'tag.delete', { ...tagged, tags: ['a'] }],
  ['DELETE', 'security-groups/g1/tags', {}, 'tag.delete_all', tagged],
  ['POST', 'flavors/f1/service_profiles', { id: 'p1' }, 'service_profile.create', { service_profile: { id: 'p1' } }],
])('%s %s is told of before and after', (method, path, body, event, payload) => {
  expect(notices(method, path, body)).toEqual({ start: [`${event}.start`, payload], end: [`${event}.end`, payload] });
});

it.each([
  ['POST', 'agents/a1/dhcp-networks', { network_id: 'n1' }, 'dhcp_agent.network.add'],
  ['DELETE', 'agents/a1/dhcp-networks/n1', {}, 'dhcp_agent.network.remove'],
])('%s %s is told of when it was done', (method, path, body, event) => {
  expect(notices(method, path, body)).toEqual({ end: [event, { agent: { id: 'a1', network_id: 'n1' } }] });
});

it.each([
  ['flavors/f1/service_profiles/p1', 'service_profile', 'p1'],
  ['auto_allocated_topology/p1', 'auto_allocated_topology', 'p1'],
])('DELETE %s is told of as that of a resource', (path, member, id) => {
  expect(notices('DELETE', path)).toEqual({
    start: [`${member}.delete.start`, { [`${member}_id`]: id }],
    end: [`${member}.delete.end`, { [member]: {}, [`${member}_id`]: id }],
  });
});

it.each([
  ['GET', 'networks/n1/tags'],
  ['PUT', 'networks/n1/tags'],
  ['PUT', 'quotas/p1'],
  ['DELETE', 'quotas/p1'],
  ['PUT', 'subnetpools/s1/add_prefixes'],
  ['PUT', 'address_groups/a1/add_addresses'],
  ['PUT', 'ports/p1/bindings/h1/activate'],
  ['GET', 'ports/p1/explain'],
])('%s %s is not told of', (method, path) => {
  expect(notices(method, path)).toBeNull();
});
