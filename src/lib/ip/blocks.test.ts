import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IpVersion } from './address.ts';
import { blocksOf, compactCidrs, findBlock, setCovers, setOfCidrs, setsOverlap } from './blocks.ts';
import { type Cidr, cidrOf, formatCidr } from './cidr.ts';
import { has, ipSet, size, subtract } from './set.ts';

const width = { 4: 32, 6: 128 } as const;

/** Blocks close together, so that they touch and overlap. */
const cidrs = (version: IpVersion) =>
  fc
    .tuple(fc.bigInt({ min: 0n, max: 4095n }), fc.integer({ min: width[version] - 12, max: width[version] }))
    .map(([value, prefix]) => cidrOf({ version, value }, prefix));
const version = fc.constantFrom<IpVersion>(4, 6);
const lists = version.chain((v) => fc.tuple(fc.constant(v), fc.array(cidrs(v), { maxLength: 12 })));

describe('compacting', () => {
  it.each([
    [['10.128.0.0/16', '10.129.0.0/16'], ['10.128.0.0/15']],
    [
      ['10.1.0.0/16', '10.0.0.0/16', '10.2.0.0/16'],
      ['10.0.0.0/15', '10.2.0.0/16'],
    ],
    [['10.0.0.5/8', '10.4.0.0/16'], ['10.0.0.0/8']],
    [['0.0.0.0/1', '128.0.0.0/1'], ['0.0.0.0/0']],
  ])('%j is %j', (given, compact) => expect(compactCidrs(given, 4)).toEqual(compact));

  it('keeps all addresses, in as few blocks as can be, of which none could be larger', () => {
    fc.assert(
      fc.property(lists, ([v, list]) => {
        const set = ipSet(list);
        const blocks = blocksOf(set, v);
        expect(ipSet(blocks)).toEqual(set);
        for (const block of blocks) {
          expect(cidrOf({ version: v, value: block.first }, block.prefix)).toEqual(block);
          if (block.prefix === 0) continue;
          expect(setCovers(set, cidrOf({ version: v, value: block.first }, block.prefix - 1))).toBe(false);
        }
      }),
    );
  });
});

describe('finding a free block', () => {
  it.each([
    ['10.140.0.0/16', ['10.140.0.0/26'], 28, '10.140.0.64/28'],
    ['10.140.0.0/16', ['10.140.0.0/26', '10.140.0.64/28'], 28, '10.140.0.80/28'],
    ['10.140.0.0/16', ['10.140.0.0/26', '10.140.0.64/28'], 25, '10.140.0.128/25'],
    ['10.0.0.0/24', ['10.0.0.0/24'], 32, null],
    ['2001:db8::/32', [], 64, '2001:db8::/64'],
  ])('of %s without %j for a /%i is %s', (prefix, taken, length, found) => {
    const free = subtract(setOfCidrs([prefix]), setOfCidrs(taken));
    const block = findBlock(free, length, prefix.includes(':') ? 6 : 4);
    expect(block && formatCidr(block)).toBe(found);
  });

  it('takes the smallest that has room, and of those the lowest', () => {
    const free = setOfCidrs(['10.0.0.0/16', '10.200.0.0/24', '10.201.0.0/24']);
    expect(formatCidr(findBlock(free, 26, 4)!)).toBe('10.200.0.0/26');
  });

  it('never overlaps, never leaves the prefixes, fails only when there is no room, and gives back what was released', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ take: fc.integer({ min: 0, max: 13 }) }) },
      { weight: 1, arbitrary: fc.record({ release: fc.nat(20) }) },
    );
    fc.assert(
      fc.property(lists, fc.array(step, { maxLength: 40 }), ([v, prefixes], steps) => {
        const set = ipSet(prefixes);
        let taken: Cidr[] = [];
        for (const one of steps) {
          if ('release' in one) {
            taken = taken.filter((_, i) => i !== one.release);
            continue;
          }
          const length = width[v] - one.take;
          const free = subtract(set, ipSet(taken));
          const block = findBlock(free, length, v);
          const rooms = blocksOf(free, v).filter(({ prefix }) => prefix <= length);
          if (block === null) {
            expect(rooms).toEqual([]);
            continue;
          }
          const smallest = Math.max(...rooms.map(({ prefix }) => prefix));
          expect(block.first).toBe(rooms.find(({ prefix }) => prefix === smallest)!.first);
          expect(block.prefix).toBe(length);
          expect(setCovers(set, block)).toBe(true);
          expect(setsOverlap(ipSet(taken), [block])).toBe(false);
          taken.push(block);
        }
        expect(size(ipSet(taken))).toBe(taken.reduce((sum, { first, last }) => sum + last - first + 1n, 0n));
      }),
    );
  });
});

describe('sets', () => {
  it('overlap where they have an address in common', () => {
    fc.assert(
      fc.property(lists, lists, ([, a], [, b]) => {
        const [x, y] = [ipSet(a), ipSet(b)];
        const common = x.some(({ first, last }) => {
          for (let value = first; value <= last; value++) if (has(y, value)) return true;
          return false;
        });
        expect(setsOverlap(x, y)).toBe(common);
      }),
      { numRuns: 30 },
    );
  });
});
