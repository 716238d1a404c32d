import { expect, it } from 'vitest';
import { all, createFixture } from '../fixture.ts';

it('a subnet tells whether its network leads outside, and can be found by that', async () => {
  await using f = await createFixture();
  const { networks, subnets } = f.plugin.collections;
  const outside = await f.network({ 'router:external': true });
  const inside = await f.network();
  const external = await f.subnet(outside.id);
  const internal = await f.subnet(inside.id, { cidr: '10.1.0.0/24' });
  expect([external['router:external'], internal['router:external']]).toEqual([true, false]);
  const found = await all(subnets, { filters: { 'router:external': [true] } });
  expect(found.map(({ id }) => id)).toEqual([external.id]);
  await networks.update!(f.context, inside.id, { 'router:external': true });
  expect(await subnets.get(f.context, internal.id)).toMatchObject({ 'router:external': true });
});
