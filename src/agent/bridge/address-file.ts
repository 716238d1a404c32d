import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAddress } from '../../lib/ip/address.ts';
import { parseCidr } from '../../lib/ip/cidr.ts';
import type { Logger } from '../../lib/log.ts';
import type { Address, Route } from '../../linux/contract.ts';
import type { HostAddresses } from './host-addresses.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/**
 * What the host itself has on bridges, kept for the next run of the agent: a bridge may be deleted while none runs. Only
 * good until the host is started anew, for then its cards get their addresses from its own configuration.
 */
export class AddressFile {
  readonly #path: string | null;
  readonly #logger: Logger;
  readonly #bootId: () => Promise<string>;
  #written = '';
  #told = false;

  /** @param folder `state_path`; null keeps nothing */
  constructor(folder: string | null, logger: Logger, bootId = () => readFile(BOOT_ID, 'utf8').catch(() => '')) {
    this.#path = folder === null ? null : addressFilePath(folder);
    this.#logger = logger;
    this.#bootId = bootId;
  }

  /** Nothing where there is no file, or none of this boot, or one that cannot be understood. */
  async load(): Promise<ReadonlyMap<string, HostAddresses>> {
    if (this.#path === null) return new Map();
    try {
      const { boot, bridges } = JSON.parse(await readFile(this.#path, 'utf8')) as {
        boot: string;
        bridges: [string, HostAddresses][];
      };
      if (boot !== (await this.#bootId())) return new Map();
      return new Map(bridges.filter(([name, had]) => /^brq[\w-]{1,12}$/.test(name) && isUsable(had)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#tell(error);
      return new Map();
    }
  }

  /** Writes what changed. A folder that cannot be written stops nothing. */
  async save(bridges: ReadonlyMap<string, HostAddresses>): Promise<void> {
    if (this.#path === null) return;
    const text = JSON.stringify([...bridges]);
    if (text === this.#written || (bridges.size === 0 && this.#written === '')) return;
    try {
      const record = { boot: await this.#bootId(), bridges: [...bridges] };
      await writeFile(`${this.#path}.new`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
      await rename(`${this.#path}.new`, this.#path);
      this.#written = text;
      this.#told = false;
    } catch (error) {
      this.#tell(error);
    }
  }

  #tell(error: unknown): void {
    if (this.#told) return;
    this.#told = true;
    this.#logger.warn({ file: this.#path, error: String(error) }, "The host's addresses on bridges are not on record");
  }
}

export function addressFilePath(folder: string): string {
  return join(folder, 'bridge_addresses.json');
}

/** For who takes the bridges away in order: the addresses are on the cards then, and what becomes of them there is nobody's business. */
export async function removeAddressFile(folder: string): Promise<void> {
  await rm(addressFilePath(folder), { force: true });
}

/** Everything in it becomes words of commands: what is not what it should be is not used. */
function isUsable(had: HostAddresses): boolean {
  const isName = (text: unknown) => typeof text === 'string' && /^[\w.@-]{1,15}$/.test(text);
  const isIp = (text: unknown) => typeof text === 'string' && parseAddress(text) !== null;
  const isBlock = (text: unknown) => typeof text === 'string' && (parseCidr(text) !== null || isIp(text));
  const isAddress = ({ cidr, broadcast, peer }: Address) =>
    isBlock(cidr) && (broadcast === null || isIp(broadcast)) && (peer === undefined || isIp(peer));
  const isRoute = ({ destination, via, source, metric }: Route) =>
    (destination === 'default' || isBlock(destination)) &&
    (via === null || isIp(via)) &&
    (source === null || isIp(source)) &&
    (metric === null || Number.isInteger(metric));
  return (
    Number.isInteger(had.ifindex) &&
    (had.card === null || isName(had.card)) &&
    had.addresses.every(isAddress) &&
    had.routes.every(isRoute)
  );
}
