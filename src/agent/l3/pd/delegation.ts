import type { Logger } from '../../../lib/log.ts';
import type { Answer, Asker, DelegationClient } from './client.ts';
import type { Lease } from './lease.ts';

export interface DelegationParts {
  readonly asker: Asker;
  readonly client: Pick<DelegationClient, 'solicit' | 'renew' | 'rebind' | 'release'>;
  /** Exchanges of one router take turns: they have one port between them. */
  readonly turn: <T>(work: () => Promise<T>) => Promise<T>;
  /** Whether the subnet may have it: some overlap what the router has already. */
  readonly isUsable: (lease: Lease) => boolean;
  readonly read: () => Promise<Lease | null>;
  readonly write: (lease: Lease) => Promise<void>;
  readonly remove: () => Promise<void>;
  /** The subnet has this prefix from now on; null: none any more. */
  readonly onPrefix: (prefix: string | null) => void;
  readonly logger: Logger;
  readonly now?: () => number;
  /** Scales all waiting; for tests. */
  readonly pace?: number;
}

/** Between two attempts to get one: doubling, up to RFC 8415's hour being too long for people who wait. */
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 120_000;
/** Between two attempts to keep one. */
const LEAST_RENEW_PAUSE_MS = 1_000;
/** The longest a timer takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Gets a prefix for one subnet and keeps it: one exchange now, one at half its time, for as long as it is wanted. */
export class Delegation {
  readonly #parts: DelegationParts;
  readonly #now: () => number;
  readonly #stopping = new AbortController();
  #lease: Lease | null = null;
  /** Somebody else may have what the subnet had, and nobody gave it another. */
  #isLost = false;
  #mayBeLost = false;
  #running: Promise<void> | null = null;

  constructor(parts: DelegationParts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
  }

  /** What the subnet has by right; undefined while nothing speaks against what it has. */
  get prefix(): string | null | undefined {
    return this.#lease?.prefix ?? (this.#isLost ? null : undefined);
  }

  /** @param hint what the subnet had, as the server last told */
  start(hint: string | null): void {
    this.#running ??= this.#run(hint).catch((error: unknown) => {
      this.#parts.logger.error(
        { subnet: this.#parts.asker.subnetId, error: String(error) },
        'prefix delegation failed',
      );
    });
  }

  /** The lease stays: the next agent, or this one, goes on with it. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Gives the prefix back. Does not wait for an exchange that is under way. */
  async release(): Promise<void> {
    this.#stopping.abort();
    const { client, asker, turn, logger, remove, read } = this.#parts;
    const lease = this.#lease ?? (await read());
    await remove();
    if (!lease) return;
    await turn(() => client.release(asker, lease)).catch((error: unknown) => {
      logger.info(
        { subnet: asker.subnetId, error: String(error) },
        'the provider could not be told of a prefix given back',
      );
    });
  }

  async #run(hint: string | null): Promise<void> {
    this.#lease = await this.#parts.read();
    if (this.#lease && !this.#parts.isUsable(this.#lease)) this.#lease = null;
    if (this.#lease) this.#parts.onPrefix(this.#lease.prefix);
    let last = hint;
    while (!this.#isStopped) {
      await this.#get(last);
      last = await this.#keep();
    }
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Asks until there is one. */
  async #get(hint: string | null): Promise<void> {
    const { client, asker, isUsable, logger } = this.#parts;
    let isFirst = true;
    for (let pauseMs = FIRST_PAUSE_MS; !this.#lease; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const answer = await this.#exchange(() => client.solicit(asker, hint, isUsable));
      if (this.#isStopped) return;
      if (typeof answer === 'object') {
        await this.#take(answer);
      } else {
        if (isFirst)
          logger.warn({ subnet: asker.subnetId, device: asker.device }, 'nobody delegates a prefix, asking again');
        isFirst = false;
        this.#tellLoss();
        await this.#pause(pauseMs);
        if (this.#isStopped) return;
      }
    }
  }

  /** Not before another was asked for: the provider may give the same again. */
  #tellLoss(): void {
    if (!this.#mayBeLost || this.#isLost) return;
    this.#isLost = true;
    this.#parts.onPrefix(null);
  }

  /** @returns the prefix it had when it lost it */
  async #keep(): Promise<string | null> {
    const { client, asker, logger, remove } = this.#parts;
    while (this.#lease && !this.#isStopped) {
      const lease = this.#lease;
      await this.#pauseUntil(lease.renewAt);
      for (let answer: Answer = 'silence'; answer === 'silence' && !this.#isStopped; ) {
        const now = this.#now();
        if (lease.endsAt !== null && now >= lease.endsAt) answer = 'lost';
        else {
          const isLate = lease.rebindAt !== null && now >= lease.rebindAt;
          answer = await this.#exchange(() => (isLate ? client.rebind(asker, lease) : client.renew(asker, lease)));
          if (answer === 'silence') await this.#pause(this.#renewPauseMs(lease));
        }
        if (this.#isStopped) break;
        if (typeof answer === 'object') await this.#take(answer);
        if (answer === 'lost') {
          logger.warn(
            { subnet: asker.subnetId, prefix: lease.prefix },
            'a delegated prefix was lost, asking for another',
          );
          this.#lease = null;
          this.#mayBeLost = true;
          await remove();
        }
      }
      if (!this.#lease) return lease.prefix;
    }
    return null;
  }

  /** Half of what is left until the next change of mind. */
  #renewPauseMs({ rebindAt, endsAt }: Lease): number {
    const now = this.#now();
    const next = [rebindAt, endsAt].find((at) => at !== null && at > now) ?? now;
    return Math.min(Math.max((next - now) / 2, LEAST_RENEW_PAUSE_MS), LONGEST_PAUSE_MS);
  }

  async #take(lease: Lease): Promise<void> {
    const { asker, logger, onPrefix, write } = this.#parts;
    const isNew = this.#lease?.prefix !== lease.prefix;
    this.#lease = lease;
    this.#isLost = false;
    this.#mayBeLost = false;
    await write(lease);
    if (!isNew) return;
    logger.info({ subnet: asker.subnetId, prefix: lease.prefix }, 'the provider delegated a prefix');
    onPrefix(lease.prefix);
  }

  async #exchange(work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await this.#parts.turn(async () => (this.#isStopped ? 'silence' : await work()));
    } catch (error) {
      if (!this.#isStopped)
        this.#parts.logger.warn(
          { subnet: this.#parts.asker.subnetId, error: String(error) },
          'asking for a prefix failed',
        );
      return 'silence';
    }
  }

  async #pauseUntil(at: number | null): Promise<void> {
    while (!this.#isStopped) {
      const leftMs = at === null ? LONGEST_TIMER_MS : at - this.#now();
      if (leftMs <= 0) return;
      await this.#pause(Math.min(leftMs, LONGEST_TIMER_MS));
    }
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms * (this.#parts.pace ?? 1));
      signal.addEventListener('abort', end);
    });
  }
}
