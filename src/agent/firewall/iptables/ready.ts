import type { IpVersion } from '../../../lib/ip/address.ts';
import type { Logger } from '../../../lib/log.ts';
import type { Exec } from '../../../linux/contract.ts';
import { PacketFilter } from '../../../linux/packet-filter.ts';
import { CannotStart } from '../../bridge/cannot-start.ts';
import type { KernelSettings } from '../bridge-filtering.ts';
import type { FirewallState } from '../contract.ts';
import { commented } from './comments.ts';
import { type CommonRules, commonRules } from './common-rules.ts';
import { DesiredRules } from './desired.ts';
import { FlowKeeper } from './flow-keeper.ts';
import { GroupLineCache } from './group-rules.ts';
import { RulesInForce } from './in-force.ts';
import { type Protocols, readProtocols } from './protocols.ts';
import { SetsInForce } from './sets-in-force.ts';
import type { StopPoint } from './stop-point.ts';
import { chainKeyOf, zonesOf } from './survey.ts';
import { tables } from './unit.ts';
import { Zones } from './zones.ts';

export interface IptablesFirewallOptions {
  readonly exec: Exec;
  /** Through which tables are read and written, where others want to see what is found at the start. */
  readonly filters?: Readonly<Record<IpVersion, PacketFilter>>;
  readonly logger?: Logger;
  /** Folders of the locks that agents of this host share. */
  readonly lockPaths?: readonly string[];
  /** `[securitygroup] enable_ipset` */
  readonly sets?: boolean;
  /** `[agent] comment_iptables_rules` */
  readonly comments?: boolean;
  /** One for certain, instead of the host's own. */
  readonly flavour?: '-nft' | '-legacy' | null;
  readonly stopPoint?: StopPoint;
  readonly settings?: KernelSettings;
  /** Milliseconds that only grow; a seam for tests. */
  readonly now?: () => number;
}

/** What there is once the host was looked at. */
export interface Ready {
  readonly families: readonly RulesInForce[];
  readonly base: CommonRules;
  readonly protocols: Protocols;
  readonly zones: Zones;
  readonly sets: SetsInForce | null;
  readonly flows: FlowKeeper;
  readonly desired: DesiredRules;
}

/** @param filters in place of new ones @throws CannotStart where a program or table is missing */
export async function makeReady(
  { exec, flavour, sets, comments, settings }: IptablesFirewallOptions,
  filters?: IptablesFirewallOptions['filters'],
): Promise<Ready> {
  const protocols = await readProtocols();
  const spelling = { commented: commented(comments ?? true), protocols };
  const base = commonRules(spelling.commented);
  const zones = new Zones();
  const withSets = sets ?? true;
  const need = async (what: string, work: () => Promise<unknown>) => {
    await work().catch((error: Error) => {
      throw new CannotStart('securitygroup', 'firewall_driver', `${what}: ${error.message}`);
    });
  };
  const family = async (version: IpVersion) => {
    const filter =
      filters?.[version] ?? new PacketFilter(exec, version === 4 ? 'iptables' : 'ip6tables', flavour ?? null);
    await need(`IPv${version} cannot be filtered`, () => filter.open(tables));
    return new RulesInForce(version, filter, base, protocols);
  };
  const families = await Promise.all((await versionsOf(settings)).map(family));
  await need('connections cannot be ended', () => exec.run(['conntrack', '--version']));
  if (withSets) await need('enable_ipset: there can be no sets', () => exec.run(['ipset', 'list', '-n']));
  return {
    families,
    base,
    protocols,
    zones,
    sets: withSets ? new SetsInForce(exec) : null,
    flows: new FlowKeeper(exec),
    desired: new DesiredRules(spelling, new GroupLineCache({ protocols, sets: withSets }), zones),
  };
}

export function isKnown({ families, sets }: Ready): boolean {
  return families.every((rules) => rules.isKnown) && (sets?.isKnown ?? true);
}

/** Whether some bridge needs a zone: then it matters which ones others have. */
export function newBridge({ zones }: Ready, state: FirewallState): boolean {
  for (const { filter, bridge } of state.ports.values()) if (filter === 'filtered' && !zones.has(bridge)) return true;
  return false;
}

/** What cannot be seen now is looked at again with the rest. */
export async function lookAtSets({ sets }: Ready): Promise<void> {
  if (sets && !sets.isKnown) await sets.look().catch(() => {});
}

export async function look({ families, sets, zones }: Ready, state: FirewallState): Promise<void> {
  const [, ...saved] = await Promise.all([
    sets && !sets.isKnown ? sets.look() : null,
    ...families.map((rules) => (rules.isKnown ? null : rules.look(state.ports.keys()))),
  ]);
  const found = new Map<string, number>();
  for (const one of saved)
    if (one) for (const [bridge, zone] of zonesOf(one)) if (!found.has(bridge)) found.set(bridge, zone);
  if (saved.some((one) => one !== null)) zones.adopt(found);
}

/** A kernel without IPv6 has none to filter. */
async function versionsOf(settings: KernelSettings | undefined): Promise<IpVersion[]> {
  const read = settings ? settings.read : (await import('../../../linux/sysctl.ts')).readSysctl;
  const has6 = await read('net/ipv6/conf/all/disable_ipv6').then(
    () => true,
    () => false,
  );
  return has6 ? [4, 6] : [4];
}

export function chainKeys({ families }: Ready): Map<string, string> {
  const keys = new Map<string, string>();
  for (const { units } of families) {
    for (const [owner, unit] of units) {
      const key = keys.has(owner) ? null : chainKeyOf(unit);
      if (key !== null) keys.set(owner, key);
    }
  }
  return keys;
}
