import { afterEach, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { agentsOfRouters } from '../../db/write/router-agents.ts';
import { createFixture, type Fixture, type Options } from '../fixture.ts';
import { routed } from '../floatingip/routed.ts';

const opened: Fixture[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

/** Agents are dead after 2 s of the clock here, and are looked after all the time. */
const dutyTimes = { beatMs: 10, lapseMs: 3_600_000, everyMs: 10 };
const patient = { timeout: 20_000 };

async function quick(l3Agent: Options['l3Agent'] = { allow_automatic_l3agent_failover: true }): Promise<Fixture> {
  const options = { core: { agent_down_time: 1 }, service: { service_plugins: ['router'] }, l3Agent };
  const f = await createFixture(options, { dutyTimes });
  opened.push(f);
  return f;
}

const hosts = async (f: Fixture, id: string) => (await agentsOfRouters(f.database.db, [id])).map(({ host }) => host);

/** Time passes, while some agents report and the server looks. */
async function pass(f: Fixture, seconds: number, report: () => Promise<unknown>): Promise<void> {
  const done = () => f.plugin.duties.find(({ name }) => name === 'router fail-over')?.done ?? 0;
  for (let i = 0; i < seconds * 2; i += 1) {
    f.clock.nowMs += 500;
    await report();
    const before = done();
    // A look that is under way may have seen what was before.
    await eventually(() => expect(done()).toBeGreaterThan(before + 1), { ...patient, interval: 5 });
  }
}

/** A router that one of two agents serves, on a server that has been up for a while. */
async function served(f: Fixture): Promise<{ id: string; first: string; other: string }> {
  const both = () => Promise.all([f.l3Agent('host1'), f.l3Agent('host2')]);
  await both();
  const { router: id } = await routed(f);
  const [first] = await hosts(f, id);
  await f.plugin.start();
  await pass(f, 2, both);
  await f.told();
  return { id, first: first!, other: first === 'host1' ? 'host2' : 'host1' };
}

it('moves routers from an agent that is dead for long, and tells the other one', async () => {
  const f = await quick();
  const { id, other } = await served(f);
  await pass(f, 5, () => f.l3Agent(other));
  expect(await hosts(f, id)).toEqual([other]);
  // The dead one is told nothing: it asks for all its routers when it is back.
  expect(await f.told()).toEqual([
    { to: `l3_agent.${other}`, method: 'router_added_to_agent', args: { payload: [id] } },
  ]);
  expect(f.complaints.map(({ message }) => message)).toContain('moved from a dead L3 agent');
});

it('leaves routers where they are while nobody else lives', async () => {
  const f = await quick();
  const { id, first } = await served(f);
  await pass(f, 10, () => f.bridgeAgent('elsewhere'));
  expect(await hosts(f, id)).toEqual([first]);
  expect(f.complaints.map(({ message }) => message)).toContain(
    'no L3 agent lives that routers of dead ones could move to',
  );
});

it('leaves a router that no other agent may serve', async () => {
  const f = await quick();
  const { id, first, other } = await served(f);
  await pass(f, 5, () => f.l3Agent(other, { agent_mode: 'dvr' }));
  expect(await hosts(f, id)).toEqual([first]);
});

it('is not done unless the operator wants it', async () => {
  const f = await quick({});
  expect(f.plugin.duties.map(({ name }) => name)).not.toContain('router fail-over');
});
