import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { portCounts } from '../../src/db/read/port-counts.ts';
import { agentEvents, noteAgentEvent } from '../../src/db/write/agent-events.ts';
import { deleteAgentRow, insertAgent } from '../../src/db/write/agents.ts';
import { forgetSamplesBefore, newestSample, samplesSince, writeSample } from '../../src/db/write/usage-samples.ts';
import { dialects } from './db-dialects.ts';

describe.each(dialects)('what was on $name', ({ open }) => {
  let database: Database;

  beforeEach(async () => {
    database = await open();
  });

  afterEach(async () => {
    await database.close();
  });

  it('stands by moment and source, and goes with time', async () => {
    const NOW_MS = 1_796_000_000_000;
    const write = (at: number, source: string, figures = '{}') =>
      database.transaction((tx) => writeSample(tx, { at: NOW_MS + at, source, figures }));
    await write(0, 'b');
    await write(0, 'a', '{"1":1}');
    await write(0, 'a', '{"1":2}');
    await write(10, 'a', '{"1":3}');
    expect((await samplesSince(database.db, NOW_MS)).length).toBe(3);
    expect(await newestSample(database.db, 'a')).toEqual({ at: NOW_MS + 10, source: 'a', figures: '{"1":3}' });
    expect(await newestSample(database.db, 'nobody')).toBeNull();
    await database.transaction((tx) => forgetSamplesBefore(tx, NOW_MS + 10));
    expect((await samplesSince(database.db, 0)).map(({ at }) => at)).toEqual([NOW_MS + 10]);
  });

  it('of agents is bounded and goes with them', async () => {
    const agent = {
      ...{ id: 'a1', agent_type: 'DHCP agent', binary: 'b', topic: 't', host: 'h', admin_state_up: true },
      ...{ created_at: 1, started_at: 1, heartbeat_timestamp: 1, description: null, configurations: {} },
      ...{ availability_zone: null, resource_versions: null, load: 0, resources_synced: null },
    };
    await database.transaction((tx) => insertAgent(tx, agent));
    for (let at = 1; at <= 60; at++) {
      const event = { agent_id: 'a1', at, started: at % 2 === 0, silent_since: at % 2 === 0 ? null : at - 1 };
      await database.transaction((tx) => noteAgentEvent(tx, event));
    }
    const events = await agentEvents(database.db, 'a1');
    expect([events.length, events[0], events.at(-1)]).toEqual([
      50,
      { agent_id: 'a1', at: 60, started: true, silent_since: null },
      { agent_id: 'a1', at: 11, started: false, silent_since: 10 },
    ]);
    await database.transaction((tx) => deleteAgentRow(tx, 'a1'));
    expect(await agentEvents(database.db, 'a1')).toEqual([]);
  });

  it('has no ports where there are none', async () => {
    expect(await portCounts(database.db)).toEqual({});
  });
});
