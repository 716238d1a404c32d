import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { portCounts } from '../../db/read/port-counts.ts';
import { classOf } from '../../lib/durations.ts';
import { createFixture, type Fixture } from '../fixture.ts';

let f: Fixture;
beforeEach(async () => {
  f = await createFixture();
});
afterEach(() => f[Symbol.asyncDispose]());

const usage = () => f.plugin.usage!;
const START_S = Date.UTC(2026, 10, 23, 12) / 1000;
const load = (ms: number, requests = 1) => ({ requests, errors: 1, durations: { [classOf(ms)]: requests } });

describe('what the last hour was like', () => {
  it('is empty at first', async () => {
    expect(await usage().recent()).toEqual({
      ...{ step: 10, from: START_S - 3600, until: START_S },
      ...{ load: [], ports: [] },
    });
  });

  it('adds up what was told within a step, and forgets after an hour', async () => {
    await usage().noteLoad(load(1, 3));
    f.clock.nowMs += 3_000;
    await usage().noteLoad(load(100));
    f.clock.nowMs += 20_000;
    await usage().noteLoad(load(1));
    const { load: told } = await usage().recent();
    expect(told).toEqual([
      { at: START_S, requests: 4, errors: 2, p50: 0.917, p95: 98.7 },
      { at: START_S + 20, requests: 1, errors: 1, p50: 0.917, p95: 0.917 },
    ]);
    f.clock.nowMs += 3_600_000 - 10_000;
    expect((await usage().recent()).load.map(({ at }) => at)).toEqual([START_S + 20]);
  });
});

describe('ports', () => {
  it('are counted by status, and kept when that changed or nobody said so for long', async () => {
    const network = await f.network();
    const count = async (passedMs: number) => {
      f.clock.nowMs += passedMs;
      await usage().duty.work(() => true);
    };
    await count(0);
    await f.port(network.id);
    await f.port(network.id);
    await count(30_000);
    await count(30_000);
    await count(270_000);
    const { ports } = await usage().recent();
    expect(ports).toEqual([
      { at: START_S, counts: {} },
      { at: START_S + 30, counts: { DOWN: 2 } },
      { at: START_S + 330, counts: { DOWN: 2 } },
    ]);
    await count(3_600_001);
    expect((await f.database.db.selectFrom('neutrino_usage_samples').selectAll().execute()).length).toBe(1);
  });

  it('are counted piece by piece', async () => {
    const network = await f.network();
    for (let i = 0; i < 5; i++) await f.port(network.id);
    expect(await portCounts(f.database.db, 2)).toEqual({ DOWN: 5 });
  });
});
