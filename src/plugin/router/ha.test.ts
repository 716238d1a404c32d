import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { all, failure, member } from '../fixture.ts';
import { gateway, RouterFixture } from './router-fixture.ts';

let r: RouterFixture;

beforeEach(async () => {
  r = await RouterFixture.make();
});
afterEach(() => r[Symbol.asyncDispose]());

const p1 = member('p1');
const haNetworks = () => all(r.f.plugin.collections.networks, { filters: { name: ['HA network tenant p1'] } });
const owners = async (id: string) =>
  (await all(r.f.plugin.collections.ports, { filters: { device_id: [id] } })).map(({ device_owner }) => device_owner);

describe('a highly available router', () => {
  it('has the network of its project while it lives', async () => {
    const { id, ha } = await r.router({ ha: true });
    expect(ha).toBe(true);
    expect(await haNetworks()).toHaveLength(1);
    const { id: other } = await r.router({ ha: true });
    expect(await haNetworks()).toHaveLength(1);
    await r.routers.delete(p1, id);
    expect(await haNetworks()).toHaveLength(1);
    await r.routers.delete(p1, other);
    expect(await haNetworks()).toEqual([]);
  });

  it('is what routers are where that is configured', async () => {
    await r[Symbol.asyncDispose]();
    r = await RouterFixture.make({ l3Agent: { l3_ha: true } });
    expect(await r.router()).toMatchObject({ ha: true });
    expect(await r.router({ ha: false })).toMatchObject({ ha: false });
  });

  it('has interfaces and agents of its own kind', async () => {
    await r.f.l3Agent('host1');
    await r.f.l3Agent('host2');
    const { id } = await r.router({ ha: true });
    const { subnet } = await r.lan();
    await r.add(id, { subnet_id: subnet.id }, p1);
    expect((await owners(id)).sort()).toEqual([
      'network:ha_router_replicated_interface',
      'network:router_ha_interface',
      'network:router_ha_interface',
    ]);
    await r.remove(id, { subnet_id: subnet.id }, p1);
    await r.routers.delete(p1, id);
    expect(await owners(id)).toEqual([]);
  });

  it('becomes one, and ceases to be one, while it is switched off', async () => {
    const { id } = await r.router();
    const { subnet } = await r.lan();
    await r.add(id, { subnet_id: subnet.id });
    expect(await failure(r.update(id, { ha: true }))).toMatchObject({
      type: 'BadRequest',
      message: expect.stringContaining('Cannot change HA attribute of active routers'),
    });
    expect(await r.update(id, { ha: true, admin_state_up: false })).toMatchObject({ ha: true });
    expect(await owners(id)).toEqual(['network:ha_router_replicated_interface']);
    expect(await haNetworks()).toHaveLength(1);
    expect(await r.update(id, { ha: false })).toMatchObject({ ha: false });
    expect(await owners(id)).toEqual(['network:router_interface']);
    expect(await haNetworks()).toEqual([]);
  });

  it('is taken from the agent that it was on before that one is told of it anew', async () => {
    await r.f.l3Agent('host1');
    const { id } = await r.router();
    const { subnet } = await r.lan();
    await r.add(id, { subnet_id: subnet.id });
    await r.f.told();
    await r.update(id, { ha: true, admin_state_up: false });
    const told = (await r.f.told()).filter(({ to }) => to === 'l3_agent.host1').map(({ method }) => method);
    expect(told).toEqual(['router_removed_from_agent', 'routers_updated']);
  });

  it('shows its interfaces as what they are in lists, too', async () => {
    const { id } = await r.router();
    const { subnet } = await r.lan();
    const { port_id } = await r.add(id, { subnet_id: subnet.id });
    const listed = async () => (await all(r.f.plugin.collections.ports)).find((port) => port.id === port_id)!;
    const { revision_number } = await listed();
    await r.update(id, { ha: true, admin_state_up: false });
    expect(await listed()).toMatchObject({
      device_owner: 'network:ha_router_replicated_interface',
      revision_number: revision_number + 1,
    });
  });

  it('that is refused leaves no network behind', async () => {
    const { id } = await r.router();
    await failure(r.update(id, { ha: true }));
    expect(await haNetworks()).toEqual([]);
    expect((await failure(r.router({ ha: true, ...gateway(id) }))).type).toBe('NetworkNotFound');
    expect(await haNetworks()).toEqual([]);
    await r.router({ ha: true });
    await failure(r.router({ ha: true, ...gateway(id) }));
    expect(await haNetworks()).toHaveLength(1);
  });

  it('is not on subnets with the addresses over which such routers speak', async () => {
    const { id } = await r.router({ ha: true });
    const { subnet } = await r.lan('169.254.200.0/24');
    const reserved = { type: 'BadRequest', message: expect.stringContaining('over which HA routers speak') };
    expect(await failure(r.add(id, { subnet_id: subnet.id }))).toEqual(reserved);
    const single = await r.router();
    await r.add(single.id, { subnet_id: subnet.id });
    expect(await failure(r.update(single.id, { ha: true, admin_state_up: false }))).toEqual(reserved);
    expect(await r.show(single.id)).toMatchObject({ ha: false, admin_state_up: true });
  });

  it('has no routes over the network over which it speaks to its like', async () => {
    await r.f.l3Agent('host1');
    const { id } = await r.router({ ha: true });
    const routes = [{ destination: '10.9.0.0/16', nexthop: '169.254.192.77' }];
    expect((await failure(r.update(id, { routes }))).message).toContain('the nexthop is not connected with router');
    const world = await r.world();
    expect(await r.update(id, gateway(world.network.id))).toMatchObject({ ha: true });
  });
});
