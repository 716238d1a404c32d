import { describe, expect, it } from 'vitest';
import { parsePhysicalNetworkMtus, physicalMtu } from './mtu.ts';

describe('physical_network_mtus', () => {
  it.each([
    [['physnet1:9000'], { physnet1: 9000 }],
    [['a:1:1400', ' b : 1500 '], { 'a:1': 1400, b: 1500 }],
    [[], {}],
  ])('reads %j', (items, mtus) => expect(parsePhysicalNetworkMtus(items)).toEqual({ mtus, error: null }));

  it.each([[['physnet1']], [[':1500']], [['a:x']], [['a:']], [['a:1', 'a:2']]])('refuses %j', (items) =>
    expect(parsePhysicalNetworkMtus(items).error).toMatch(/physnet|twice/),
  );
});

it.each([
  [1500, {}, null, 1500],
  [1500, { a: 9000 }, 'a', 1500],
  [9000, { a: 1400 }, 'a', 1400],
  [9000, { a: 1400 }, 'b', 9000],
  [0, { a: 1400 }, 'a', 1400],
])('limits %i and %j on %s to %i', (global, mtus, physical, result) =>
  expect(physicalMtu(global, mtus, physical)).toBe(result),
);
