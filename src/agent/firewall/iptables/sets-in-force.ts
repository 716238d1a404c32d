import type { IpVersion } from '../../../lib/ip/address.ts';
import type { Exec } from '../../../linux/contract.ts';
import { type AddressSet, changeSets, destroySets, readSets, type SetChange } from '../../../linux/ipset.ts';
import type { ExplainStep } from '../../../rpc/contract.ts';
import type { FirewallState, Members } from '../contract.ts';
import type { PortPlan } from './desired.ts';
import { explainSet } from './explain.ts';
import { isSetName, NEW_SET, setName } from './names.ts';
import { maxElements, planSet, setEntries, type WantedSet } from './sets.ts';

type Pairs = NonNullable<Members['IPv4']>;

export interface NeededSet {
  readonly name: string;
  readonly id: string;
  readonly version: IpVersion;
  readonly pairs: Pairs;
}

export interface SetPlan {
  readonly needed: ReadonlyMap<string, NeededSet>;
  readonly changes: readonly (SetChange & { readonly set: NeededSet; readonly wanted: WantedSet })[];
  /** Sets of ours, or rests of theirs, that no rule refers to. */
  readonly unused: readonly string[];
}

/** The sets of addresses that rules refer to, as they are in the kernel. */
export class SetsInForce {
  readonly #exec: Exec;
  #have = new Map<string, AddressSet>();
  /** From which list of addresses a set was last made. */
  readonly #sources = new Map<string, Pairs>();
  /** Sets that rules of others refer to. */
  readonly #busy = new Set<string>();
  #isKnown = false;

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  distrust(): void {
    this.#isKnown = false;
  }

  has(name: string): boolean {
    return this.#have.has(name);
  }

  /** @throws CommandFailed */
  async look(): Promise<void> {
    this.#have = await readSets(this.#exec, isSetName);
    this.#sources.clear();
    this.#busy.clear();
    this.#isKnown = true;
  }

  plan(ports: Iterable<PortPlan>, members: FirewallState['members']): SetPlan {
    const needed = neededSets(ports, members);
    const changes = [...needed.values()].flatMap((set) => {
      if (this.#sources.get(set.name) === set.pairs) return [];
      const wanted = { version: set.version, entries: setEntries(set.pairs, set.version) };
      const change = planSet(set.name, wanted, this.#have.get(set.name), this.#have.has(`${set.name}${NEW_SET}`));
      if (!change) this.#sources.set(set.name, set.pairs);
      return change ? [{ ...change, set, wanted }] : [];
    });
    const unused = [...this.#have.keys()].filter((name) => !needed.has(name) && !this.#busy.has(name));
    return { needed, changes, unused };
  }

  explain(ports: Iterable<PortPlan>, members: FirewallState['members']): ExplainStep[] {
    return [...neededSets(ports, members).values()].map((set) =>
      explainSet(set, setEntries(set.pairs, set.version), this.#have.get(set.name)?.entries ?? null),
    );
  }

  /** @returns sets that are not as they should be, with the reason, and groups that lost members */
  async change({ changes }: SetPlan): Promise<{ failed: Map<string, string>; shrunk: Set<string> }> {
    const failed = changes.length > 0 ? await changeSets(this.#exec, changes) : new Map<string, string>();
    const shrunk = new Set<string>();
    for (const { name, set, wanted, commands } of changes) {
      if (failed.has(name)) continue;
      const before = this.#have.get(name);
      if (before && [...before.entries].some((entry) => !wanted.entries.has(entry)))
        shrunk.add(`${set.version} ${set.id}`);
      const isNew = commands[0]?.startsWith('create') || commands[0]?.startsWith('destroy');
      this.#have.set(name, {
        type: 'hash:net',
        version: wanted.version,
        entries: wanted.entries,
        maxElements: isNew || !before ? maxElements(wanted.entries.size) : before.maxElements,
      });
      if (isNew) this.#have.delete(`${name}${NEW_SET}`);
      this.#sources.set(name, set.pairs);
    }
    // What a half-done change left behind must be looked at.
    if (failed.size > 0) this.#isKnown = false;
    return { failed, shrunk };
  }

  async destroy({ unused }: SetPlan): Promise<void> {
    if (unused.length === 0) return;
    const failed = await destroySets(this.#exec, unused);
    for (const name of unused) {
      if (failed.has(name)) this.#busy.add(name);
      else {
        this.#have.delete(name);
        this.#sources.delete(name);
      }
    }
  }
}

/** Of groups with addresses; nothing refers to a group without. */
function neededSets(ports: Iterable<PortPlan>, members: FirewallState['members']): Map<string, NeededSet> {
  const needed = new Map<string, NeededSet>();
  const done = new Set<ReadonlySet<string>>();
  for (const { remotes } of ports) {
    for (const version of [4, 6] as const) {
      if (done.has(remotes[version])) continue;
      done.add(remotes[version]);
      for (const id of remotes[version]) {
        const pairs = members.get(id)?.[`IPv${version}`];
        const name = setName(id, version);
        if (pairs && pairs.length > 0 && !needed.has(name)) needed.set(name, { name, id, version, pairs });
      }
    }
  }
  return needed;
}
