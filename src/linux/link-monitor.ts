import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Logger } from '../lib/log.ts';
import type { LinkEvent } from './contract.ts';
import type { HelperExec } from './exec/client.ts';
import { IpMonitor } from './ip-monitor.ts';

const SYS_NET = '/sys/class/net';

export interface LinkMonitorParts {
  exec: HelperExec;
  logger: Logger;
  onEvent(event: LinkEvent): void;
  /** It had to be started again: whatever happened meanwhile was not told. */
  onLost(): void;
}

/** Tells each line of `ip -o monitor link` as an event. */
export class LinkMonitor {
  readonly #known = new Set<number>();
  readonly #monitor: IpMonitor;

  constructor({ exec, logger, onEvent, onLost }: LinkMonitorParts) {
    const onLine = (line: string) => {
      const event = this.#toEvent(line);
      if (event && event.name !== 'lo') onEvent(event);
    };
    this.#monitor = new IpMonitor({ exec, logger, objects: ['link'], onLine, onLost });
  }

  /** Settles when the monitor is known to hear: what is read from the kernel after that misses nothing. */
  async start(): Promise<void> {
    for (const ifindex of currentIndexes()) this.#known.add(ifindex);
    await this.#monitor.start();
  }

  async close(): Promise<void> {
    await this.#monitor.close();
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
