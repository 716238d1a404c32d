import type { Logger } from '../../../lib/log.ts';
import { CommandFailed, type Host } from '../../../linux/contract.ts';
import { RuleTables } from '../../../linux/iptables.ts';
import { isNetnsGone } from '../../../linux/netns.ts';
import { startOf } from '../../../linux/processes.ts';

export const FAMILIES = [4, 6] as const;
const tools = { 4: 'iptables', 6: 'ip6tables' } as const;
const PREFIX = 'neutrino-trial-';
/** Where rules are tried: a namespace that is there for so long only. */
const TRIAL = `${PREFIX}${process.pid}`;

/**
 * Whether this kernel takes rules for connection helpers. It takes none for a helper it does not have, and iptables-restore would
 * then take none of the others: each is tried once before a router gets it, away from all routers.
 */
export class HelperTrials {
  /** By family and rule: null where this kernel takes it, else why not. */
  readonly #tried = new Map<string, string | null>();
  #last: Promise<void> = Promise.resolve();

  /** Why the kernel does not take a rule; null: it does; undefined: it was not tried. */
  reason(family: 4 | 6, body: string): string | null | undefined {
    return this.#tried.get(`${family} ${body}`);
  }

  /** One after the other: who is done first takes the namespace away. @throws what may be otherwise in a moment */
  async try(bodies: readonly string[], linux: Host, logger: Logger): Promise<void> {
    const mine = this.#last.then(() => this.#tryAll(bodies, linux, logger));
    this.#last = mine.catch(() => {});
    await mine;
  }

  async #tryAll(bodies: readonly string[], linux: Host, logger: Logger): Promise<void> {
    const untried = [...new Set(bodies)].filter((body) =>
      FAMILIES.some((family) => this.reason(family, body) === undefined),
    );
    if (untried.length === 0) return;
    await linux.ensureNetns(TRIAL);
    try {
      for (const family of FAMILIES) {
        const tables = new RuleTables(linux.exec, tools[family]);
        for (const body of untried) {
          const reason = await tryRule(tables, body);
          this.#tried.set(`${family} ${body}`, reason);
          if (reason !== null) logger.warn({ rule: body, family, reason }, 'this kernel lacks a conntrack helper');
        }
      }
    } finally {
      await linux.removeNetns(TRIAL);
    }
  }
}

/** Takes away what agents left that were killed in the middle of it. */
export async function removeOldTrials(linux: Host): Promise<void> {
  for (const name of await linux.listNetns()) {
    const pid = name.startsWith(PREFIX) ? /^\d+$/.exec(name.slice(PREFIX.length))?.[0] : undefined;
    if (pid !== undefined && (await startOf(Number(pid))) === null) await linux.removeNetns(name);
  }
}

/** @returns why the kernel does not take it; null: it does */
async function tryRule(tables: RuleTables, body: string): Promise<string | null> {
  try {
    await tables.restore(`*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING ${body}\nCOMMIT\n`, TRIAL);
    return null;
  } catch (error) {
    // Anything else than a refusal may be otherwise in a moment: the router is tried again.
    if (!(error instanceof CommandFailed) || error.code === null) throw error;
    if (/xtables[ .]lock/.test(error.stderr) || isNetnsGone(error.stderr)) throw error;
    return `this kernel has no such helper: ${body}`;
  }
}
