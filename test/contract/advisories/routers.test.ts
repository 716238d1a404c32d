import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenants } from '../../support/tenants.ts';
import { attacker, makeCloud, manager, outcome, victim } from './cloud.ts';

/** Advisories of routers: who may come between a project and its networks. */
let t: Tenants;
let router: string;
let own: string;
beforeAll(async () => {
  t = await makeCloud();
  const { id: network_id } = await t.create(victim, 'networks', {});
  const subnet = await t.create(victim, 'subnets', { network_id, ip_version: 4, cidr: '10.0.0.0/24' });
  router = (await t.create(victim, 'routers', { name: 'r' })).id;
  await t.ask(victim, 'PUT', `routers/${router}/add_router_interface`, { subnet_id: subnet.id });
  own = (await t.create(attacker, 'networks', {})).id;
  await t.create(attacker, 'subnets', { network_id: own, ip_version: 4, cidr: '10.1.0.0/24' });
});
afterAll(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

const owners = [
  'network:router_interface',
  'network:ha_router_replicated_interface',
  'network:router_interface_distributed',
];

describe('CVE-2014-0056 (OSSA-2014-008): a port of mine as an interface of your router', () => {
  describe.each([
    ['a member', attacker],
    ['a manager', manager],
  ])('of %s', (_, who) => {
    it.each(owners)('%s is refused, when it is made and when it is changed', async (device_owner) => {
      const pretended = { device_owner, device_id: router };
      const post = { port: { network_id: own, ...pretended } };
      expect(outcome(await t.ask(who, 'POST', 'ports', post))).toBe('409 DeviceIDNotOwnedByTenant');
      const { id } = await t.create(who, 'ports', { network_id: own, device_owner });
      for (const port of [{ device_id: router }, pretended]) {
        expect(outcome(await t.ask(who, 'PUT', `ports/${id}`, { port }))).toBe('409 DeviceIDNotOwnedByTenant');
      }
      const late = await t.create(who, 'ports', { network_id: own, device_id: router });
      const changed = await t.ask(who, 'PUT', `ports/${late.id}`, { port: { device_owner } });
      expect(outcome(changed)).toBe('409 DeviceIDNotOwnedByTenant');
    });
  });

  it('is no interface for anybody else, either', async () => {
    const ports = (await t.ask(victim, 'GET', `ports?device_id=${router}`)).body.ports;
    expect(ports).toHaveLength(1);
    const remove = await t.ask(victim, 'PUT', `routers/${router}/remove_router_interface`, { port_id: ports[0].id });
    expect(outcome(remove)).toBe('200');
  });
});
