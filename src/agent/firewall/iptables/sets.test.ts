import { describe, expect, it } from 'vitest';
import type { AddressSet } from '../../../linux/ipset.ts';
import { planSet, setEntries } from './sets.ts';

const wanted = (...entries: string[]) => ({ version: 4 as const, entries: new Set(entries) });
const have = (entries: readonly string[], more: Partial<AddressSet> = {}): AddressSet => ({
  type: 'hash:net',
  version: 4,
  maxElements: 65_536,
  entries: new Set(entries),
  ...more,
});
const many = (count: number) => Array.from({ length: count }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);

describe('setEntries', () => {
  it('spells addresses as ipset does, everybody as two halves, and leaves out what is none', () => {
    expect([
      ...setEntries(
        [
          ['10.0.0.5', null],
          ['10.0.0.5/32', 'x'],
          ['10.1.2.3/16', null],
          ['0.0.0.0/0', null],
          ['fd00::1', null],
          ['x y', null],
          ['1.2.3', null],
          ['1.2.3.04', null],
          ['1.2.3.256', null],
          ['1.2.3.4.', null],
        ],
        4,
      ),
    ]).toEqual(['10.0.0.5', '10.1.0.0/16', '0.0.0.0/1', '128.0.0.0/1']);
    expect([
      ...setEntries(
        [
          ['FD00::5', null],
          ['::/0', null],
          ['fd01::/64', null],
        ],
        6,
      ),
    ]).toEqual(['fd00::5', '::/1', '8000::/1', 'fd01::/64']);
  });
});

describe('planSet', () => {
  it('makes a new set', () => {
    expect(planSet('S', wanted('10.0.0.1', '10.0.0.2'), undefined)?.commands).toEqual([
      'create S hash:net family inet',
      'add S 10.0.0.1',
      'add S 10.0.0.2',
    ]);
  });

  it('changes a few members in place, those who come first', () => {
    const before = many(1000);
    const plan = planSet('S', wanted(...before.slice(1), '10.9.9.9'), have(before));
    expect(plan?.commands).toEqual(['add S 10.9.9.9', 'del S 10.0.0.0']);
    expect(planSet('S', wanted(...before), have(before))).toBeNull();
  });

  it('puts a set that changes much in the place of the old one', () => {
    const plan = planSet('S', wanted(...many(200)), have(['10.9.9.9']), true);
    expect(plan?.commands.slice(0, 3)).toEqual(['destroy S-n', 'create S-n hash:net family inet', 'add S-n 10.0.0.0']);
    expect(plan?.commands.slice(-2)).toEqual(['swap S-n S', 'destroy S-n']);
  });

  it('gives a large group room, and one that is full more of it', () => {
    expect(planSet('S', wanted(...many(100_000)), undefined)?.commands[0]).toBe(
      'create S hash:net family inet hashsize 131072 maxelem 262144',
    );
    const full = planSet(
      'S',
      wanted('10.0.0.1', '10.0.0.2', '10.0.0.3'),
      have(['10.0.0.1', '10.0.0.2'], { maxElements: 2 }),
    );
    expect(full?.commands).toContain('swap S-n S');
  });
});
