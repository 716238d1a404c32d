import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Logger } from '../lib/log.ts';

export type Labels = Readonly<Record<string, string>>;
export type Sample = readonly [labels: Labels, value: number];

/** What to tell when asked: one number, or one for each set of labels. */
export type Read = () => number | Iterable<Sample> | Promise<number | Iterable<Sample>>;

/** A source that does not answer in this time is left out of an answer; the others are in it. */
const READ_LIMIT_MS = 2_000;

export interface FigureParts {
  readonly program: string;
  readonly version: string;
  readonly logger: Logger;
}

/**
 * The figures of one program. Parts count for themselves, in plain numbers, whether anybody asks or not; here it stands
 * how they are called and they are read when asked. Labels are words of the program (methods, programs, outcomes): never
 * what a user or another program wrote, and few.
 */
export class Figures {
  readonly #registry = new Registry();
  readonly #logger: Logger;

  constructor({ program, version, logger }: FigureParts) {
    this.#logger = logger;
    collectDefaultMetrics({ register: this.#registry });
    this.gauge('neutrino_info', 'Which program this is; always 1.', ['program', 'version'], () => [
      [{ program, version }, 1],
    ]);
  }

  /** @param name ends in `_total` */
  counter(name: string, help: string, labelNames: readonly string[], read: Read): void {
    const collect = this.#collect(name, read, () => metric);
    const metric: Counter = new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      collect,
    });
  }

  gauge(name: string, help: string, labelNames: readonly string[], read: Read): void {
    const collect = this.#collect(name, read, () => metric);
    const metric: Gauge = new Gauge({ name, help, labelNames: [...labelNames], registers: [this.#registry], collect });
  }

  /** @returns notes a value under labels */
  histogram(
    name: string,
    help: string,
    labelNames: readonly string[],
    buckets: readonly number[],
  ): (labels: Labels, value: number) => void {
    const registers = [this.#registry];
    const metric = new Histogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers });
    return (labels, value) => metric.observe(labels, value);
  }

  /** All of it in Prometheus's text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #collect(name: string, read: Read, metric: () => Counter | Gauge): () => Promise<void> {
    return async () => {
      const samples = await this.#read(name, read);
      metric().reset();
      for (const [labels, value] of samples) metric().inc(labels, value);
    };
  }

  async #read(name: string, read: Read): Promise<readonly Sample[]> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${READ_LIMIT_MS} ms`)), READ_LIMIT_MS);
    });
    try {
      const value = await Promise.race([(async () => read())(), late]);
      return typeof value === 'number' ? [[{}, value]] : [...value];
    } catch (error) {
      this.#logger.debug({ name, error }, 'a figure is not known now');
      return [];
    } finally {
      clearTimeout(timer);
    }
  }
}
