import { readFileSync } from 'node:fs';
import { bridgeName } from '../lib/names.ts';
import type { Host } from '../linux/contract.ts';
import { RuleTables } from '../linux/iptables.ts';
import { readManifest, writeManifest } from './manifest.ts';
import type { StateFolder } from './state-folder.ts';
import { withChain } from './uplink.ts';

export function forwardChain({ tag }: StateFolder): string {
  return `neutrino-${tag}-forward`;
}

/** What on this host may drop frames between guests, in words; null when nothing does. */
export function whoDropsForwarded(savedFilter: string, tool: 'iptables' | 'ip6tables' = 'iptables'): string | null {
  const lines = savedFilter.split('\n');
  const drops = lines.some((line) => /^(:FORWARD DROP|-P FORWARD DROP)\b/.test(line));
  const rules = lines.filter((line) => line.startsWith('-A FORWARD ') && !/ -j neutr(ino|on)-/.test(line));
  const makers = [
    { name: 'Docker', sign: /-j DOCKER/ },
    { name: 'ufw', sign: /-j ufw-/ },
    { name: 'firewalld', sign: /-j FWD_|-j FORWARD_(IN|OUT|direct)/ },
    { name: 'a REJECT or DROP rule', sign: /-j (REJECT|DROP)\b/ },
  ].filter(({ sign }) => rules.some((line) => sign.test(line)));
  if (!drops && makers.length === 0) return null;
  const who = makers.length ? ` (${makers.map(({ name }) => name).join(', ')})` : '';
  return drops
    ? `the policy of ${tool}' FORWARD chain is DROP${who}`
    : `${tool}' FORWARD chain has rules of its own${who}`;
}

/** Tables of iptables-legacy that the kernel has. */
export type LegacyTables = (tool: 'iptables' | 'ip6tables') => readonly string[];

const legacyTables: LegacyTables = (tool) => {
  try {
    return readFileSync(`/proc/net/${tool === 'iptables' ? 'ip' : 'ip6'}_tables_names`, 'utf8').split('\n');
  } catch {
    return [];
  }
};

/** Where rules of both kinds are, old ones beside those of nftables, both decide: each must accept. */
function forwardingTables(host: Host, legacy: LegacyTables): ForwardingTable[] {
  return (['iptables', 'ip6tables'] as const).flatMap((tool) => [
    { tool, rules: new RuleTables(host.exec, tool), agents: true },
    ...(legacy(tool).includes('filter')
      ? [{ tool, rules: new RuleTables(host.exec, tool, '-legacy'), agents: false }]
      : []),
  ]);
}

interface ForwardingTable {
  tool: 'iptables' | 'ip6tables';
  rules: RuleTables;
  /** Whether the bridge agent's firewall is in this one: it takes the host's own flavour. */
  agents: boolean;
}

/** Where guests' packets pass. */
export interface Passages {
  /** null: not known at the moment, so the rules stay as they are. */
  networkIds: readonly string[] | null;
  /** The host's end of our veth pair. */
  gateway: string | null;
  /**
   * The bridge agent filters: what comes from a tap or goes to one it accepts or drops itself, before this chain or
   * behind it, and here it must not be accepted past the agent's rules.
   */
  filtered: boolean;
}

/** The chain that the bridge agent's firewall has wherever it works; rules of Python's agent have the same. */
const AGENT_CHAIN = ':neutron-linuxbri-FORWARD ';

/**
 * Where the host's firewall would drop what guests send: lets through what goes from a bridge of ours to itself (frames,
 * where bridges are filtered), and from and to our gateway; in a chain of our own, nothing else. Where the bridge agent
 * filters, frames of guests are its matter in the table it works in; each of two kinds of tables must accept, so in the
 * other kind all frames pass.
 *
 * @returns what was found, in words; null when the host lets packets pass and nothing was done
 */
export async function ensureForwarding(
  host: Host,
  state: StateFolder,
  passages: Passages,
  legacy: LegacyTables = legacyTables,
): Promise<string | null> {
  const tables = forwardingTables(host, legacy);
  let found: string | null = null;
  const filtering = new Set<RuleTables>();
  for (const { tool, rules, agents } of tables) {
    // A host without IPv6 filters none of it.
    const saved = tool === 'iptables' ? await rules.save('filter') : await rules.save('filter').catch(() => '');
    found ??= whoDropsForwarded(saved, tool);
    // Both names may mean the same table, so the old one is looked at too.
    if (passages.filtered && (agents || saved.includes(AGENT_CHAIN))) filtering.add(rules);
  }
  const name = forwardChain(state);
  const manifest = readManifest(state);
  const ours = manifest.chains.some((chain) => chain.name === name);
  if (found === null && !ours) return null;
  if (passages.networkIds === null && ours) return found;
  writeManifest(state, { ...manifest, chains: withChain(manifest.chains, { table: 'filter', name }) });
  const jumps = [{ from: 'FORWARD', chain: name }];
  for (const { tool, rules } of tables) {
    const filtered = filtering.has(rules);
    const gateway = tool === 'iptables' ? passages.gateway : null;
    const chains = [{ name, rules: acceptRules({ ...passages, gateway, filtered }) }];
    const done = rules.ensure({ table: 'filter', chains, jumps });
    await (tool === 'iptables' ? done : done.catch(() => {}));
  }
  return found;
}

export async function removeForwarding(
  host: Host,
  state: StateFolder,
  legacy: LegacyTables = legacyTables,
): Promise<void> {
  const manifest = readManifest(state);
  const names = manifest.chains.filter(({ table }) => table === 'filter').map(({ name }) => name);
  if (names.length === 0) return;
  for (const { tool, rules } of forwardingTables(host, legacy)) {
    if (tool === 'iptables') await rules.remove('filter', names);
    else await rules.remove('filter', names).catch(() => {});
  }
  writeManifest(state, { ...readManifest(state), chains: manifest.chains.filter(({ table }) => table !== 'filter') });
}

const NO_TAP = ['-m', 'physdev', '!', '--physdev-in', 'tap+', '!', '--physdev-out', 'tap+', '--physdev-is-bridged'];

export function acceptRules({ networkIds, gateway, filtered }: Passages): string[][] {
  const bridges = (networkIds ?? []).map(bridgeName).sort();
  return [
    ...bridges.map((name) => ['-i', name, '-o', name, ...(filtered ? NO_TAP : []), '-j', 'ACCEPT']),
    ...(gateway === null
      ? []
      : [
          ['-i', gateway, '-j', 'ACCEPT'],
          ['-o', gateway, '-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED', '-j', 'ACCEPT'],
        ]),
  ];
}
