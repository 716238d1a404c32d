import { expect, it } from 'vitest';
import type { EmulatedHost } from '../emulated/host.ts';
import { Narrator, TourFailed } from './narrator.ts';

/** A host that gives one answer after the other, the last one again and again. */
function hostOf(...answers: { code?: number; stdout?: string; stderr?: string }[]): EmulatedHost {
  let at = 0;
  const run = async () => ({ code: 0, stdout: '', stderr: '', ...answers[Math.min(at++, answers.length - 1)] });
  return { name: 'host1', run } as unknown as EmulatedHost;
}

function narrate(): { narrator: Narrator; said: () => string } {
  let text = '';
  const write = (piece: string) => {
    text += piece;
  };
  return { narrator: new Narrator({ write, colour: false, env: {} }), said: () => text };
}

it('prints the command as one would type it, and what it really answered', async () => {
  const { narrator, said } = narrate();
  await narrator.show(hostOf({ stdout: 'lo\neth0\n' }), ['ip', 'link', "it's"], {
    netns: 'guest',
    note: 'why',
    shows: ['eth0', /^lo$/m],
  });
  expect(said()).toBe("\nhost1# ip netns exec guest ip link 'it'\\''s'   # why\nlo\neth0\n");
  expect(narrator.checks).toBe(3);
});

it.each([
  ['another exit code', { code: 2 }, {}, 'exit code 2'],
  ['something missing', { stdout: 'a' }, { shows: ['b'] }, 'nothing like b'],
  ['something that should not be there', { stdout: 'tap1' }, { hides: [/tap\d/] }, '/tap\\d/ in it'],
  ['a refusal that did not come', { code: 0 }, { okCodes: [1] }, 'exit code 0'],
])('stops at %s, after showing it', async (_, answer, options, complaint) => {
  const { narrator, said } = narrate();
  await expect(narrator.show(hostOf(answer), ['cmd'], options)).rejects.toThrow(TourFailed);
  await expect(narrator.show(hostOf(answer), ['cmd'], options)).rejects.toThrow(complaint);
  expect(said()).toContain('host1# cmd');
});

it('asks again until it comes out as said, and shows that answer alone', async () => {
  const { narrator, said } = narrate();
  await narrator.show(hostOf({ stdout: 'not yet' }, { stdout: 'not yet' }, { stdout: 'ready' }), ['cmd'], {
    shows: ['ready'],
    withinMs: 5_000,
  });
  expect(said()).toBe('\nhost1# cmd\nready\n');
});

it('shows only the lines that were asked for, but compares all', async () => {
  const { narrator, said } = narrate();
  await narrator.show(hostOf({ stdout: 'id 1\nstatus 2\n' }), ['cmd'], { only: /status/, shows: ['id 1'] });
  expect(said()).toBe('\nhost1# cmd\nstatus 2\n');
});

it('does not go on when something it says is not so', () => {
  const { narrator } = narrate();
  expect(() => narrator.confirm(false, 'the sky is green')).toThrow('not so: the sky is green');
});
