import { expect, it } from 'vitest';
import { parseTable, rule } from './saved-table.ts';

it.each([
  ['-p ARP -i tap1 -j X', '-i tap1 -p 0x0806 -j X'],
  [
    '-i tap1 --among-src fa:16:3e:0:0:a,fa:16:3e:0:0:2, -j RETURN',
    '-i tap1 --among-src FA:16:3e:00:00:02,fa:16:3e:00:00:0a -j RETURN',
  ],
  ['-p ! 802_1Q -i tap1 -j DROP', '-p ! 0x8100 -i tap1 -j DROP'],
  ['-m u32 --u32 "0x4=0x1" -j DROP', '-m u32 --u32 0x4=0x1 -j DROP'],
  ['! -s ::1/128 -j DROP', '! -s ::1/128   -j DROP'],
])('%s means the same as %s', (a, b) => {
  expect(rule(a).key).toBe(rule(b).key);
});

it.each([
  ['-i tap1 -j DROP', '-i tap2 -j DROP'],
  ['-i tap1 -j DROP', '-o tap1 -j DROP'],
  ['-p ! 0x800 -j DROP', '-p 0x800 -j DROP'],
  ['! -s ::1/128 -j DROP', '-s ::1/128 -j DROP'],
])('%s means something else than %s', (a, b) => {
  expect(rule(a).key).not.toBe(rule(b).key);
});

it('reads chains, policies and rules of ebtables-save', () => {
  const saved = [
    '*nat',
    ':PREROUTING ACCEPT',
    ':neutronMAC-tap1 DROP',
    '-A PREROUTING -i tap1 -j neutronMAC-tap1',
    '-A neutronMAC-tap1 -i tap1 --among-src fa:16:3e:0:0:1 -j RETURN ',
    '-A neutronMAC-tap1 -j DROP ',
  ].join('\n');
  const table = parseTable(saved);
  expect([...table.keys()]).toEqual(['PREROUTING', 'neutronMAC-tap1']);
  expect(table.get('neutronMAC-tap1')).toMatchObject({ policy: 'DROP' });
  expect(table.get('neutronMAC-tap1')!.rules.map(({ text }) => text)).toEqual([
    '-i tap1 --among-src fa:16:3e:0:0:1 -j RETURN',
    '-j DROP',
  ]);
});
