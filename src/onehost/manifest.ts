import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OneHostError, systemReason } from './errors.ts';
import type { StateFolder } from './state-folder.ts';

/**
 * What this instance made or changed on the host besides what the agents do: written down before it is done, so that
 * `down` can undo it whatever happened in between.
 */
export interface Manifest {
  version: 1;
  uplink: UplinkRecord | null;
  /** Kernel settings we changed, with the value they had. */
  sysctls: Record<string, string>;
  /** Chains of ours, by table of iptables. */
  chains: { table: 'filter' | 'nat' | 'raw'; name: string }[];
}

export type UplinkRecord =
  /** A veth pair of ours: `gateway` is the host's end with the address, `port` goes into the bridge. */
  | { kind: 'nat'; gateway: string; port: string; cidr: string }
  /** A card of the host that bridges may take in. */
  | { kind: 'interface'; name: string };

const FILE = 'host.json';

/** Differs after each start of the kernel. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

/**
 * The record as it holds now: kernel settings changed before the host was started anew are no longer changed, and what
 * they were says nothing about what they should be.
 */
export function readManifest(state: StateFolder, boot: string = bootId()): Manifest {
  const file = join(state.path, FILE);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      return { version: 1, uplink: null, sysctls: {}, chains: [] };
    throw new OneHostError(`${file} cannot be read: ${systemReason(cause)}`, { cause });
  }
  try {
    const { boot: writtenIn, ...manifest } = JSON.parse(text) as Manifest & { boot?: string };
    if (manifest.version !== 1) throw new Error(`version ${manifest.version} is not known`);
    const isOfThisBoot = writtenIn === undefined || writtenIn === boot;
    return isOfThisBoot ? manifest : { ...manifest, sysctls: {} };
  } catch (cause) {
    throw new OneHostError(
      `${file} cannot be understood (${(cause as Error).message}); it says what neutrino did to this host: mend it, or remove it and undo that by hand`,
      { cause },
    );
  }
}

/** In one step: a crash leaves the old one or the new one. */
export function writeManifest(state: StateFolder, manifest: Manifest): void {
  const file = join(state.path, FILE);
  const record = { ...manifest, boot: bootId() };
  writeFileSync(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`, { flush: true });
  renameSync(`${file}.new`, file);
}
