import type { IpVersion } from '../../../lib/ip/address.ts';
import { kernelCidr, parseBlock } from '../../../lib/ip/kernel-text.ts';
import type { WireRule } from '../../../rpc/contract.ts';
import type { FirewallState, Members } from '../contract.ts';
import { setName } from './names.ts';
import type { Protocols } from './protocols.ts';
import { type RuleTerms, readRule, ruleText } from './rule-text.ts';
import { isSame } from './unit.ts';

/** One line of a port's chain, with the rule it is made of. */
export interface RuleLine {
  readonly body: string;
  readonly rule: WireRule;
  readonly terms: RuleTerms;
  /** Without sets: the one address it is about. A port needs no rule for its own. */
  readonly remote: string | null;
}

export type Direction = 'ingress' | 'egress';
type Each<T> = Readonly<Record<IpVersion, Readonly<Record<Direction, T>>>>;

/** The rules of one group as text; the same object for all ports, as long as nothing of it changed. */
export interface GroupLines {
  /** Texts, each once. Where only others changed this is the same array as before. */
  readonly bodies: Each<readonly string[]>;
  readonly lines: Each<readonly RuleLine[]>;
  /** Some line is about one address only. */
  readonly hasAddresses: boolean;
  /** Groups and address groups that some rule refers to, by IP version. */
  readonly remotes: Readonly<Record<IpVersion, ReadonlySet<string>>>;
  /** Rules that open nothing, with the reason. */
  readonly unusable: readonly { readonly rule: WireRule; readonly reason: string }[];
  /** null where there are no rules that could tell. */
  readonly stateful: boolean | null;
}

export interface GroupLinesOptions {
  readonly protocols: Protocols;
  /** Without them each address of a remote group is a rule. */
  readonly sets: boolean;
}

/** Makes lines of rules once per list of rules and state of the addresses they refer to. */
export class GroupLineCache {
  readonly #options: GroupLinesOptions;
  readonly #cache = new Map<string, Cached>();

  constructor(options: GroupLinesOptions) {
    this.#options = options;
  }

  get(id: string, rules: readonly WireRule[], members: FirewallState['members']): GroupLines {
    const cached = this.#cache.get(id);
    const remotes = cached?.rules === rules ? cached.remotes : remotesOf(rules);
    // With sets it only matters whether there is anybody: a rule for nobody is left out.
    const about = remotes.map((remote) => (this.#options.sets ? versionsOf(members.get(remote)) : members.get(remote)));
    if (cached?.rules === rules && about.every((one, index) => one === cached.members[index])) return cached.lines;
    const lines = groupLines(rules, members, this.#options, cached?.lines);
    this.#cache.set(id, { rules, remotes, members: about, lines });
    return lines;
  }

  /** Forgets groups that no port has. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#cache.keys()) if (!ids.has(id)) this.#cache.delete(id);
  }
}

interface Cached {
  readonly rules: readonly WireRule[];
  readonly remotes: readonly string[];
  readonly members: readonly unknown[];
  readonly lines: GroupLines;
}

function remotesOf(rules: readonly WireRule[]): string[] {
  return [...new Set(rules.flatMap((rule) => rule.remote_group_id ?? rule.remote_address_group_id ?? []))];
}

/** @param before of the same group, for what did not change */
export function groupLines(
  rules: readonly WireRule[],
  members: FirewallState['members'],
  { protocols, sets }: GroupLinesOptions,
  before: GroupLines | undefined = undefined,
): GroupLines {
  const lines = {
    4: { ingress: [] as RuleLine[], egress: [] as RuleLine[] },
    6: { ingress: [] as RuleLine[], egress: [] as RuleLine[] },
  };
  const remotes = { 4: new Set<string>(), 6: new Set<string>() };
  const unusable: { rule: WireRule; reason: string }[] = [];
  let hasAddresses = false;
  for (const rule of rules) {
    const terms = readRule(rule);
    if (typeof terms === 'string') {
      unusable.push({ rule, reason: terms });
      continue;
    }
    const { version, direction, remote } = terms;
    const into = lines[version][direction];
    if (remote === null) into.push({ body: ruleText(terms, protocols), rule, terms, remote: null });
    else {
      remotes[version].add(remote);
      const addresses = members.get(remote)?.[`IPv${version}`] ?? [];
      if (sets && addresses.length > 0) {
        into.push({ body: ruleText(terms, protocols, { set: setName(remote, version) }), rule, terms, remote: null });
      } else if (!sets) {
        for (const [address] of addresses) {
          const block = parseBlock(address);
          if (block?.version !== version) continue;
          hasAddresses = true;
          into.push({ body: ruleText(terms, protocols, { remote: block }), rule, terms, remote: kernelCidr(block) });
        }
      }
    }
  }
  const bodies = (version: IpVersion, direction: Direction) => {
    const texts = [...new Set(lines[version][direction].map(({ body }) => body))];
    const old = before?.bodies[version][direction];
    return old && isSame(old, texts) ? old : texts;
  };
  const both = (version: IpVersion) => ({ ingress: bodies(version, 'ingress'), egress: bodies(version, 'egress') });
  return {
    bodies: { 4: both(4), 6: both(6) },
    hasAddresses,
    lines,
    remotes,
    unusable,
    stateful: rules.length > 0 ? rules[0]!.stateful !== false : null,
  };
}

/** Of which versions there are addresses, as one comparable value. */
function versionsOf(members: Members | undefined): number {
  return (members?.IPv4?.length ? 4 : 0) + (members?.IPv6?.length ? 6 : 0);
}
