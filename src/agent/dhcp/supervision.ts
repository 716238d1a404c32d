import { stat } from 'node:fs/promises';
import type { Host } from '../../linux/contract.ts';
import { DaemonWatch } from '../../linux/daemon.ts';
import type { DhcpState } from './derive.ts';

/** How often processes and namespaces are looked at, at the price of one small read each. */
const LOOK_MS = 1_000;
/** Files with every so many of these looks. */
const FILES_EVERY = 5;
/** What stays whole for so many looks was no network that dies again and again. */
const FORGIVE_LOOKS = 5;
/** A network that needed mending again and again is looked at less and less often. */
const MAX_PAUSE_MS = 60_000;

export interface Supervised {
  id: string;
  state: DhcpState | null;
  isBusy: boolean;
}

/**
 * Notices what happened behind the agent's back. Quick look, every second: is dnsmasq alive, haproxy, the namespace, the
 * hosts file there (files every fifth time)? Full check, each network in turn within `checkMs`: everything is compared, addresses and routes too.
 */
export class Supervision {
  readonly #host: Pick<Host, 'listNetns'>;
  readonly #watch = new DaemonWatch();
  readonly #now: () => number;
  readonly #networks: () => Iterable<Supervised>;
  readonly #onFound: (networkId: string) => void;
  readonly #checkMs: number;
  readonly #troubles = new Map<string, { count: number; foundMs: number; untilMs: number }>();
  #checked: string[] = [];
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;
  #owed = 0;
  #looks = 0;

  /** @param checkMs time in which each network is checked in full; 0 for never */
  constructor(parts: {
    host: Pick<Host, 'listNetns'>;
    networks: () => Iterable<Supervised>;
    onFound: (networkId: string) => void;
    checkMs: number;
    now?: () => number;
  }) {
    this.#host = parts.host;
    this.#networks = parts.networks;
    this.#onFound = parts.onFound;
    this.#checkMs = parts.checkMs;
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
    const networks = [...this.#networks()].filter((network) => network.state && !network.isBusy);
    const namespaces = new Set(
      await this.#host.listNetns().catch(() => networks.map((network) => network.state!.namespace)),
    );
    const withFiles = this.#looks++ % FILES_EVERY === 0;
    if (withFiles) this.#watch.keepOnly(networks.flatMap(({ state }) => [state!.dnsmasq, state!.proxy.daemon]));
    for (const { id, state } of networks) {
      if (this.#closed) return;
      if (await this.#isWhole(state!, namespaces, withFiles).catch(() => true)) this.#forgive(id);
      else if (this.#mayTry(id)) this.#onFound(id);
    }
    for (const id of this.#due(networks.map((network) => network.id))) this.#onFound(id);
  }

  async #isWhole(state: DhcpState, namespaces: ReadonlySet<string>, withFiles: boolean): Promise<boolean> {
    if (!namespaces.has(state.namespace)) return false;
    if (!(await this.#watch.isAlive(state.dnsmasq))) return false;
    if (state.proxy.config !== null && !(await this.#watch.isAlive(state.proxy.daemon))) return false;
    if (!withFiles) return true;
    const files = await Promise.all(
      ['host', 'addn_hosts', 'opts', 'leases', 'pid'].map((name) => isThere(`${state.folder}/${name}`)),
    );
    return files.every(Boolean);
  }

  /** The next few networks of the round: as many as it takes to be through within the time. */
  #due(ids: string[]): string[] {
    if (this.#checkMs === 0 || ids.length === 0) return [];
    this.#owed += (ids.length * LOOK_MS) / this.#checkMs;
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

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
