import type { Logger } from '../../lib/log.ts';
import type { Exec } from '../../linux/contract.ts';

/** At a second for each ARP, most of the time they wait. */
const MOST = 32;

interface Announcement {
  readonly netns: string;
  readonly device: string;
  readonly address: string;
}

/**
 * Tells neighbours who has an address from now on (gratuitous ARP): without it they would send to whoever had it before, for
 * minutes. In the background, and behind what makes routers work.
 */
export class Announcer {
  readonly #exec: Exec;
  readonly #count: number;
  readonly #logger: Logger;
  readonly #isBusy: () => boolean;
  readonly #queue: Announcement[] = [];
  readonly #running = new Set<Promise<void>>();

  /** @param count ARPs for each address; 0: none @param isBusy whether work waits that comes first */
  constructor(parts: { exec: Exec; count: number; logger: Logger; isBusy: () => boolean }) {
    this.#exec = parts.exec;
    this.#count = parts.count;
    this.#logger = parts.logger;
    this.#isBusy = parts.isBusy;
  }

  add(netns: string, addresses: readonly { device: string; address: string }[]): void {
    if (this.#count === 0) return;
    this.#queue.push(...addresses.map((one) => ({ netns, ...one })));
    this.next();
  }

  /** Goes on, if nothing else is to be done before. */
  next(): void {
    while (this.#queue.length > 0 && this.#running.size < MOST && !this.#isBusy()) {
      const run = this.#announce(this.#queue.shift()!).finally(() => {
        this.#running.delete(run);
        this.next();
      });
      this.#running.add(run);
    }
  }

  /** What waits is given up; what runs is waited for by nobody. */
  close(): void {
    this.#queue.length = 0;
  }

  async #announce({ netns, device, address }: Announcement): Promise<void> {
    const argv = ['arping', '-U', '-I', device, '-c', `${this.#count}`, '-w', `${this.#count + 1}`, address];
    try {
      const timeoutMs = (this.#count + 5) * 1000;
      await this.#exec.run(argv, { netns, timeoutMs, okCodes: [0, 1, 2] });
    } catch (error) {
      this.#logger.info({ netns, address, error: String(error) }, 'neighbours could not be told of an address');
    }
  }
}
