import type { IpVersion } from '../../lib/ip/address.ts';
import type { RouterTable } from './contract.ts';

/** Neutron names chains after the program, cut to sixteen characters. */
const PREFIX = 'neutron-l3-agent-';
/** Shared by upstream's agents; in a router's namespace there is only this one. */
export const FILTER_TOP = 'neutron-filter-top';
export const POSTROUTING_BOTTOM = 'neutron-postrouting-bottom';

/** In the order in which a packet meets them, and a restore changes them. */
export const routerTables = ['raw', 'mangle', 'nat', 'filter'] as const satisfies readonly RouterTable[];

/** Chains of the kernel that lead to ours. */
export const builtIn: Readonly<Record<RouterTable, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
};

/** `snat` → `neutron-l3-agent-snat` */
export function chainName(name: string): string {
  return name.startsWith('neutron-') ? name : `${PREFIX}${name}`;
}

/** Whether a chain is one that Neutron's agents make. */
export function isOurs(chain: string): boolean {
  return chain.startsWith(PREFIX) || chain === FILTER_TOP || chain === POSTROUTING_BOTTOM;
}

/** Whether agents of other kinds have rules in it, too. */
export function isShared(chain: string): boolean {
  return chain === FILTER_TOP || chain === POSTROUTING_BOTTOM;
}

/** Those rules of a shared chain, or of one of the kernel's, that are this agent's. */
export function sharedRules(chain: string, bodies: readonly string[]): string[] {
  return bodies.filter((body) => {
    const target = body.slice(body.lastIndexOf(' ') + 1);
    return target.startsWith(PREFIX) || (!isShared(chain) && isShared(target));
  });
}

/** Jumps from the kernel's chains, in their order: they stand before all rules of others. */
export function jumpsFrom(table: RouterTable, chain: string): string[] {
  const jumps = [`-j ${chainName(chain)}`];
  if (table === 'filter' && chain !== 'INPUT') jumps.unshift(`-j ${FILTER_TOP}`);
  if (table === 'nat' && chain === 'POSTROUTING') jumps.push(`-j ${POSTROUTING_BOTTOM}`);
  return jumps;
}

/** Chains that every router has, with the rules that lead from one to another. */
export const commonChains: Readonly<Record<RouterTable, Readonly<Record<string, readonly string[]>>>> = {
  raw: {},
  mangle: { mark: [], scope: [], floatingip: [], 'float-snat': [] },
  nat: {
    snat: [],
    'float-snat': [],
    [POSTROUTING_BOTTOM]: ['-m comment --comment "Perform source NAT on outgoing traffic." -j $snat'],
  },
  filter: { local: [], scope: [], [FILTER_TOP]: ['-j $local'] },
};

/** Chains that IPv6 has none of: it has no floating addresses. */
export function isOfFamily(family: IpVersion, table: RouterTable, chain: string): boolean {
  if (family === 4) return true;
  return table === 'nat'
    ? chain === POSTROUTING_BOTTOM || chain === 'snat'
    : !['floatingip', 'float-snat', 'mark'].includes(chain);
}
