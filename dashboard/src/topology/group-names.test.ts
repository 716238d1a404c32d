import { expect, it } from 'vitest';
import { groupsIn } from './group-names.ts';
import type { Hop } from './trace-marks.ts';

const [a, b] = ['a', 'b'].map((digit) => `${digit.repeat(8)}-aaaa-4aaa-8aaa-aaaaaaaaaaaa`) as [string, string];
const hop = (cause?: string): Hop => ({ hop: 'ingress', state: 'passes', text: '', ...(cause && { cause }) });

it('finds each group once, on the way there and back', () => {
  const hops = [hop(`rule ${b} of group ${a}`), hop(), hop(`group ${a}`), hop(`subnet ${b}`)];
  expect(groupsIn({ hops })).toEqual([a]);
  const answer = { verdict: 'arrives', summary: '', hops: [hop(`group ${b}`)] } as const;
  expect(groupsIn({ hops, answer })).toEqual([a, b]);
});
