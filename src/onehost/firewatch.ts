import { existsSync } from 'node:fs';
import type { Host } from '../linux/contract.ts';
import { type ApiAddress, getJson, isIsolated } from './api-client.ts';
import { ensureForwarding } from './forwarding.ts';
import type { StateFolder } from './state-folder.ts';

/** Firewalls are started and changed while we run. */
const LOOK_AGAIN_MS = 30_000;
/** Bridges of one start come together. */
const GATHER_MS = 20;
/** How soon the server is asked again that was not up. */
const ASK_AGAIN_MS = 250;

export interface FirewatchParts {
  /** Opened when there is something to do: a host that lets packets pass costs no helper process. */
  openHost: () => Promise<Host>;
  state: StateFolder;
  gateway: string | null;
  api: ApiAddress;
  say: (line: string) => void;
}

/**
 * Keeps the host's firewall from dropping what guests send each other: looks whether it would, and keeps the list of our
 * bridges in our chain as networks come and go. Where nothing drops, nothing is done.
 */
export class Firewatch {
  readonly #parts: FirewatchParts;
  #told = '';
  #timer: NodeJS.Timeout | null = null;
  #soon: NodeJS.Timeout | null = null;
  #host: Host | null = null;
  #watch: { close(): Promise<void> } | null = null;
  #pass: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: FirewatchParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    if (existsSync('/run/firewalld.pid')) this.#parts.say(firewalldHint(this.#parts.gateway));
    await this.#look();
    this.#timer = setInterval(() => this.#lookIn(0), LOOK_AGAIN_MS);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearInterval(this.#timer);
    if (this.#soon) clearTimeout(this.#soon);
    await this.#pass;
    await this.#rest();
  }

  #lookIn(waitMs: number): void {
    if (this.#closed) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = null;
      this.#pass = this.#pass.then(() => this.#look());
    }, waitMs);
  }

  async #look(): Promise<void> {
    const { state, gateway, say, openHost } = this.#parts;
    try {
      this.#host ??= await openHost();
      const known = await this.#askServer();
      const { networkIds, filtered } = known ?? { networkIds: null, filtered: true };
      const found = await ensureForwarding(this.#host, state, { networkIds, filtered, gateway });
      if (found === null) return await this.#rest();
      if (found !== this.#told) {
        say(
          `${found}: accepting what passes this instance's own bridges, in a chain of its own (neutrino down removes it)`,
        );
      }
      this.#told = found;
      const look = () => this.#lookIn(GATHER_MS);
      this.#watch ??= await this.#host.watchLinks((event) => {
        if (event.name.startsWith('brq') && event.kind === 'added') look();
      }, look);
      if (networkIds === null) this.#lookIn(ASK_AGAIN_MS);
    } catch (error) {
      const text = (error as Error).message;
      if (text !== this.#told) say(`the host's firewall could not be looked at: ${text}`);
      this.#told = text;
    }
  }

  /** Nothing to watch until the next look. */
  async #rest(): Promise<void> {
    await this.#watch?.close();
    await this.#host?.close();
    this.#watch = null;
    this.#host = null;
  }

  /** null while the server is not up: nobody knows which bridges are ours. */
  async #askServer(): Promise<{ networkIds: string[]; filtered: boolean } | null> {
    const { api } = this.#parts;
    try {
      const { networks } = await getJson<{ networks: { id: string }[] }>(api, '/v2.0/networks?fields=id');
      return { networkIds: networks.map(({ id }) => id), filtered: await isIsolated(api) };
    } catch {
      return null;
    }
  }
}

/**
 * Its rules are in a table of nftables of their own, which an accept in iptables does not reach. What a zone accepts there
 * is for security groups to decide all the same.
 */
export function firewalldHint(gateway: string | null): string {
  const interfaces = ['brq+', ...(gateway === null ? [] : [gateway])];
  const words = interfaces.map((name) => `--add-interface=${name}`).join(' ');
  return `firewalld is at work; if guests do not reach each other: firewall-cmd --zone=trusted ${words}, and again with --permanent`;
}
