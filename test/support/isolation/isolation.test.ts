import { expect, it } from 'vitest';
import { cases } from './cases.ts';
import { reaches } from './model.ts';
import { factsOf } from './packet.ts';
import { world } from './world.ts';

it('there are cases of both kinds, each with a name of its own', () => {
  const steps = cases.flatMap((one) => one.steps);
  expect(cases.length).toBeGreaterThan(100);
  expect(steps.filter(({ passes }) => passes).length).toBeGreaterThan(40);
  expect(steps.filter(({ passes }) => !passes).length).toBeGreaterThan(60);
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
});

it.each(cases)('the model says the same: $name', ({ steps }) => {
  for (const [at, { from, to, packet, passes }] of steps.entries()) {
    const first = steps[0]!;
    // The model knows no sessions: an answer is what has the ports of the question the other way round.
    const { content } = packet;
    const { content: asked } = first.packet;
    const isAnswer =
      at > 0 &&
      to === first.from &&
      from === first.to &&
      content.what === 'ip' &&
      asked.what === 'ip' &&
      isReply(content, asked);
    expect(isAnswer || reaches(world, from, to, packet)).toBe(passes);
  }
});

type Ip = Extract<(typeof cases)[number]['steps'][number]['packet']['content'], { what: 'ip' }>;

function isReply(content: Ip, asked: Ip): boolean {
  const [one, other] = [factsOf(content.carried, content.version), factsOf(asked.carried, asked.version)];
  if (one.protocol !== other.protocol) return false;
  if (one.protocol === 1) return one.type === 0 && other.type === 8;
  return one.from === other.to && one.to === other.from;
}
