import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { everything } from '../../support/every-resource.ts';
import { admin, type Caller, makeTenants, member, type Tenants } from '../../support/tenants.ts';
import { callers as ofDemo } from './callers.ts';

/**
 * What of a router only some may give, and the actions on it, by the published defaults (facts: neutron/conf/policies/router.py
 * of 2026.2). Who does not see the router is told that there is none.
 */
const callers: Readonly<Record<string, Caller>> = { ...ofDemo, 'member of another project': member('alt') };
const admins: readonly string[] = ['admin'];
const members: readonly string[] = ['admin', 'manager', 'member'];
/** Refused, but shown the router. */
const seeing: readonly string[] = ['manager', 'member', 'reader'];

let t: Tenants;
let outside: string;
let subnet: string;
let router: string;
beforeAll(async () => {
  t = await makeTenants({ options: { ...everything, quota: { quota_router: -1 } } });
  outside = (await t.create(admin, 'networks', { 'router:external': true })).id;
  await t.create(admin, 'subnets', { network_id: outside, ip_version: 4, cidr: '198.51.100.0/24' });
  const network = await t.create(member('demo'), 'networks', {});
  subnet = (await t.create(member('demo'), 'subnets', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' }))
    .id;
  router = (await t.create(member('demo'), 'routers', { name: 'r' })).id;
});
afterAll(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

const attributes: Readonly<Record<string, readonly [may: readonly string[], given: () => object]>> = {
  'a gateway': [members, () => ({ external_gateway_info: { network_id: outside } })],
  'no gateway': [members, () => ({ external_gateway_info: null })],
  'a gateway and its SNAT': [admins, () => ({ external_gateway_info: { network_id: outside, enable_snat: false } })],
  'a gateway and its addresses': [
    admins,
    () => ({ external_gateway_info: { network_id: outside, external_fixed_ips: [] } }),
  ],
  'that it is not distributed': [admins, () => ({ distributed: false })],
  'that it is not highly available': [admins, () => ({ ha: false })],
  'a name': [members, () => ({ name: 'x' })],
};

const actions: Readonly<Record<string, () => readonly [action: string, body: object, undo?: string]>> = {
  'an interface': () => ['add_router_interface', { subnet_id: subnet }, 'remove_router_interface'],
  'no routes more': () => ['add_extraroutes', { router: { routes: [] } }],
  'no routes less': () => ['remove_extraroutes', { router: { routes: [] } }],
};

describe.each(Object.keys(callers))('as %s', (role) => {
  const who = callers[role]!;
  const refused = seeing.includes(role) ? 403 : 404;

  it.each(Object.entries(attributes))('a router is given %s', async (_, [may, given]) => {
    const changed = await t.ask(who, 'PUT', `routers/${router}`, { router: given() });
    expect(changed.status, JSON.stringify(changed.body)).toBe(may.includes(role) ? 200 : refused);
    const made = await t.ask(who, 'POST', 'routers', { router: given() });
    const mayMake = may.includes(role) || (role === 'member of another project' && may === members);
    expect(made.status, JSON.stringify(made.body)).toBe(mayMake ? 201 : 403);
  });

  it.each(Object.entries(actions))('a router is given %s', async (_, how) => {
    const [action, body, undo] = how();
    const { status } = await t.ask(who, 'PUT', `routers/${router}/${action}`, body);
    if (members.includes(role)) expect(status).toBe(200);
    else expect(status).toBe(role === 'member of another project' ? 404 : 403);
    if (undo !== undefined && status === 200) await t.ask(who, 'PUT', `routers/${router}/${undo}`, body);
  });

  it('of a router shows what is for administrators to administrators', async () => {
    const { status, body } = await t.ask(who, 'GET', `routers/${router}`);
    expect(status).toBe(['admin', ...seeing].includes(role) ? 200 : 404);
    if (status === 200)
      expect(['ha' in body.router, 'distributed' in body.router]).toEqual(Array(2).fill(role === 'admin'));
  });
});

it('a refusal names the rules of what was given', async () => {
  const given = { external_gateway_info: { network_id: outside, enable_snat: false } };
  const { body } = await t.ask(member('demo'), 'PUT', `routers/${router}`, { router: given });
  expect(body.NeutronError).toMatchObject({
    type: 'PolicyNotAuthorized',
    message:
      '(rule:update_router and (rule:update_router:external_gateway_info and (rule:update_router:external_gateway_info:network_id and rule:update_router:external_gateway_info:enable_snat))) is disallowed by policy',
  });
});
