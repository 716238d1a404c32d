import { expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { all, createFixture } from '../fixture.ts';

it('names agents that die, once, and not those that are switched off', async () => {
  await using f = await createFixture({}, { dutyTimes: { beatMs: 10, lapseMs: 3_600_000, everyMs: 10 } });
  const looked = async () => {
    const done = () => f.plugin.duties.find(({ name }) => name === 'agent watch')!.done;
    const before = done();
    await eventually(() => expect(done()).toBeGreaterThan(before + 1), { interval: 5 });
  };
  const complaints = () => f.complaints.filter(({ message }) => message.startsWith('agents are dead'));
  for (const host of ['host1', 'host2', 'host3']) await f.bridgeAgent(host);
  const off = (await all(f.plugin.collections.agents)).find(({ host }) => host === 'host3')!;
  await f.plugin.collections.agents.update!(f.context, off.id, { admin_state_up: false });
  await f.plugin.start();
  await looked();
  // Nobody counts as dead before the one that lives has reported: somebody looks all the time.
  f.clock.nowMs += 70_000;
  await f.bridgeAgent('host1');
  f.clock.nowMs += 6_000;
  await looked();
  await looked();
  expect(complaints().map(({ fields }) => fields)).toEqual([{ count: 1, agents: 'Linux bridge agent on host2' }]);
  await f.bridgeAgent('host2');
  await looked();
  f.clock.nowMs += 76_000;
  await looked();
  expect(complaints().at(-1)!.fields).toEqual({
    count: 2,
    agents: 'Linux bridge agent on host1, Linux bridge agent on host2',
  });
});
