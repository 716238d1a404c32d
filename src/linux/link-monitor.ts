import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Logger } from '../lib/log.ts';
import type { LinkEvent } from './contract.ts';
import type { HelperExec, OpenCommand } from './exec/client.ts';

/** Until the monitor is seen to listen it is nudged this long after the last nudge was over. */
const NUDGE_MS = 20;
/** A monitor that died is started again after this, doubling up to the longest. */
const FIRST_RESTART_MS = 50;
const LONGEST_RESTART_MS = 5_000;
const SYS_NET = '/sys/class/net';

export interface LinkMonitorParts {
  exec: HelperExec;
  logger: Logger;
  onEvent(event: LinkEvent): void;
  /** It had to be started again: whatever happened meanwhile was not told. */
  onLost(): void;
}

/** Follows `ip -o monitor link` and tells each line as an event; started again when it ends. */
export class LinkMonitor {
  readonly #parts: LinkMonitorParts;
  readonly #known = new Set<number>();
  #command: OpenCommand | null = null;
  #restart: NodeJS.Timeout | null = null;
  #nudge: NodeJS.Timeout | null = null;
  #restartMs = FIRST_RESTART_MS;
  #listening = Promise.withResolvers<void>();
  #closed = false;

  constructor(parts: LinkMonitorParts) {
    this.#parts = parts;
  }

  /** Settles when the monitor is known to hear: what is read from the kernel after that misses nothing. */
  async start(): Promise<void> {
    for (const ifindex of currentIndexes()) this.#known.add(ifindex);
    this.#open();
    await this.#listening.promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#restart) clearTimeout(this.#restart);
    if (this.#nudge) clearTimeout(this.#nudge);
    this.#command?.close();
    this.#listening.resolve();
  }

  #open(): void {
    let rest = '';
    this.#command = this.#parts.exec.open(['ip', '-o', 'monitor', 'link'], {
      onOutput: (text) => {
        this.#heard();
        const lines = (rest + text).split('\n');
        rest = lines.pop() as string;
        for (const line of lines) {
          const event = this.#toEvent(line);
          if (event && event.name !== 'lo') this.#parts.onEvent(event);
        }
      },
      onExit: (stderr) => this.#ended(stderr),
    });
    this.#nudgeLater();
  }

  /** One at a time: where a command takes longer than the pause, they would pile up and be in the way of the monitor's start. */
  #nudgeLater(): void {
    const nudge = setTimeout(
      () => void this.#sendNudge().then(() => this.#nudge === nudge && this.#nudgeLater()),
      NUDGE_MS,
    );
    this.#nudge = nudge;
  }

  /**
   * `ip monitor` does not say when it listens. Setting the loopback device's group to what it is changes nothing and is
   * announced all the same.
   */
  async #sendNudge(): Promise<void> {
    try {
      await this.#parts.exec.run(['ip', 'link', 'set', 'dev', 'lo', 'group', 'default']);
    } catch {
      // Not allowed here, or the helper is away: the safety scan of the caller has to do.
      this.#heard();
    }
  }

  #heard(): void {
    if (this.#nudge === null) return;
    clearTimeout(this.#nudge);
    this.#nudge = null;
    this.#restartMs = FIRST_RESTART_MS;
    this.#listening.resolve();
  }

  #ended(stderr: string): void {
    if (this.#closed) return;
    if (this.#nudge) clearTimeout(this.#nudge);
    this.#nudge = null;
    this.#parts.logger.warn({ stderr: stderr.trim(), again_in_ms: this.#restartMs }, 'The link monitor ended');
    this.#restart = setTimeout(() => {
      this.#listening = Promise.withResolvers<void>();
      this.#open();
      void this.#listening.promise.then(() => this.#closed || this.#parts.onLost());
    }, this.#restartMs);
    this.#restartMs = Math.min(this.#restartMs * 2, LONGEST_RESTART_MS);
  }

  #toEvent(line: string): LinkEvent | null {
    const parsed = parseMonitorLine(line);
    if (!parsed) return null;
    const { name, ifindex, deleted } = parsed;
    // A port that leaves a bridge is announced as deleted too, though the device stays.
    if (deleted && !existsSync(`${SYS_NET}/${name}`)) {
      this.#known.delete(ifindex);
      return { kind: 'removed', name, ifindex };
    }
    const kind = this.#known.has(ifindex) ? 'changed' : 'added';
    this.#known.add(ifindex);
    return { kind, name, ifindex };
  }
}

/** `Deleted 4: tap1234@if3: <BROADCAST…> …` */
export function parseMonitorLine(line: string): { name: string; ifindex: number; deleted: boolean } | null {
  const match = /^(Deleted )?(\d+): ([^:@\s]+)(?:@[^:]*)?:/.exec(line);
  return match ? { deleted: match[1] !== undefined, ifindex: Number(match[2]), name: match[3] as string } : null;
}

function currentIndexes(): number[] {
  return readdirSync(SYS_NET).flatMap((name) => {
    try {
      return [Number(readFileSync(`${SYS_NET}/${name}/ifindex`, 'utf8'))];
    } catch {
      return [];
    }
  });
}
