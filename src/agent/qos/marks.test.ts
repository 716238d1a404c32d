import { expect, it } from 'vitest';
import type { Treatment } from './derive.ts';
import { markChain, marksOf, planMarks } from './marks.ts';

const hub = 'neutron-linuxbri-POSTROUTING';
const tapA = 'tapaaaaaaaa-aa';
const tapB = 'tapbbbbbbbb-bb';
/** Its chain is that of `tapA`. */
const alike = 'tapaaaaaaaa-ab';

function marked(device: string, dscp = 26): Treatment {
  const none = { toGuest: null, fromGuest: null, problems: [] };
  return { device, portId: 'p', policyId: 'b01', mark: { dscp, rule: 'b02' }, ...none };
}

const entry = `-A POSTROUTING -j ${hub}`;
const from = (device: string) => `-m physdev --physdev-in ${device} --physdev-is-bridged`;
const jump = (device: string) => `-A ${hub} ${from(device)} -j ${markChain(device)}`;
const set = (hex: string) => `-m comment --comment "policy b01 rule b02" -j DSCP --set-dscp ${hex}`;

function savedOf(chains: readonly string[], rules: readonly string[]): string {
  return ['*mangle', ':POSTROUTING ACCEPT [0:0]', ...chains.map((name) => `:${name} - [0:0]`), ...rules, 'COMMIT'].join(
    '\n',
  );
}

const empty = savedOf([], ['-A POSTROUTING -o eth0 -j TTL']);
const ofA = savedOf([hub, markChain(tapA)], [entry, jump(tapA), `-A ${markChain(tapA)} ${set('0x1a')}`]);
const taps = (...names: string[]) => new Map(names.map((name) => [name, 1]));
const lines = (plan: { text: string } | null) => plan?.text.trim().split('\n');

it('names chains as upstream does', () => {
  expect(markChain(tapA)).toBe('neutron-linuxbri-qos-oaaaaaa');
});

it('marks what comes from a tap', () => {
  const plan = planMarks([marked(tapA)], empty, taps(tapA));
  expect(lines(plan)).toEqual([
    '*mangle',
    `:${hub} - [0:0]`,
    `:${markChain(tapA)} - [0:0]`,
    `-F ${hub}`,
    `-F ${markChain(tapA)}`,
    jump(tapA),
    `-A ${markChain(tapA)} ${set('0x1a')}`,
    `-I POSTROUTING -j ${hub}`,
    'COMMIT',
  ]);
  expect(plan?.changes).toEqual([`set_chain name=${hub}`, `set_chain name=${markChain(tapA)}`]);
});

it('does nothing where all is well, or nothing is wanted and nothing there', () => {
  expect(planMarks([marked(tapA)], ofA, taps(tapA))).toBeNull();
  expect(planMarks([{ ...marked(tapA), mark: null }], empty, taps(tapA))).toBeNull();
});

it('enters its chains again', () => {
  const plan = planMarks([marked(tapA)], ofA.replace(`${entry}\n`, ''), taps(tapA));
  expect(plan?.changes).toEqual([`enter_chain name=${hub}`]);
  expect(lines(plan)).toContain(`-I POSTROUTING -j ${hub}`);
});

it('follows another mark, and a tap that comes and one that goes', () => {
  expect(planMarks([marked(tapA, 8)], ofA, taps(tapA))?.changes).toEqual([`set_chain name=${markChain(tapA)}`]);
  const both = planMarks([marked(tapA), marked(tapB)], ofA, taps(tapA, tapB));
  expect(both?.changes).toEqual([`set_chain name=${hub}`, `set_chain name=${markChain(tapB)}`]);
  const moved = planMarks([marked(tapB)], ofA, taps(tapB));
  expect(moved?.changes.at(-1)).toBe(`delete_chain name=${markChain(tapA)}`);
  expect(lines(moved)).not.toContain(jump(tapA));
});

it('leaves nothing when nothing is marked', () => {
  expect(lines(planMarks([{ ...marked(tapA), mark: null }], ofA, taps(tapA)))).toEqual([
    ...['*mangle', `-D POSTROUTING -j ${hub}`, `-F ${hub}`, `-F ${markChain(tapA)}`],
    ...[`-X ${hub}`, `-X ${markChain(tapA)}`, 'COMMIT'],
  ]);
});

it('keeps the marks of taps that somebody else decides over', () => {
  const plan = planMarks([marked(tapB)], ofA, taps(tapA, tapB));
  expect(lines(plan)).toEqual(expect.arrayContaining([jump(tapA), `-A ${markChain(tapA)} ${set('0x1a')}`]));
  expect(plan?.changes).toEqual([`set_chain name=${hub}`, `set_chain name=${markChain(tapB)}`]);
  expect(planMarks([], ofA, taps(tapA))).toBeNull();
});

it('tells taps apart that share a chain', () => {
  const plan = planMarks([marked(tapA, 8), marked(alike, 10)], empty, taps(tapA, alike));
  const inChain = lines(plan)?.filter((line) => line.startsWith(`-A ${markChain(tapA)}`));
  expect(inChain).toEqual([
    `-A ${markChain(tapA)} ${from(tapA)} ${set('0x08')}`,
    `-A ${markChain(tapA)} ${from(alike)} ${set('0x0a')}`,
  ]);
});

it('takes only ids into rules', () => {
  const evil = { ...marked(tapA), policyId: 'x" -j ACCEPT\n-A' };
  expect(planMarks([evil], empty, taps(tapA))?.text).toContain('"policy unknown rule b02"');
});

it('shows the marks of a tap', () => {
  expect(marksOf(tapA, ofA)).toEqual([set('0x1a')]);
  expect(marksOf(tapB, ofA)).toEqual([]);
  expect(marksOf(tapA, ofA.replace(`${entry}\n`, ''))).toEqual([]);
});
