import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAddress } from '../../lib/ip/address.ts';

/** Below `$state_path`. */
export const OWED_FOLDER = 'l3-owed';

/**
 * Addresses of routers whose connections have still to be ended. The rules that told of them go before the connections do,
 * so an agent that dies in between leaves word of it in a file (`$state_path/l3-owed/<router id>`, an address a line).
 */
export class OwedEndings {
  readonly #folder: string;
  /** By router; one that is not in it was not asked for yet. */
  readonly #known = new Map<string, readonly string[]>();

  constructor(statePath: string) {
    this.#folder = join(statePath, OWED_FOLDER);
  }

  /** What this or an earlier agent left. */
  async of(routerId: string): Promise<readonly string[]> {
    const known = this.#known.get(routerId);
    if (known) return known;
    const path = this.#path(routerId);
    const text = existsSync(path) ? await readFile(path, 'utf8').catch(() => '') : '';
    const addresses = text.split('\n').filter((line) => parseAddress(line) !== null);
    this.#known.set(routerId, addresses);
    return addresses;
  }

  /** Before anything is changed. Where the file cannot be written memory has to do. */
  async add(routerId: string, addresses: readonly string[]): Promise<void> {
    this.#known.set(routerId, addresses);
    await mkdir(this.#folder, { recursive: true }).catch(() => {});
    await writeFile(this.#path(routerId), `${addresses.join('\n')}\n`).catch(() => {});
  }

  /** They are ended, or the router is gone with all its connections. */
  async settle(routerId: string): Promise<void> {
    const isFileThere = (await this.of(routerId)).length > 0;
    this.#known.set(routerId, []);
    if (isFileThere) await rm(this.#path(routerId), { force: true }).catch(() => {});
  }

  async forget(routerId: string): Promise<void> {
    await this.settle(routerId);
    this.#known.delete(routerId);
  }

  #path(routerId: string): string {
    return join(this.#folder, routerId);
  }
}
