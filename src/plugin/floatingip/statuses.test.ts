import { afterEach, beforeEach, expect, it } from 'vitest';
import type { FloatingIp, Port } from '../../resources/shapes.ts';
import { createFixture, type Fixture } from '../fixture.ts';
import { connect, type Routed, routed } from './routed.ts';

let f: Fixture;
let world: Routed;
let guest: Port;
let fip: FloatingIp;

beforeEach(async () => {
  f = await createFixture({ service: { service_plugins: ['router'] } });
  world = await routed(f);
  guest = await f.port(world.inside.id);
  fip = await fips().create!(f.context, {
    ...{ project_id: 'p1', floating_network_id: world.outside.id, port_id: guest.id },
  });
});
afterEach(() => f[Symbol.asyncDispose]());

const fips = () => f.plugin.collections.floatingips!;
const now = async () => (await fips().get(f.context, fip.id)) as FloatingIp;
const report = (status: string, router_id = world.router) =>
  f.askL3('update_floatingip_statuses', { router_id, fip_statuses: { [fip.id]: status } });

it('a floating IP is what its agent says, once', async () => {
  await report('ACTIVE');
  expect(await now()).toMatchObject({ status: 'ACTIVE', revision_number: 1 });
  await report('ACTIVE');
  expect(await now()).toMatchObject({ status: 'ACTIVE', revision_number: 1 });
  await report('ERROR');
  expect(await now()).toMatchObject({ status: 'ERROR' });
  await report('gone fishing');
  expect(await now()).toMatchObject({ status: 'ERROR' });
});

it('one that was taken from its port is down when the agent has let it go', async () => {
  await report('ACTIVE');
  await fips().update!(f.context, fip.id, { port_id: null });
  expect(await now()).toMatchObject({ status: 'ACTIVE', router_id: null });
  await f.askL3('update_floatingip_statuses', { router_id: world.router, fip_statuses: {} });
  expect(await now()).toMatchObject({ status: 'DOWN' });
  await report('ACTIVE');
  expect(await now()).toMatchObject({ status: 'DOWN' });
});

it('what the agent of another router says of it is old', async () => {
  const second = await f.network();
  const other = await connect(f, await f.subnet(second.id, { cidr: '10.9.0.0/24' }), world.outside);
  await report('ACTIVE', other);
  expect(await now()).toMatchObject({ status: 'DOWN' });
});

it('those of a router that is switched off are down: no agent is left to say so', async () => {
  await report('ACTIVE');
  await f.plugin.collections.routers!.update!(f.context, world.router, { admin_state_up: false });
  expect(await now()).toMatchObject({ status: 'DOWN', router_id: world.router });
});
