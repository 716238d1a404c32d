import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type IdRange, isIn, parseTunnelRanges, parseVlanRanges, without } from './ranges.ts';

const range = (minimum: number, maximum: number): IdRange => ({ minimum, maximum });

describe('network_vlan_ranges', () => {
  it.each<[string[], [string, IdRange[]][]]>([
    [[], []],
    [
      ['a:1:10', ' b:20:30 ', 'a:100:200'],
      [
        ['a', [range(1, 10), range(100, 200)]],
        ['b', [range(20, 30)]],
      ],
    ],
    [['a'], [['a', [range(1, 4094)]]]],
    [['a:5:6', 'a', 'a:7:8'], [['a', [range(1, 4094)]]]],
    [['a:4094:4094'], [['a', [range(4094, 4094)]]]],
  ])('reads %j', (items, ranges) => {
    expect(parseVlanRanges(items)).toEqual({ ranges: new Map(ranges), error: null });
  });

  it.each<[string, RegExp]>([
    ['a:1', /'a:1' is no range; give physical_network:first:last/],
    ['a:1:2:3', /is no range/],
    [':1:2', /names no physical network/],
    ['a:0:5', /no VLAN id from 1 to 4094 at '0'/],
    ['a:1:4095', /at '4095'/],
    ['a:x:5', /at 'x'/],
    ['a:10:5', /ends before it begins/],
  ])('refuses %s', (item, reason) => expect(parseVlanRanges([item]).error).toMatch(reason));
});

describe('ranges of tunnels', () => {
  it('are read', () => {
    expect(parseTunnelRanges('vxlan', ['1:1000', ' 5000 : 6000'])).toEqual({
      ranges: [range(1, 1000), range(5000, 6000)],
      error: null,
    });
    expect(parseTunnelRanges('gre', ['1:4294967295']).error).toBeNull();
  });

  it.each<['vxlan' | 'gre' | 'geneve', string, RegExp]>([
    ['vxlan', '1:16777216', /no VNI from 1 to 16777215 at '16777216'; give first:last/],
    ['geneve', '0:5', /at '0'/],
    ['gre', '1:4294967296', /no GRE key from 1 to 4294967295/],
    ['vxlan', '5', /is no range/],
    ['vxlan', '1:2:3', /is no range/],
    ['vxlan', '9:1', /ends before it begins/],
  ])('of %s refuse %s', (type, item, reason) => expect(parseTunnelRanges(type, [item]).error).toMatch(reason));
});

it('what is left of ranges has exactly the ids of some of them and none of the others', () => {
  const some = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 10 })).map(([a, n]) => range(a, a + n)),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(some, some, (ranges, others) => {
      const left = without(ranges, others);
      for (let id = 0; id < 45; id++) {
        const wanted = ranges.some((one) => isIn(one, id)) && !others.some((one) => isIn(one, id));
        expect(left.filter((one) => isIn(one, id))).toHaveLength(wanted ? 1 : 0);
      }
    }),
  );
});
