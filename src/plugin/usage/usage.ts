import { portCounts } from '../../db/read/port-counts.ts';
import { forgetSamplesBefore, newestSample, samplesSince, writeSample } from '../../db/write/usage-samples.ts';
import { type Durations, shareOf, sumOf } from '../../lib/durations.ts';
import type { RecentUsage } from '../../lib/recent-usage.ts';
import type { Duty } from '../duty/duties.ts';
import type { Shared } from '../parts.ts';

/** Told and kept of this long. */
const KEPT_MS = 3_600_000;
/** What one process answered is told in pieces of this. */
export const LOAD_STEP_MS = 10_000;
/** Ports are counted so often, and counts that stay are written so often: a chart must begin somewhere. */
const COUNT_MS = 30_000;
const COUNT_AGAIN_MS = 300_000;
const PORTS = 'ports';

/** What one process answered within a step. */
export interface Load {
  readonly requests: number;
  /** Of these, answers of 500 and more. */
  readonly errors: number;
  readonly durations: Durations;
}

/**
 * The last hour of all servers on the database: what they answered, and how many ports there were. It stands in the database,
 * since whoever asks reaches one process of one of them, and since a restart is when people look. Who is idle writes nothing.
 */
export class Usage {
  readonly #shared: Shared;
  readonly #source: string;

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#source = `${shared.host.slice(0, 200)} ${process.pid}`;
  }

  /** Counting ports, and forgetting what is old. */
  get duty(): Duty {
    return {
      name: 'usage',
      everyMs: COUNT_MS,
      work: async () => {
        const { database, now } = this.#shared;
        const counts = JSON.stringify(sorted(await portCounts(database.db)));
        const at = now();
        const before = await newestSample(database.db, PORTS);
        const isNews = before === null || before.figures !== counts || at - before.at >= COUNT_AGAIN_MS;
        await database.transaction(async (tx) => {
          if (isNews) await writeSample(tx, { at, source: PORTS, figures: counts });
          await forgetSamplesBefore(tx, at - KEPT_MS);
        });
      },
    };
  }

  /** Notes what this process answered since the last time. */
  async noteLoad(load: Load): Promise<void> {
    const { database, now } = this.#shared;
    const sample = { at: now(), source: this.#source, figures: JSON.stringify(load) };
    await database.transaction((tx) => writeSample(tx, sample));
  }

  async recent(): Promise<RecentUsage> {
    const { database, now } = this.#shared;
    const untilMs = now();
    const samples = await samplesSince(database.db, untilMs - KEPT_MS);
    const steps = Map.groupBy(
      samples.filter(({ source }) => source !== PORTS),
      ({ at }) => Math.floor(at / LOAD_STEP_MS),
    );
    return {
      step: LOAD_STEP_MS / 1000,
      from: seconds(untilMs - KEPT_MS),
      until: seconds(untilMs),
      load: [...steps].map(([step, told]) => {
        const loads = told.map(({ figures }) => JSON.parse(figures) as Load);
        const durations = loads.map((load) => load.durations).reduce(sumOf, {});
        return {
          at: seconds(step * LOAD_STEP_MS),
          requests: loads.reduce((sum, { requests }) => sum + requests, 0),
          errors: loads.reduce((sum, { errors }) => sum + errors, 0),
          p50: shareOf(durations, 0.5),
          p95: shareOf(durations, 0.95),
        };
      }),
      ports: samples
        .filter(({ source }) => source === PORTS)
        .map(({ at, figures }) => ({ at: seconds(at), counts: JSON.parse(figures) })),
    };
  }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

function sorted(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => a.localeCompare(b)));
}
