import { createHash } from 'node:crypto';
import type { IpVersion } from '../../../lib/ip/address.ts';
import { CommandFailed } from '../../../linux/contract.ts';
import { isNftSave } from '../../../linux/iptables.ts';
import { type PacketFilter, RestoreFailed } from '../../../linux/packet-filter.ts';
import type { CommonRules } from './common-rules.ts';
import { parseCounts, parseSave, type RuleCounts, type Saved } from './kernel.ts';
import { chains } from './names.ts';
import { type Change, planChanges, renderChanges } from './plan.ts';
import type { Protocols } from './protocols.ts';
import { type Survey, survey, zonesOf } from './survey.ts';
import { type Table, tables, type Unit } from './unit.ts';

/** Up to so many lines of a chain are deleted one by one. */
const MANY_LINES = 200;

export interface Wanted {
  /** @param have what is in force: units of others stay as they are there */
  units(have: ReadonlyMap<string, Unit>): ReadonlyMap<string, Unit>;
  /** What an owner gets whose unit the kernel refuses. */
  fallback(owner: string, have: Unit | undefined): Unit | undefined;
  /** Taps that the agent knows. */
  taps(): Iterable<string>;
}

export interface Enforced {
  /** Owners whose unit could not be put in force, with the reason; they have their fallback. */
  readonly refused: ReadonlyMap<string, string>;
  /** Why nothing at all could be changed, or null. */
  readonly failure: string | null;
}

/**
 * The rules of one family that are in force: remembers them, and brings them to what is wanted by one restore. Where the
 * kernel refuses rules of one port, that port is left out and the rest goes on.
 */
export class RulesInForce {
  readonly version: IpVersion;
  readonly #filter: PacketFilter;
  readonly #base: CommonRules;
  readonly #protocols: Protocols;
  #have: ReadonlyMap<string, Unit> = new Map();
  #seen: Survey | null = null;
  /** Of what the last look found, as long as nothing had to be changed since. */
  #digest: string | null = null;
  #isKnown = false;
  #wasSeen = false;
  #isNft = false;
  /** Chains that cannot be removed: rules of others lead to them. Tried again after the next look. */
  readonly #stuck = new Set<string>();

  constructor(version: IpVersion, filter: PacketFilter, base: CommonRules, protocols: Protocols) {
    this.version = version;
    this.#filter = filter;
    this.#base = base;
    this.#protocols = protocols;
  }

  get units(): ReadonlyMap<string, Unit> {
    return this.#have;
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Whether the kernel was ever looked at. */
  get wasSeen(): boolean {
    return this.#wasSeen;
  }

  /** Whether its tables are nftables', as of the last look. */
  get isNft(): boolean {
    return this.#isNft;
  }

  distrust(): void {
    this.#filter.distrust();
    this.#isKnown = false;
  }

  /** Looks at the kernel. @returns null where all is as it was when it was looked at last. @throws CommandFailed */
  async look(taps: Iterable<string>): Promise<Saved | null> {
    const text = await this.#filter.save(tables);
    const digest = digestOf(text);
    this.#isNft = isNftSave(text);
    this.#stuck.clear();
    this.#isKnown = true;
    this.#wasSeen = true;
    if (this.#digest === digest) {
      this.#seen = null;
      return null;
    }
    const saved = parseSave(text, this.#protocols);
    this.#seen = survey(saved, this.#base, taps);
    this.#have = this.#seen.units;
    this.#digest = digest;
    return saved;
  }

  /** Tables of bridges' connections only. */
  async lookAtZones(): Promise<ReadonlyMap<string, number>> {
    return zonesOf(parseSave(await this.#filter.save(['raw']), this.#protocols));
  }

  /** What the rules of these chains took so far; nothing where the kernel does not tell. */
  async counts(chains: Iterable<string>): Promise<RuleCounts> {
    try {
      return parseCounts(await this.#filter.saveCounted('filter'), new Set(chains), this.#protocols);
    } catch (error) {
      if (error instanceof CommandFailed) return new Map();
      throw error;
    }
  }

  plan(units: ReadonlyMap<string, Unit>): Change[] {
    const plan = planChanges({ base: this.#base, have: this.#have, want: units, seen: this.#seen });
    return plan.filter((change) => change.do !== 'remove' || !this.#stuck.has(change.chain));
  }

  async enforce(wanted: Wanted): Promise<Enforced> {
    const refused = new Map<string, string>();
    await this.#emptyAtOnce(wanted);
    let isSecondLook = this.#seen !== null;
    for (;;) {
      const units = this.#wantedUnits(wanted, refused);
      const failure = await this.#try(units, wanted);
      if (failure === null) return { refused, failure: null };
      if (failure.reason.isPassing) return this.#nothingDone(failure.reason);
      if (!isSecondLook) {
        // Somebody may have changed what we remember.
        isSecondLook = true;
        await this.look(wanted.taps());
        continue;
      }
      const guilty = this.#guilty(failure, units);
      if (guilty === 'chain') continue;
      // No owner is named, or one whose fallback is refused too.
      if (guilty === null || guilty.some((owner) => refused.has(owner))) {
        return await this.#bisect(wanted, refused, failure.reason);
      }
      for (const owner of guilty) refused.set(owner, failure.reason.message);
    }
  }

  /**
   * iptables finds a rule to delete by comparing it with each of its chain: where most of a long shared chain goes, it is
   * made anew. For that it must be known as it is, with the lines of others.
   */
  async #emptyAtOnce(wanted: Wanted): Promise<void> {
    const units = wanted.units(this.#have);
    const gone = [...this.#have.keys()].filter((owner) => !units.has(owner));
    if (gone.length * 2 <= MANY_LINES) return;
    const goes = new Map<string, number>();
    const stays = new Map<string, number>();
    for (const [owner, unit] of this.#have) {
      const counts = units.has(owner) ? stays : goes;
      for (const { table, chain } of unit.lines) count(counts, `${table} ${chain}`);
    }
    const long = [...goes].filter(([key, number]) => number > MANY_LINES && number > (stays.get(key) ?? 0));
    if (long.length === 0) return;
    const seen = this.#seen ?? (await this.look(wanted.taps()).then(() => this.#seen as Survey | null));
    if (!seen) return;
    const added = long.map(([key]) => {
      const [table, chain] = key.split(' ') as [Table, string];
      return { table, chain };
    });
    this.#seen = { ...seen, disorder: [...seen.disorder, ...added] };
  }

  #wantedUnits(wanted: Wanted, refused: ReadonlyMap<string, string>): Map<string, Unit> {
    const units = new Map(wanted.units(this.#have));
    for (const owner of refused.keys()) replace(units, owner, wanted.fallback(owner, this.#have.get(owner)));
    return units;
  }

  /** @returns what failed, and the text that did; null when all is in force */
  async #try(units: ReadonlyMap<string, Unit>, wanted: Wanted): Promise<Failure | null> {
    const { text, changes } = renderChanges(this.plan(units));
    try {
      if (text) {
        this.#digest = null;
        await this.#filter.restore(text);
      }
    } catch (error) {
      if (!(error instanceof RestoreFailed)) throw error;
      // Of two tables the first may have been changed.
      if (!error.isPassing && text.startsWith('*raw') && text.includes('*filter')) {
        const stuck = [...this.#stuck];
        await this.look(wanted.taps());
        for (const chain of stuck) this.#stuck.add(chain);
      }
      return { reason: error, text, changes };
    }
    this.#have = units;
    this.#seen = null;
    return null;
  }

  #nothingDone(reason: RestoreFailed): Enforced {
    this.#isKnown = false;
    return { refused: new Map(), failure: reason.message };
  }

  /** Owners whose line was refused: all that have that very line. */
  #guilty({ reason, text, changes }: Failure, units: ReadonlyMap<string, Unit>): string[] | 'chain' | null {
    const change = reason.line === null ? null : (changes[reason.line] ?? null);
    if (reason.line === null || change === null) return null;
    if (change.do === 'remove') {
      this.#stuck.add(change.chain);
      return 'chain';
    }
    if (change.do === 'delete' && change.owner !== null && this.#seen) {
      // What somebody put there does not go by its text: the chain is made anew.
      const { table, chain } = change;
      if (this.#seen.disorder.some((one) => one.table === table && one.chain === chain)) return null;
      this.#seen = { ...this.#seen, disorder: [...this.#seen.disorder, { table, chain }] };
      return 'chain';
    }
    const line = text.split('\n')[reason.line - 1] as string;
    const body = line.replace(/^-[AI] \S+ (\d+ )?/, '');
    const owners = [...units].filter(
      ([owner, unit]) =>
        unit !== this.#have.get(owner) &&
        ([...unit.chains.values()].some((bodies) => bodies.includes(body)) ||
          unit.lines.some((one) => one.body === body)),
    );
    return owners.length > 0 ? owners.map(([owner]) => owner) : change.owner === null ? null : [change.owner];
  }

  /**
   * Which of the changed owners it is, found by halves: the kernel did not say. First, whether anything can be changed
   * at all.
   */
  async #bisect(wanted: Wanted, refused: Map<string, string>, reason: RestoreFailed): Promise<Enforced> {
    if ((await this.#try(new Map(this.#have), wanted)) !== null || !(await this.#canRestore())) {
      return this.#nothingDone(reason);
    }
    const attempt = async (owners: readonly string[]): Promise<void> => {
      const all = this.#wantedUnits(wanted, refused);
      const next = new Map(this.#have);
      for (const owner of owners) replace(next, owner, all.get(owner));
      const failure = await this.#try(next, wanted);
      if (failure === null) return;
      if (owners.length > 1) {
        const half = Math.ceil(owners.length / 2);
        await attempt(owners.slice(0, half));
        return await attempt(owners.slice(half));
      }
      const owner = owners[0] as string;
      const isFallback = refused.has(owner);
      refused.set(owner, failure.reason.message);
      if (!isFallback) await attempt([owner]);
    };
    const all = this.#wantedUnits(wanted, refused);
    const owners = [...new Set([...this.#have.keys(), ...all.keys()])];
    const changed = owners.filter((owner) => all.get(owner) !== this.#have.get(owner));
    if (changed.length > 0) await attempt(changed);
    return { refused, failure: null };
  }

  /** A restore that changes nothing: it empties a chain that is always empty. */
  async #canRestore(): Promise<boolean> {
    try {
      await this.#filter.restore(`*filter\n:${chains.local} - [0:0]\nCOMMIT\n`);
      return true;
    } catch (error) {
      if (error instanceof RestoreFailed) return false;
      throw error;
    }
  }
}

/** Without what the programs say of themselves, and the counters of built-in chains. */
function digestOf(text: string): string {
  const rules = text.replace(/^#.*$/gm, '').replace(/^(:[A-Z]+ [A-Z]+) \[\d+:\d+\]/gm, '$1');
  return createHash('sha1').update(rules).digest('base64');
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function replace(units: Map<string, Unit>, owner: string, unit: Unit | undefined): void {
  if (unit) units.set(owner, unit);
  else units.delete(owner);
}

interface Failure {
  readonly reason: RestoreFailed;
  readonly text: string;
  readonly changes: readonly (Change | null)[];
}
