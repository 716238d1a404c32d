import type { IpVersion } from '../../lib/ip/address.ts';
import { kernelCidr, parseBlock } from '../../lib/ip/kernel-text.ts';
import { routerDeviceName } from '../../lib/names.ts';
import type { WireMeteredRouter, WireMeteringRule } from '../../rpc/contract.ts';

/** Packets and bytes. */
export interface Counted {
  readonly packets: number;
  readonly bytes: number;
}

/** What the filter table of a namespace has of ours, with what its rules counted. */
export interface SavedMeters {
  /** Bodies of the rules, by chain. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** By chain of a label. */
  readonly counters: ReadonlyMap<string, Counted>;
  readonly isEntered: boolean;
}

const PREFIX = 'neutron-meter-';
const TOP = `${PREFIX}FORWARD`;
/** What the kernel takes for a chain's name. */
const LONGEST = 28;

/** Upstream's name of the chain in which a label's traffic is counted. */
export function labelChain(id: string): string {
  return `${PREFIX}l-${id}`.slice(0, LONGEST);
}

function rulesChain(id: string): string {
  return `${PREFIX}r-${id}`.slice(0, LONGEST);
}

/**
 * The chains that count the labels of a router (upstream: services/metering/drivers/iptables/iptables_driver.py): what a
 * rule excludes leaves first, what another includes passes the label's chain, which has one rule that does nothing but count.
 */
export function metersOf(router: WireMeteredRouter, family: IpVersion): Map<string, string[]> {
  const chains = new Map<string, string[]>();
  if (router.gw_port_id === null) return chains;
  const gateway = routerDeviceName('gateway', router.gw_port_id);
  const top: string[] = [];
  for (const { id, rules = [] } of router._metering_labels) {
    const [label, own] = [labelChain(id), rulesChain(id)];
    const matches = rules.flatMap((rule) => {
      const match = matchOf(rule, gateway, family);
      return match === null ? [] : [{ match, excluded: rule.excluded }];
    });
    const excluded = matches.filter((one) => one.excluded).map(({ match }) => `${match} -j RETURN`);
    const included = matches.filter((one) => !one.excluded).map(({ match }) => `${match} -j ${label}`);
    top.push(`-j ${own}`);
    chains.set(own, [...excluded, ...included]).set(label, ['']);
  }
  return top.length === 0 ? chains : chains.set(TOP, top);
}

/** In the order in which iptables-save prints it; null where the rule is of the other family, or of none. */
function matchOf(rule: WireMeteringRule, gateway: string, family: IpVersion): string | null {
  const isEgress = rule.direction === 'egress';
  // The older attribute says the side of the guests, whatever its name says.
  const source = rule.remote_ip_prefix ? (isEgress ? rule.remote_ip_prefix : null) : rule.source_ip_prefix;
  const destination = rule.remote_ip_prefix ? (isEgress ? null : rule.remote_ip_prefix) : rule.destination_ip_prefix;
  const words: string[] = [];
  for (const [flag, text] of [
    ['-s', source],
    ['-d', destination],
  ] as const) {
    if (!text) continue;
    const block = parseBlock(text);
    if (block?.version !== family) return null;
    if (block.prefix > 0) words.push(`${flag} ${kernelCidr(block)}`);
  }
  return [...words, `${isEgress ? '-o' : '-i'} ${gateway}`].join(' ');
}

/** Reads what `iptables-save -c -t filter` prints. */
export function parseMeters(text: string): SavedMeters {
  const chains = new Map<string, string[]>();
  const counters = new Map<string, Counted>();
  let isEntered = false;
  for (const line of text.split('\n')) {
    const declared = /^:(\S+) /.exec(line)?.[1];
    if (declared?.startsWith(PREFIX)) chains.set(declared, []);
    const [, packets, bytes, chain = '', body = ''] = /^\[(\d+):(\d+)\] -A (\S+) ?(.*?) *$/.exec(line) ?? [];
    if (chain === 'FORWARD' && body === `-j ${TOP}`) isEntered = true;
    if (!chain.startsWith(PREFIX)) continue;
    chains.get(chain)?.push(body);
    if (chain.startsWith(`${PREFIX}l-`)) counters.set(chain, { packets: Number(packets), bytes: Number(bytes) });
  }
  return { chains, counters, isEntered };
}

/**
 * The text for `iptables-restore --noflush`; empty where all is well. A chain that stays as it is keeps what it counted.
 */
export function planMeters(wanted: ReadonlyMap<string, readonly string[]>, seen: SavedMeters): string {
  const differs = (chain: string) => seen.chains.get(chain)?.join('\n') !== wanted.get(chain)?.join('\n');
  // An empty chain and none are two things.
  const changed = [...wanted.keys()].filter((chain) => !seen.chains.has(chain) || differs(chain));
  const stale = [...seen.chains.keys()].filter((chain) => !wanted.has(chain));
  const lines = [
    ...changed.map((chain) => `:${chain} - [0:0]`),
    ...changed.flatMap((chain) => wanted.get(chain)!.map((body) => `-A ${chain} ${body}`.trimEnd())),
    ...(wanted.size > 0 && !seen.isEntered ? [`-I FORWARD 1 -j ${TOP}`] : []),
    ...(wanted.size === 0 && seen.isEntered ? [`-D FORWARD -j ${TOP}`] : []),
    ...stale.map((chain) => `-F ${chain}`),
    ...stale.map((chain) => `-X ${chain}`),
  ];
  return lines.length === 0 ? '' : `*filter\n${lines.join('\n')}\nCOMMIT\n`;
}
