import { existsSync } from 'node:fs';
import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cidrOf, formatCidr, parseCidr } from '../../../lib/ip/cidr.ts';
import { replaceFile } from '../../daemons/kept.ts';
import type { IncomingMessage } from './message.ts';

/** A prefix that a provider delegated to a subnet. Times are ms since the epoch; null: never. */
export interface Lease {
  /** Block of 64 bits that the subnet has: the first of what was delegated. */
  readonly prefix: string;
  /** What was delegated, and by whom (DUID as hex). */
  readonly delegated: string;
  readonly serverId: string;
  /** When to ask that server for more time, when any, and when the prefix is somebody else's. */
  readonly renewAt: number | null;
  readonly rebindAt: number | null;
  readonly endsAt: number | null;
}

const FOREVER_S = 0xffff_ffff;
/** Shares of the preferred lifetime, where the server leaves the times to its clients (RFC 8415 §14.2). */
const RENEW_SHARE = 0.5;
const REBIND_SHARE = 0.8;
/** No server makes us ask more often. */
const LEAST_RENEW_S = 1;

/** What a reply gives; null where it gives nothing that a subnet could have. */
export function leaseOf({ serverId, t1S, t2S, prefixes }: IncomingMessage, nowMs: number): Lease | null {
  const found = prefixes.find(({ validS, block }) => validS > 0 && block.prefix <= 64);
  if (!found) return null;
  const { block, preferredS, validS } = found;
  const at = (seconds: number) => (seconds >= FOREVER_S ? null : nowMs + Math.max(seconds, LEAST_RENEW_S) * 1000);
  const share = (of: number) => (preferredS >= FOREVER_S ? FOREVER_S : Math.floor(preferredS * of));
  const areSound = t1S > 0 && t1S <= t2S && t2S <= preferredS;
  return {
    prefix: formatCidr(cidrOf({ version: 6, value: block.first }, 64)),
    delegated: formatCidr(block),
    serverId: serverId.toString('hex'),
    renewAt: at(areSound ? t1S : share(RENEW_SHARE)),
    rebindAt: at(areSound ? t2S : share(REBIND_SHARE)),
    endsAt: at(validS),
  };
}

/** Leases outlive the agent: `$pd_confs/<router id>/<subnet id>.json`. */
export class LeaseFiles {
  readonly #folder: string;

  /** @param folder `pd_confs` */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What is still good for anything. */
  async read(routerId: string, subnetId: string, nowMs: number): Promise<Lease | null> {
    const text = await readFile(this.#path(routerId, subnetId), 'utf8').catch(() => '');
    const lease = parseLease(text);
    return lease && (lease.endsAt === null || lease.endsAt > nowMs) ? lease : null;
  }

  async write(routerId: string, subnetId: string, lease: Lease): Promise<void> {
    await replaceFile(this.#path(routerId, subnetId), `${JSON.stringify(lease, null, 1)}\n`);
  }

  async remove(routerId: string, subnetId: string): Promise<void> {
    await rm(this.#path(routerId, subnetId), { force: true });
    await rmdir(join(this.#folder, routerId)).catch(() => {});
  }

  /** Subnets of a router that have one, as far as files tell. */
  async list(routerId: string): Promise<string[]> {
    const folder = join(this.#folder, routerId);
    const names = existsSync(folder) ? await readdir(folder).catch(() => []) : [];
    return names.flatMap((name) => /^([\da-f-]{36})\.json$/.exec(name)?.[1] ?? []);
  }

  async removeAll(routerId: string): Promise<void> {
    const folder = join(this.#folder, routerId);
    // Asked at each look at a router that stands by here.
    if (existsSync(folder)) await rm(folder, { recursive: true, force: true });
  }

  #path(routerId: string, subnetId: string): string {
    return join(this.#folder, routerId, `${subnetId}.json`);
  }
}

function parseLease(text: string): Lease | null {
  try {
    const lease = JSON.parse(text) as Lease;
    const isTime = (value: unknown) => value === null || typeof value === 'number';
    const isSound =
      [lease.prefix, lease.delegated].every((one) => parseCidr(one)?.version === 6) &&
      /^(?:[\da-f]{2})+$/.test(lease.serverId) &&
      [lease.renewAt, lease.rebindAt, lease.endsAt].every(isTime);
    return isSound ? lease : null;
  } catch {
    return null;
  }
}
