import { expect } from 'vitest';
import type { HostProcess } from '../../support/hosts.ts';
import { until } from '../../support/wait.ts';

/** A guest, or a host. */
interface Pinger {
  spawn(argv: readonly string[]): HostProcess;
}

/** One guest pings another a hundred times a second, until told to stop. */
export class Pinging {
  readonly #ping: HostProcess;

  private constructor(ping: HostProcess) {
    this.#ping = ping;
  }

  /** Starts, and waits for the first answers. */
  static async start(from: Pinger, to: string): Promise<Pinging> {
    const pinging = new Pinging(from.spawn(['ping', '-n', '-i', '0.01', to]));
    await pinging.answers(10);
    return pinging;
  }

  /** Waits for so many more answers. */
  async answers(more: number): Promise<void> {
    const wanted = this.#answered().length + more;
    await until(`${more} more pings are answered`, () => this.#answered().length >= wanted, { timeoutMs: 30_000 });
  }

  /** Ends it; what was under way at the very end does not count. */
  async stop(): Promise<{ sent: number; lost: number }> {
    await this.#ping.kill('SIGINT');
    await this.#ping.finished;
    const answered = new Set(this.#answered());
    const sent = Math.max(...answered);
    return { sent, lost: sent - answered.size };
  }

  #answered(): number[] {
    return [...this.#ping.output.matchAll(/icmp_seq=(\d+) ttl=/g)].map(([, number]) => Number(number));
  }
}

/** Guests ping each other while `work` is done, and nothing is lost. */
export async function withoutLoss(
  what: string,
  pairs: readonly (readonly [from: Pinger, to: string])[],
  work: () => Promise<unknown>,
): Promise<void> {
  const pings = await Promise.all(pairs.map(([from, to]) => Pinging.start(from, to)));
  await work();
  await Promise.all(pings.map((ping) => ping.answers(50)));
  const ends = await Promise.all(pings.map((ping) => ping.stop()));
  const sent = ends.reduce((sum, end) => sum + end.sent, 0);
  const lost = ends.reduce((sum, end) => sum + end.lost, 0);
  process.stdout.write(`${what}: ${sent} pings, ${lost} lost\n`);
  expect(lost).toBe(0);
}
