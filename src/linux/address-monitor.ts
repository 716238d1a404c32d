import type { Logger } from '../lib/log.ts';
import type { AddressEvent } from './contract.ts';
import type { HelperExec } from './exec/client.ts';
import { IpMonitor } from './ip-monitor.ts';

export interface AddressMonitorParts {
  exec: HelperExec;
  logger: Logger;
  onEvent(event: AddressEvent): void;
  /** It had to be started again: whatever happened meanwhile was not told. */
  onLost(): void;
}

/**
 * Tells of IPv4 addresses that come and go, on the host and in all namespaces that have a device whose other end is on the
 * host: one process, however many namespaces (`all-nsid`).
 */
export class AddressMonitor {
  readonly #monitor: IpMonitor;

  constructor({ exec, logger, onEvent, onLost }: AddressMonitorParts) {
    const onLine = (line: string) => {
      const event = parseAddressLine(line);
      if (event) onEvent(event);
    };
    // Links are followed for the nudge alone: no address may be touched to find out whether it listens.
    this.#monitor = new IpMonitor({ exec, logger, objects: ['all-nsid', 'link', 'address'], onLine, onLost });
  }

  /** Settles when the monitor is known to hear. */
  async start(): Promise<void> {
    await this.#monitor.start();
  }

  async close(): Promise<void> {
    await this.#monitor.close();
  }
}

/**
 * `[nsid 0]Deleted 2: tap1    inet 169.254.0.5/24 scope global ha-1\       valid_lft …`. The name in front is that of the
 * device with this index on the host and means nothing; the label at the end is the kernel's.
 */
export function parseAddressLine(line: string): AddressEvent | null {
  const match =
    /^(?:\[nsid \w+\])?(Deleted )?\d+: \S+\s+inet (\S+) .*?scope \w+(?: (?:secondary|dynamic|noprefixroute|deprecated|tentative))* (\S+?)\\/.exec(
      line,
    );
  return match ? { kind: match[1] ? 'removed' : 'added', cidr: match[2]!, device: match[3]! } : null;
}
