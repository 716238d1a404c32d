import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failure } from '../fixture.ts';
import { checkRoutes, type RouteGround } from './extra-routes.ts';
import { RouterFixture } from './router-fixture.ts';

const ground: RouteGround = {
  cidrs: ['10.0.0.0/24', '10.0.1.0/24', '2001:db8::/64'],
  addresses: ['10.0.0.1', '10.0.1.1', '2001:db8::1'],
  haCidr: '169.254.192.0/18',
};

const problem = (destination: string, nexthop: string): string | null => {
  try {
    checkRoutes([{ destination, nexthop }], ground);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
};

describe('a route', () => {
  it.each([
    ['10.9.0.0/16', '10.0.0.9'],
    ['0.0.0.0/0', '10.0.0.9'],
    ['0.0.0.0/1', '10.0.1.9'],
    ['192.0.2.7/32', '10.0.0.9'],
    ['10.0.0.128/25', '10.0.0.9'],
    ['10.0.0.0/16', '10.0.0.9'],
    ['169.254.0.0/17', '10.0.0.9'],
    ['128.0.0.0/1', '10.0.0.9'],
    ['::/0', '2001:db8::9'],
    ['2001:db8:7::/48', '2001:db8::9'],
    ['10.0.1.0/24', '10.0.1.9'],
  ])('to %s by %s is fine', (destination, nexthop) => {
    expect(problem(destination, nexthop)).toBeNull();
  });

  it.each([
    ['10.9.0.0/16', '172.16.0.8', 'the nexthop is not connected with router'],
    ['10.9.0.0/16', '10.0.1.1', 'the nexthop is used by router'],
    ['10.9.0.0/16', '10.0.0.255', 'the nexthop is not the address of a host'],
    ['10.9.0.0/16', '10.0.0.0', 'the nexthop is not the address of a host'],
    ['2001:db8:7::/48', '10.0.0.9', 'of different IP versions'],
    ['10.9.0.0/16', '2001:db8::9', 'of different IP versions'],
    ['10.0.1.0/24', '10.0.0.9', 'the router is on 10.0.1.0/24 itself'],
    ['10.0.0.9/32', '10.0.0.9', 'the nexthop lies in its own destination'],
    ['10.0.0.8/29', '10.0.0.9', 'the nexthop lies in its own destination'],
    ['169.254.169.254/32', '10.0.0.9', 'would take the way of metadata'],
    ['169.254.0.0/16', '10.0.0.9', 'would take the way of metadata'],
    ['169.254.128.0/17', '10.0.0.9', 'would take the way of metadata'],
    ['169.254.192.0/18', '10.0.0.9', 'would take the way of metadata'],
    ['169.254.200.0/24', '10.0.0.9', 'would take the way of metadata'],
    ['fe80::/64', '2001:db8::9', 'link-local addresses are not routed'],
  ])('to %s by %s is refused: %s', (destination, nexthop, reason) => {
    expect(problem(destination, nexthop)).toContain(reason);
  });

  it('of an HA range of one’s own leaves that one alone', () => {
    const own = { ...ground, haCidr: '192.168.77.0/24' };
    const to = (destination: string) => () => checkRoutes([{ destination, nexthop: '10.0.0.9' }], own);
    expect(to('192.168.77.0/25')).toThrow('would take the way');
    expect(to('192.168.0.0/16')).not.toThrow();
    expect(to('169.254.192.0/18')).not.toThrow();
  });

  it('stands there once', () => {
    const route = { destination: '10.9.0.0/16', nexthop: '10.0.0.9' };
    expect(() => checkRoutes([route, { ...route }], ground)).toThrow('a route stands there twice');
  });
});

it('of IPv6 no next hop lies in the destination of another, which the kernel takes in one order only', () => {
  const wide = { destination: '2001:db8:77::/48', nexthop: '2001:db8::9' };
  const narrow = { destination: '2001:db8::8/125', nexthop: '2001:db8::20' };
  const reason = 'the nexthop lies in the destination of another route, 2001:db8::8/125';
  for (const routes of [
    [wide, narrow],
    [narrow, wide],
  ]) {
    expect(() => checkRoutes(routes, ground)).toThrow(reason);
  }
  expect(() => checkRoutes([{ ...wide, nexthop: '2001:db8::30' }, narrow], ground)).not.toThrow();
  expect(() => checkRoutes([wide, { destination: '::/0', nexthop: '2001:db8::20' }], ground)).not.toThrow();
  const four = [
    { destination: '10.77.0.0/16', nexthop: '10.0.0.9' },
    { destination: '10.0.0.8/30', nexthop: '10.0.0.20' },
  ];
  expect(() => checkRoutes(four, ground)).not.toThrow();
});

describe('routes of a router', () => {
  let r: RouterFixture;
  let id: string;
  const one = { destination: '10.9.0.0/16', nexthop: '10.0.0.9' };
  const two = { destination: '10.8.0.0/16', nexthop: '10.0.0.8' };
  const other = { destination: '10.9.0.0/16', nexthop: '10.0.0.8' };

  beforeEach(async () => {
    r = await RouterFixture.make({ router: { max_routes: 3 } });
    id = (await r.router()).id;
    await r.add(id, { subnet_id: (await r.lan()).subnet.id });
  });
  afterEach(() => r[Symbol.asyncDispose]());

  it('are replaced as a whole, in the order they were given', async () => {
    expect(await r.update(id, { routes: [two, one] })).toMatchObject({ routes: [two, one], revision_number: 3 });
    expect(await r.update(id, { routes: [two, one] })).toMatchObject({ revision_number: 3 });
    expect(await r.update(id, { routes: [other] })).toMatchObject({ routes: [other], revision_number: 4 });
    expect(await r.update(id, { routes: [] })).toMatchObject({ routes: [] });
  });

  it('are added and taken away one by one', async () => {
    await r.update(id, { routes: [one] });
    expect(await r.routes('add', id, [one, two])).toMatchObject({ routes: [one, two] });
    expect(await r.routes('add', id, [other])).toMatchObject({ routes: [one, two, other] });
    expect(await r.routes('remove', id, [two, { ...two, nexthop: '10.0.0.7' }])).toMatchObject({
      routes: [one, other],
    });
  });

  it('are no more than are allowed', async () => {
    const routes = [1, 2, 3, 4].map((i) => ({ destination: `10.${100 + i}.0.0/16`, nexthop: '10.0.0.9' }));
    expect(await failure(r.update(id, { routes }))).toEqual({
      type: 'RoutesExhausted',
      message: `Unable to complete operation for ${id}. The number of routes exceeds the maximum 3.`,
    });
    await r.update(id, { routes: routes.slice(0, 3) });
    expect((await failure(r.routes('add', id, [routes[3]!]))).type).toBe('RoutesExhausted');
    expect((await r.show(id)).routes).toHaveLength(3);
  });

  it('are refused with all of them in the text, and none is kept', async () => {
    const routes = [one, { destination: '10.7.0.0/16', nexthop: '172.16.0.8' }];
    expect(await failure(r.update(id, { name: 'x', routes }))).toEqual({
      type: 'InvalidRoutes',
      message:
        "Invalid format for routes: [{'destination': '10.9.0.0/16', 'nexthop': '10.0.0.9'}, {'destination': '10.7.0.0/16', 'nexthop': '172.16.0.8'}], the nexthop is not connected with router",
    });
    expect(await r.show(id)).toMatchObject({ name: 'r', routes: [] });
  });
});
