import type { IpVersion } from '../../../lib/ip/address.ts';
import { kernelCidr, parseBlock } from '../../../lib/ip/kernel-text.ts';
import type { WireRule } from '../../../rpc/contract.ts';
import type { FirewallState, Members } from '../contract.ts';
import { setName } from './names.ts';
import type { Protocols } from './protocols.ts';
import { type RuleTerms, readRule, ruleText } from './rule-text.ts';

/** One line of a port's chain, with the rule it is made of. */
export interface RuleLine {
  readonly body: string;
  readonly rule: WireRule;
  readonly terms: RuleTerms;
  /** Without sets: the one address it is about. A port needs no rule for its own. */
  readonly remote: string | null;
}

/** The rules of one group as text; the same object for all ports, as long as nothing of it changed. */
export interface GroupLines {
  readonly lines: Readonly<Record<IpVersion, Readonly<Record<'ingress' | 'egress', readonly RuleLine[]>>>>;
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
  readonly #cache = new WeakMap<readonly WireRule[], { members: readonly unknown[]; lines: GroupLines }>();
  readonly #remotes = new WeakMap<readonly WireRule[], readonly string[]>();

  constructor(options: GroupLinesOptions) {
    this.#options = options;
  }

  get(rules: readonly WireRule[], members: FirewallState['members']): GroupLines {
    let remotes = this.#remotes.get(rules);
    if (!remotes) {
      remotes = [...new Set(rules.flatMap((rule) => rule.remote_group_id ?? rule.remote_address_group_id ?? []))];
      this.#remotes.set(rules, remotes);
    }
    // With sets it only matters whether there is anybody: a rule for nobody is left out.
    const about = remotes.map((id) => (this.#options.sets ? versionsOf(members.get(id)) : members.get(id)));
    const cached = this.#cache.get(rules);
    if (cached && about.every((one, index) => one === cached.members[index])) return cached.lines;
    const lines = groupLines(rules, members, this.#options);
    this.#cache.set(rules, { members: about, lines });
    return lines;
  }
}

export function groupLines(
  rules: readonly WireRule[],
  members: FirewallState['members'],
  { protocols, sets }: GroupLinesOptions,
): GroupLines {
  const lines = {
    4: { ingress: [] as RuleLine[], egress: [] as RuleLine[] },
    6: { ingress: [] as RuleLine[], egress: [] as RuleLine[] },
  };
  const remotes = { 4: new Set<string>(), 6: new Set<string>() };
  const unusable: { rule: WireRule; reason: string }[] = [];
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
          into.push({ body: ruleText(terms, protocols, { remote: block }), rule, terms, remote: kernelCidr(block) });
        }
      }
    }
  }
  return { lines, remotes, unusable, stateful: rules.length > 0 ? rules[0]!.stateful !== false : null };
}

/** Of which versions there are addresses, as one comparable value. */
function versionsOf(members: Members | undefined): number {
  return (members?.IPv4?.length ? 4 : 0) + (members?.IPv6?.length ? 6 : 0);
}
