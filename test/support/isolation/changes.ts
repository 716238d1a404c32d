import { type Case, cases, type Step } from './cases.ts';
import { reaches } from './model.ts';
import { type Rule, type World, world } from './world.ts';

/** Rules that come and go while the suite runs: by `came` passes what did not, by `went` no longer what did. */
export const came: { group: string; rule: Rule } = {
  group: 'out',
  rule: { direction: 'ingress', ethertype: 'IPv4', protocol: 17, min: 5000, max: 5001, prefix: '10.7.0.0/24' },
};
export const went: { group: string; at: number } = {
  group: 'services',
  at: world.groups.services!.findIndex(({ min, max }) => min === 5000 && max === 5010),
};

export const changedWorld: World = {
  ...world,
  groups: {
    ...world.groups,
    [came.group]: [...world.groups[came.group]!, came.rule],
    [went.group]: world.groups[went.group]!.filter((_, at) => at !== went.at),
  },
};

/** Cases of their own for the change: nothing of the table is from a guest of `services` to one of `out`, unasked. */
const before = cases.find(({ name }) => name === 'the first port of a range')!.steps[0]!;
const extra: Case = {
  name: 'a rule that came',
  steps: [
    {
      from: world.guests.dave!,
      to: world.guests.carol!,
      passes: false,
      packet: {
        ...before.packet,
        srcMac: world.guests.dave!.mac,
        dstMac: world.guests.carol!.mac,
        content: {
          what: 'ip',
          version: 4,
          src: world.guests.dave!.ipv4,
          dst: world.guests.carol!.ipv4,
          carried: { kind: 'udp', from: 29_999, to: 5000 },
        },
      },
    },
  ],
};

export const firstCases: readonly Case[] = [...cases, extra];

/**
 * The same cases with what the model expects of the changed world. What follows a question that does not arrive any more is left
 * out: a host that let it out takes an answer, one that did not knows of none.
 */
export const changedCases: readonly Case[] = firstCases.map(({ name, steps: [first, ...rest] }) => {
  const passes = now(first!);
  return { name, steps: [{ ...first!, passes }, ...(passes === first!.passes ? rest : [])] };
});

/** Where the model and the table agree, what the model says now. */
function now({ from, to, packet, passes }: Step): boolean {
  return passes === reaches(world, from, to, packet) ? reaches(changedWorld, from, to, packet) : passes;
}

/** Those that go otherwise than before. */
export const affected: readonly Case[] = changedCases.filter(({ steps }, at) =>
  steps.some(({ passes }, step) => passes !== firstCases[at]!.steps[step]!.passes),
);
export const unaffected: readonly Case[] = firstCases.filter((_, at) => !affected.includes(changedCases[at]!));
