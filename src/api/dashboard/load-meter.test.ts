import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { classOf } from '../../lib/durations.ts';
import { silentLogger } from '../../lib/log.ts';
import type { Load } from '../../plugin/usage/usage.ts';
import { LoadMeter } from './load-meter.ts';

const STEP_MS = 10_000;
let noted: Load[];
let meter: LoadMeter;

beforeEach(() => {
  vi.useFakeTimers();
  noted = [];
  meter = new LoadMeter({ note: async (load) => void noted.push(load), logger: silentLogger, stepMs: STEP_MS });
});
afterEach(() => {
  meter.close();
  vi.useRealTimers();
});

const answered = (resource: string, status = 200, ms = 1) => meter.count({ resource, status, ms });

it('tells once a step what was answered, and nothing when nothing was', async () => {
  answered('ports');
  answered('ports', 503, 40);
  answered('other', 404);
  expect(noted).toEqual([]);
  await vi.advanceTimersByTimeAsync(STEP_MS);
  expect(noted).toEqual([{ requests: 3, errors: 1, durations: { [classOf(1)]: 2, [classOf(40)]: 1 } }]);
  await vi.advanceTimersByTimeAsync(10 * STEP_MS);
  expect(noted).toHaveLength(1);
  answered('ports');
  await vi.advanceTimersByTimeAsync(STEP_MS);
  expect(noted[1]).toEqual({ requests: 1, errors: 0, durations: { [classOf(1)]: 1 } });
});

it('counts the API, not what is around it', async () => {
  for (const resource of ['healthcheck', 'dashboard', 'docs', 'versions']) answered(resource);
  await vi.advanceTimersByTimeAsync(STEP_MS);
  expect(noted).toEqual([]);
});

it('goes on when nothing can be noted', async () => {
  const failing = vi.fn(async () => Promise.reject(new Error('no database')));
  meter = new LoadMeter({ note: failing, logger: silentLogger, stepMs: STEP_MS });
  for (let i = 0; i < 2; i++) {
    answered('ports');
    await vi.advanceTimersByTimeAsync(STEP_MS);
  }
  expect(failing).toHaveBeenCalledTimes(2);
});
