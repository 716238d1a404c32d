import { existsSync } from 'node:fs';
import type { Host } from '../../linux/contract.ts';
import { type DaemonSpec, DaemonWatch } from '../../linux/daemon.ts';

/** How often processes and namespaces are looked at, at the price of one call of the kernel each. */
const LOOK_MS = 1_000;
/** Files, and whose the numbers of the processes are, with every so many of these looks. */
const FILES_EVERY = 5;
/** What stays whole for so many looks was nothing that dies again and again. */
const FORGIVE_LOOKS = 5;
/** What needed mending again and again is looked at less and less often. */
const MAX_PAUSE_MS = 60_000;

/** Something an agent serves: a network, a router. */
export interface Supervised<State> {
  id: string;
  /** Null: not served here, there is nothing to look at. */
  state: State | null;
  isBusy: boolean;
}

/** What of it is looked at every second, files less often. */
export interface Watched {
  namespace: string;
  daemons: readonly DaemonSpec[];
  files: readonly string[];
}

/**
 * Notices what happened behind the agent's back. Quick look, every second: are the daemons alive, the namespace, the
 * files there (files every fifth time)? Full check, each one in turn within `checkMs`: everything is compared, addresses and routes too.
 */
export class Supervision<State> {
  readonly #host: Pick<Host, 'listNetns'>;
  readonly #watch = new DaemonWatch();
  readonly #now: () => number;
  readonly #served: () => Iterable<Supervised<State>>;
  readonly #watched: (state: State) => Watched;
  readonly #onFound: (id: string) => void;
  readonly #checkMs: number;
  readonly #leastMs: () => number;
  readonly #isBusy: () => boolean;
  readonly #troubles = new Map<string, { count: number; foundMs: number; untilMs: number }>();
  #checked: string[] = [];
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;
  #owed = 0;
  #looks = 0;

  /**
   * @param checkMs time in which each is checked in full; 0 for never
   * @param leastMs time between two full checks at least: with many it takes longer than `checkMs` then
   * @param isBusy whether other work waits: full checks, which are never urgent, come when there is none
   */
  constructor(parts: {
    host: Pick<Host, 'listNetns'>;
    served: () => Iterable<Supervised<State>>;
    watched: (state: State) => Watched;
    onFound: (id: string) => void;
    checkMs: number;
    leastMs?: () => number;
    isBusy?: () => boolean;
    now?: () => number;
  }) {
    this.#host = parts.host;
    this.#served = parts.served;
    this.#watched = parts.watched;
    this.#onFound = parts.onFound;
    this.#checkMs = parts.checkMs;
    this.#leastMs = parts.leastMs ?? (() => 0);
    this.#isBusy = parts.isBusy ?? (() => false);
    this.#now = parts.now ?? (() => performance.now());
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.look().finally(() => {
        if (!this.#closed) this.start();
      });
    }, LOOK_MS);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#looking;
  }

  /** One look; `start` has it done every second. */
  async look(): Promise<void> {
    const served = [...this.#served()].flatMap(({ id, state, isBusy }) =>
      state !== null && !isBusy ? [{ id, watched: this.#watched(state) }] : [],
    );
    const namespaces = new Set(
      await this.#host.listNetns().catch(() => served.map(({ watched }) => watched.namespace)),
    );
    const withFiles = this.#looks++ % FILES_EVERY === 0;
    if (withFiles) this.#watch.keepOnly(served.flatMap(({ watched }) => watched.daemons));
    for (const { id, watched } of served) {
      if (this.#closed) return;
      if (await this.#isWhole(watched, namespaces, withFiles).catch(() => true)) this.#forgive(id);
      else if (this.#mayTry(id)) this.#onFound(id);
    }
    for (const id of this.#due(served.map(({ id }) => id))) this.#onFound(id);
  }

  async #isWhole(watched: Watched, namespaces: ReadonlySet<string>, withFiles: boolean): Promise<boolean> {
    if (!namespaces.has(watched.namespace)) return false;
    for (const daemon of watched.daemons) if (!(await this.#watch.isAlive(daemon, withFiles))) return false;
    if (!withFiles) return true;
    // Without a pause: microseconds, where a round through the thread pool costs a hundred of them.
    return watched.files.every((path) => existsSync(path));
  }

  /** The next few of the round: as many as it takes to be through within the time. */
  #due(ids: string[]): string[] {
    if (this.#checkMs === 0 || ids.length === 0 || this.#isBusy()) return [];
    this.#owed += LOOK_MS / Math.max(this.#checkMs / ids.length, this.#leastMs());
    const due: string[] = [];
    while (this.#owed >= 1) {
      this.#owed -= 1;
      if (this.#checked.length === 0) this.#checked = [...ids];
      due.push(this.#checked.shift()!);
    }
    return due.filter((id) => ids.includes(id));
  }

  #mayTry(id: string): boolean {
    const now = this.#now();
    const trouble = this.#troubles.get(id) ?? { count: 0, foundMs: 0, untilMs: 0 };
    if (now < trouble.untilMs) return false;
    const pauseMs = Math.min(LOOK_MS * 2 ** trouble.count, MAX_PAUSE_MS);
    this.#troubles.set(id, { count: trouble.count + 1, foundMs: now, untilMs: now + pauseMs });
    return true;
  }

  /** Whole a good while after it was mended: the next trouble is a new one, and mended at once again. */
  #forgive(id: string): void {
    const trouble = this.#troubles.get(id);
    if (trouble && this.#now() > trouble.foundMs + FORGIVE_LOOKS * LOOK_MS) this.#troubles.delete(id);
  }
}
