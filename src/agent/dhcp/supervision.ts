import { stat } from 'node:fs/promises';
import type { Host } from '../../linux/contract.ts';
import { isDaemonAlive } from '../../linux/daemon.ts';
import type { DhcpState } from './derive.ts';

/** How often processes, namespaces and files are looked at, at the price of some small reads a network. */
const LOOK_MS = 1_000;
/** A network that needed mending again and again is looked at less and less often. */
const MAX_PAUSE_MS = 60_000;

export interface Supervised {
  id: string;
  state: DhcpState | null;
  isBusy: boolean;
}

/**
 * Notices what happened behind the agent's back. Quick look, every second: is dnsmasq alive, haproxy, the namespace, the
 * hosts file there? Full check, each network in turn within `checkMs`: everything is compared, addresses and routes too.
 */
export class Supervision {
  readonly #host: Host;
  readonly #networks: () => Iterable<Supervised>;
  readonly #onFound: (networkId: string) => void;
  readonly #checkMs: number;
  readonly #troubles = new Map<string, { count: number; untilMs: number }>();
  #checked: string[] = [];
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;
  #owed = 0;

  /** @param checkMs time in which each network is checked in full; 0 for never */
  constructor(parts: {
    host: Host;
    networks: () => Iterable<Supervised>;
    onFound: (networkId: string) => void;
    checkMs: number;
  }) {
    this.#host = parts.host;
    this.#networks = parts.networks;
    this.#onFound = parts.onFound;
    this.#checkMs = parts.checkMs;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        if (!this.#closed) this.start();
      });
    }, LOOK_MS);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const networks = [...this.#networks()].filter((network) => network.state && !network.isBusy);
    const namespaces = new Set(
      await this.#host.listNetns().catch(() => networks.map((network) => network.state!.namespace)),
    );
    for (const { id, state } of networks) {
      if (this.#closed) return;
      if (await isWhole(state!, namespaces).catch(() => true)) this.#forgive(id);
      else if (this.#mayTry(id)) this.#onFound(id);
    }
    for (const id of this.#due(networks.map((network) => network.id))) this.#onFound(id);
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
    const now = performance.now();
    const trouble = this.#troubles.get(id) ?? { count: 0, untilMs: 0 };
    if (now < trouble.untilMs) return false;
    const pauseMs = Math.min(LOOK_MS * 2 ** trouble.count, MAX_PAUSE_MS);
    this.#troubles.set(id, { count: trouble.count + 1, untilMs: now + pauseMs });
    return true;
  }

  /** Whole for a good while: the next trouble is a new one. */
  #forgive(id: string): void {
    const trouble = this.#troubles.get(id);
    if (trouble && performance.now() > trouble.untilMs + 10 * LOOK_MS) this.#troubles.delete(id);
  }
}

async function isWhole(state: DhcpState, namespaces: ReadonlySet<string>): Promise<boolean> {
  if (!namespaces.has(state.namespace)) return false;
  const [dnsmasq, proxy, files] = await Promise.all([
    isDaemonAlive(state.dnsmasq),
    state.proxy.config === null || isDaemonAlive(state.proxy.daemon),
    Promise.all(['host', 'addn_hosts', 'opts', 'leases'].map((name) => isThere(`${state.folder}/${name}`))),
  ]);
  return dnsmasq && proxy && files.every(Boolean);
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
