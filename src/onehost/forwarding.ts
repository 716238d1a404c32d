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

/** A device that guests' packets pass. */
export interface Passages {
  /** null: not known at the moment, so the rules stay as they are. */
  networkIds: readonly string[] | null;
  /** The host's end of our veth pair. */
  gateway: string | null;
}

/**
 * Where the host's firewall would drop what guests send: lets through what goes from a bridge of ours to itself (frames,
 * where bridges are filtered), and from and to our gateway; in a chain of our own, nothing else.
 *
 * @returns what was found, in words; null when the host lets packets pass and nothing was done
 */
export async function ensureForwarding(host: Host, state: StateFolder, passages: Passages): Promise<string | null> {
  const iptables = new RuleTables(host.exec, 'iptables');
  const ip6tables = new RuleTables(host.exec, 'ip6tables');
  // A host without IPv6 filters none of it.
  const saved6 = await ip6tables.save('filter').catch(() => '');
  const found = whoDropsForwarded(await iptables.save('filter')) ?? whoDropsForwarded(saved6, 'ip6tables');
  const name = forwardChain(state);
  const manifest = readManifest(state);
  const ours = manifest.chains.some((chain) => chain.name === name);
  if (found === null && !ours) return null;
  if (passages.networkIds === null && ours) return found;
  writeManifest(state, { ...manifest, chains: withChain(manifest.chains, { table: 'filter', name }) });
  const chains = [{ name, rules: acceptRules(passages) }];
  const jumps = [{ from: 'FORWARD', chain: name }];
  await iptables.ensure({ table: 'filter', chains, jumps });
  const bridges = [{ name, rules: acceptRules({ ...passages, gateway: null }) }];
  await ip6tables.ensure({ table: 'filter', chains: bridges, jumps }).catch(() => {});
  return found;
}

export async function removeForwarding(host: Host, state: StateFolder): Promise<void> {
  const manifest = readManifest(state);
  const names = manifest.chains.filter(({ table }) => table === 'filter').map(({ name }) => name);
  if (names.length === 0) return;
  await new RuleTables(host.exec, 'iptables').remove('filter', names);
  await new RuleTables(host.exec, 'ip6tables').remove('filter', names).catch(() => {});
  writeManifest(state, { ...readManifest(state), chains: manifest.chains.filter(({ table }) => table !== 'filter') });
}

export function acceptRules({ networkIds, gateway }: Passages): string[][] {
  const bridges = (networkIds ?? []).map(bridgeName).sort();
  return [
    ...bridges.map((name) => ['-i', name, '-o', name, '-j', 'ACCEPT']),
    ...(gateway === null
      ? []
      : [
          ['-i', gateway, '-j', 'ACCEPT'],
          ['-o', gateway, '-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED', '-j', 'ACCEPT'],
        ]),
  ];
}
