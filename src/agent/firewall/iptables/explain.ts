import type { IpVersion } from '../../../lib/ip/address.ts';
import type { ExplainStep, WireRule } from '../../../rpc/contract.ts';
import { type KernelSettings, unfilteredKeys } from '../bridge-filtering.ts';
import type { PortPlan } from './desired.ts';
import type { Direction } from './group-rules.ts';
import type { RuleCount, RuleCounts } from './kernel.ts';
import { PREFIX } from './names.ts';
import type { Unit } from './unit.ts';

const REMEDY = 'see the log of the bridge agent on this host; it mends its rules within a minute';

/** What the kernel has of one port. */
export interface KernelRules {
  /** Undefined for nothing. */
  readonly have: Unit | undefined;
  readonly counts: RuleCounts;
}

/**
 * What a port's groups open and where that stands in the kernel, a step for each rule; before them what leads to its rules,
 * and from which addresses it may send.
 *
 * @param kernel what the kernel has of the port
 */
export function explainRules(plan: PortPlan, version: IpVersion, kernel: KernelRules): ExplainStep[] {
  const { port, units } = plan;
  const wanted = units[version];
  const tool = version === 4 ? 'iptables' : 'ip6tables';
  const entered = explainEntry(plan, version, kernel.have, tool);
  if (port.filter !== 'filtered') return [entered];
  return [
    entered,
    explainAddresses(plan, version, kernel, tool),
    ...(['ingress', 'egress'] as const).flatMap((direction) =>
      explainDirection(plan, version, direction, { ...kernel, wanted, tool }),
    ),
    ...plan.groups.flatMap(({ unusable }, index) =>
      unusable.flatMap(({ rule, reason }): ExplainStep[] =>
        rule.ethertype === `IPv${version}`
          ? [
              {
                step: 'rule',
                state: 'fault',
                expected: 'a rule',
                found: reason,
                cause: causeOf(rule, groupOf(plan, index)),
              },
            ]
          : [],
      ),
    ),
  ];
}

/** Whether packets of the tap are led to where its rules stand. */
function explainEntry(plan: PortPlan, version: IpVersion, have: Unit | undefined, tool: string): ExplainStep {
  const expected = {
    filtered: `IPv${version} packets pass as its groups say`,
    open: `all IPv${version} packets pass: port security is off, or its owner is trusted`,
    closed: 'nothing passes until its rules are known',
  }[plan.port.filter];
  const step = {
    step: 'filter',
    expected,
    cause: `port ${plan.port.portId}`,
    check: `${tool}-save | grep ${plan.port.tap}`,
  };
  const missing = plan.units[version].lines.find(
    ({ table, chain, body }) =>
      !have?.lines.some((one) => one.table === table && one.chain === chain && one.body === body),
  );
  if (!missing) return { ...step, state: plan.port.filter === 'closed' ? 'waiting' : 'ok', found: 'in force' };
  const found = `not in ${missing.chain} of table ${missing.table}: ${missing.body}`;
  return { ...step, state: 'fault', found, remedy: REMEDY };
}

function explainAddresses(plan: PortPlan, version: IpVersion, kernel: KernelRules, tool: string): ExplainStep {
  const { portId, fixedIps, addressPairs, mac } = plan.port;
  const own = [...fixedIps, ...addressPairs.map((pair) => pair.ip_address)].filter(
    (ip) => ip.includes(':') === (version === 6),
  );
  const only = own.length > 0 ? own.join(', ') : fixedIps.length === 0 ? `MAC ${mac}` : 'its link-local address';
  const expected =
    version === 4 && only.startsWith('its') ? 'no IPv4 packets' : `IPv${version} packets from ${only} only`;
  const cause = [`port ${portId}`, ...addressPairs.map((pair) => `pair ${pair.ip_address}`)].join(', ');
  return chainStep({ step: 'own_addresses', expected, cause }, 's', plan, version, kernel, tool);
}

function chainStep(
  words: Pick<ExplainStep, 'step' | 'expected' | 'cause'>,
  kind: string,
  plan: PortPlan,
  version: IpVersion,
  { have, counts }: KernelRules,
  tool: string,
): ExplainStep {
  const [chain, bodies] = chainOf(plan.units[version], kind);
  const step = { ...words, check: `${tool} -S ${chain}`, ...dropped(counts.get(chain), bodies.at(-1)) };
  const there = have?.chains.get(chain);
  if (!there) return { ...step, state: 'fault', found: `no chain ${chain}`, remedy: REMEDY };
  const missing = bodies.find((body) => !there.includes(body));
  const more = there.find((body) => !bodies.includes(body));
  if (missing !== undefined) return { ...step, state: 'fault', found: `not there: ${missing}`, remedy: REMEDY };
  if (more !== undefined) return { ...step, state: 'fault', found: `of somebody else: ${more}`, remedy: REMEDY };
  return { ...step, state: 'ok', found: 'in force' };
}

function explainDirection(
  plan: PortPlan,
  version: IpVersion,
  direction: Direction,
  { wanted, have, counts, tool }: KernelRules & { wanted: Unit; tool: string },
): ExplainStep[] {
  const kind = direction === 'ingress' ? 'i' : 'o';
  const [chain, bodies] = chainOf(wanted, kind);
  const there = have?.chains.get(chain) ?? [];
  const byRule = new Map<WireRule, { texts: string[]; cause: string }>();
  plan.groups.forEach(({ lines }, index) => {
    for (const { rule, body } of lines[version][direction]) {
      if (!bodies.includes(body)) continue;
      const before = byRule.get(rule);
      if (before) before.texts.push(body);
      else byRule.set(rule, { texts: [body], cause: causeOf(rule, groupOf(plan, index)) });
    }
  });
  const rules = [...byRule.values()].map(({ texts, cause }): ExplainStep => {
    const missing = texts.filter((body) => !there.includes(body));
    const expected = `${direction} IPv${version}: ${texts.length === 1 ? texts[0] : `${texts.length} addresses: ${texts[0]} …`}`;
    const step = { step: 'rule', expected, cause, check: `${tool} -S ${chain}`, ...taken(counts.get(chain), texts) };
    return missing.length === 0
      ? { ...step, state: 'ok', found: 'in force' }
      : { ...step, state: 'fault', found: `not in ${chain}: ${missing[0]}`, remedy: REMEDY };
  });
  const words = {
    step: 'chain',
    expected: `${direction} IPv${version}: these rules, and no others`,
    cause: `port ${plan.port.portId}`,
  };
  return [...rules, chainStep(words, kind, plan, version, { have, counts }, tool)];
}

type Counted = Pick<ExplainStep, 'counters'>;

/** What the lines of a rule took together; nothing where none of them was counted. */
function taken(counts: ReadonlyMap<string, RuleCount> | undefined, texts: readonly string[]): Counted {
  const found = texts.flatMap((text) => counts?.get(text) ?? []);
  if (found.length === 0) return {};
  const sum = (of: (count: RuleCount) => number) => found.reduce((total, count) => total + of(count), 0);
  return { counters: { packets: sum(({ packets }) => packets), bytes: sum(({ bytes }) => bytes) } };
}

/** The last line of each chain of a port takes what none before it wanted. */
function dropped(counts: ReadonlyMap<string, RuleCount> | undefined, last: string | undefined): Counted {
  const count = last === undefined ? undefined : counts?.get(last);
  return count ? { counters: { dropped_packets: count.packets, dropped_bytes: count.bytes } } : {};
}

function chainOf(unit: Unit, kind: string): [string, readonly string[]] {
  return [...unit.chains].find(([name]) => name.startsWith(`${PREFIX}${kind}`)) ?? [`${PREFIX}${kind}`, []];
}

/** null for the server's own rules, which come first. */
function groupOf({ port }: PortPlan, index: number): string | null {
  return index === 0 ? null : (port.groups[index - 1] ?? null);
}

function causeOf({ id, remote_group_id, remote_address_group_id }: WireRule, group: string | null): string {
  const parts = [
    group === null ? 'the server (DHCP, router advertisements)' : id ? `rule ${id}` : 'a rule',
    group === null ? '' : `of group ${group}`,
    remote_group_id ? `remote group ${remote_group_id}` : '',
    remote_address_group_id ? `remote address group ${remote_address_group_id}` : '',
  ];
  return parts.filter(Boolean).join(', ');
}

/** Whether the kernel shows iptables what goes through bridges: else no rule is asked. */
export async function explainFiltering(settings: KernelSettings | undefined): Promise<ExplainStep> {
  const off = await unfilteredKeys(settings);
  const expected = 'the kernel shows iptables the packets of bridges (br_netfilter)';
  const step = { step: 'bridge_filtering', expected, check: 'sysctl net.bridge' };
  if (off.length === 0) return { ...step, state: 'ok', found: 'in force' };
  return { ...step, state: 'fault', found: `not 1: ${off.join(', ')}`, remedy: `sysctl -w ${off[0]}=1` };
}

/** Whether a group's addresses are all in its set, and no others. */
export function explainSet(
  { name, id, version }: { name: string; id: string; version: IpVersion },
  wanted: ReadonlySet<string>,
  entries: ReadonlySet<string> | null,
): ExplainStep {
  const expected = `${wanted.size} IPv${version} ${wanted.size === 1 ? 'address' : 'addresses'} of the group`;
  const step = { step: 'address_set', expected, cause: `group ${id}`, check: `ipset list ${name}` };
  if (entries === null) return { ...step, state: 'fault', found: `no set ${name}`, remedy: REMEDY };
  const missing = [...wanted].filter((entry) => !entries.has(entry));
  const more = [...entries].filter((entry) => !wanted.has(entry));
  if (missing.length + more.length === 0) return { ...step, state: 'ok', found: 'in force' };
  const words = [
    ...(missing.length > 0 ? [`${missing.length} missing (${missing[0]} …)`] : []),
    ...(more.length > 0 ? [`${more.length} of nobody (${more[0]} …)`] : []),
  ];
  return { ...step, state: 'fault', found: words.join(', '), remedy: REMEDY };
}
