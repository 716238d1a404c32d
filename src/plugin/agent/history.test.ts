import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adminContext } from '../../lib/context.ts';
import { all, createFixture, type Fixture, failure } from '../fixture.ts';

let f: Fixture;
beforeEach(async () => {
  f = await createFixture();
});
afterEach(() => f[Symbol.asyncDispose]());

const ask = (id: string) =>
  f.plugin.routes['GET agents/{id}/history']!({
    ...{ context: adminContext(), params: { id }, input: {}, parameters: [], ifRevision: null },
  });
const idOf = async () => (await all(f.plugin.collections.agents))[0]!.id;
const start = () => f.dhcpAgent('host1', { start_flag: true });

describe('the history of an agent', () => {
  it('tells of starts and of silences, newest first, and of no signs of life', async () => {
    await start();
    f.clock.nowMs += 75_000;
    await f.dhcpAgent();
    f.clock.nowMs += 76_000;
    await f.dhcpAgent();
    f.clock.nowMs += 10_000;
    await start();
    f.clock.nowMs += 3_600_000;
    await start();
    expect(await ask(await idOf())).toEqual({
      agent_down_time: 75,
      events: [
        { at: '2026-11-23T13:02:41Z', started: true, silent_since: '2026-11-23T12:02:41Z' },
        { at: '2026-11-23T12:02:41Z', started: true, silent_since: null },
        { at: '2026-11-23T12:02:31Z', started: false, silent_since: '2026-11-23T12:01:15Z' },
      ],
    });
  });

  it('has one event of a moment, and no report fails for another', async () => {
    await start();
    f.clock.nowMs += 76_000;
    await start();
    expect(await start()).toBe('alive');
    const { events } = (await ask(await idOf())) as { events: unknown[] };
    expect(events).toEqual([{ at: '2026-11-23T12:01:16Z', started: true, silent_since: '2026-11-23T12:00:00Z' }]);
  });

  it('is bounded', async () => {
    await start();
    for (let i = 0; i < 60; i++) {
      f.clock.nowMs += 1_000;
      await start();
    }
    const { events } = (await ask(await idOf())) as { events: { at: string }[] };
    expect([events.length, events[0]!.at, events.at(-1)!.at]).toEqual([
      50,
      '2026-11-23T12:01:00Z',
      '2026-11-23T12:00:11Z',
    ]);
  });

  it('goes with the agent', async () => {
    await start();
    f.clock.nowMs += 1_000;
    await start();
    const id = await idOf();
    await f.plugin.collections.agents.delete!(f.context, id);
    expect(await failure(ask(id))).toMatchObject({ type: 'AgentNotFound' });
    expect(await f.database.db.selectFrom('neutrino_agent_events').selectAll().execute()).toEqual([]);
  });
});
