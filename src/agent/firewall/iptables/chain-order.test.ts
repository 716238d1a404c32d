import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isSameChain, runEnd } from './chain-order.ts';

const tcp = (port: number) => `-p tcp -m tcp --dport ${port} -j RETURN`;
const drop = '-m state --state INVALID -j DROP';
const jump = '-j neutron-linuxbri-s00000001-a';

it.each([
  ['the same', [tcp(1), drop], [tcp(1), drop], true],
  ['returns in another order', [tcp(1), tcp(2), tcp(3), drop], [tcp(3), tcp(1), tcp(2), drop], true],
  [
    'two runs, each in another order',
    [tcp(1), tcp(2), jump, tcp(3), tcp(4)],
    [tcp(2), tcp(1), jump, tcp(4), tcp(3)],
    true,
  ],
  ['a return moved over a drop', [tcp(1), drop, tcp(2)], [tcp(1), tcp(2), drop], false],
  ['a return moved over a jump', [jump, tcp(1), drop], [tcp(1), jump, drop], false],
  ['returns exchanged over a jump', [tcp(1), jump, tcp(2)], [tcp(2), jump, tcp(1)], false],
  ['one more', [tcp(1), drop], [tcp(1), tcp(2), drop], false],
  ['one instead of another', [tcp(1), tcp(2), drop], [tcp(1), tcp(3), drop], false],
  ['one twice', [tcp(1), tcp(2), tcp(2)], [tcp(2), tcp(1), tcp(1)], false],
  ['drops in another order', [drop, '-j DROP'], ['-j DROP', drop], false],
])('chains with %s', (_, a, b, expected) => {
  expect(isSameChain(a, b)).toBe(expected);
  expect(isSameChain(b, a)).toBe(expected);
});

it('two chains are the same exactly if they let the same packets through, whichever rules match', () => {
  // Of each rule: whether it matches some packet. A chain's answer is that of the first that does.
  const names = ['r1', 'r2', 'r3', 'd1', 'd2'];
  const text = (name: string) => `-m comment --comment "${name}" -j ${name.startsWith('r') ? 'RETURN' : 'DROP'}`;
  const verdict = (chain: readonly string[], matching: ReadonlySet<string>) =>
    chain.find((name) => matching.has(name))?.[0] ?? 'end';
  const packets = Array.from(
    { length: 2 ** names.length },
    (_, bits) => new Set(names.filter((_name, at) => bits & (1 << at))),
  );
  fc.assert(
    fc.property(fc.shuffledSubarray(names), fc.shuffledSubarray(names), (a, b) => {
      const isSame = isSameChain(a.map(text), b.map(text));
      const alike = packets.every((packet) => verdict(a, packet) === verdict(b, packet));
      if (isSame) expect(alike).toBe(true);
      // Drops that follow each other could change places, too; nobody makes them.
      if (!isSame && alike) expect([...a].sort()).toEqual([...b].sort());
    }),
    { numRuns: 500 },
  );
});

it('a run ends with what says something else', () => {
  expect(runEnd([tcp(1), tcp(2), drop, tcp(3)])).toBe(2);
  expect(runEnd([tcp(1), tcp(2), drop, tcp(3)], 3)).toBe(4);
  expect(runEnd([drop])).toBe(0);
});
