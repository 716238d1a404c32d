import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { IpVersion } from '../../lib/ip/address.ts';
import type { Logger } from '../../lib/log.ts';
import type { Exec } from '../../linux/contract.ts';
import type { PacketFilter } from '../../linux/packet-filter.ts';
import { CannotStart } from '../bridge/cannot-start.ts';
import type { FirewallDriver } from './contract.ts';
import { IptablesFirewall } from './iptables/driver.ts';
import type { StopPoint } from './iptables/stop-point.ts';
import { NoopFirewall } from './noop.ts';

/** What a driver is given. */
export interface FirewallSetup {
  readonly exec: Exec;
  /** Through which the built-in driver reads and writes tables of packets. */
  readonly filters?: Readonly<Record<IpVersion, PacketFilter>>;
  readonly logger: Logger;
  readonly lockPaths: readonly string[];
  /** `[securitygroup] enable_ipset` */
  readonly sets: boolean;
  /** `[agent] comment_iptables_rules` */
  readonly comments: boolean;
  readonly stopPoint?: StopPoint;
}

type Make = (setup: FirewallSetup) => FirewallDriver;

/** Version of `contract.ts` that an outside module must name. */
export const firewallContractVersion = 1;

const drivers: Readonly<Record<string, Make>> = {
  iptables: (setup) => new IptablesFirewall(setup),
  noop: (setup) => new NoopFirewall(setup),
};

/** Upstream's class paths, of today and of old files; what was empty or not set there filters nothing. */
const otherNames: Readonly<Record<string, string>> = {
  '': 'noop',
  'neutron.agent.firewall.NoopFirewallDriver': 'noop',
  'neutron.agent.firewall:NoopFirewallDriver': 'noop',
  'neutron.agent.linux.iptables_firewall.IptablesFirewallDriver': 'iptables',
  'neutron.agent.linux.iptables_firewall:IptablesFirewallDriver': 'iptables',
};

/** Upstream's for Open vSwitch: accepted there by any agent, and then of no effect. */
const ofOtherAgents = /(^|[.:])(iptables_hybrid|openvswitch|OVSHybridIptablesFirewallDriver|OVSFirewallDriver)$/;

/**
 * The driver of a name, a class path of upstream's, or the path of a module.
 *
 * @throws CannotStart
 */
export async function makeFirewallDriver(name: string | null, setup: FirewallSetup): Promise<FirewallDriver> {
  const wanted = (name ?? '').trim();
  const key = Object.hasOwn(otherNames, wanted) ? (otherNames[wanted] as string) : wanted;
  if (Object.hasOwn(drivers, key)) return (drivers[key] as Make)(setup);
  if (wanted.includes('/') || /\.(js|mjs|ts)$/.test(wanted)) return await loadOutside(wanted, setup);
  const why = ofOtherAgents.test(wanted) ? 'is for the Open vSwitch agent' : 'is not supported';
  throw new CannotStart(
    'securitygroup',
    'firewall_driver',
    `'${wanted}' ${why}; there are ${Object.keys(drivers).join(', ')}, or a module's path`,
  );
}

async function loadOutside(path: string, setup: FirewallSetup): Promise<FirewallDriver> {
  const refuse = (reason: string) => new CannotStart('securitygroup', 'firewall_driver', `${path}: ${reason}`);
  let module: Record<string, unknown>;
  try {
    module = await import(pathToFileURL(isAbsolute(path) ? path : resolve(path)).href);
  } catch (error) {
    throw refuse(`cannot be loaded: ${(error as Error).message.split('\n')[0]}`);
  }
  if (module.contractVersion !== firewallContractVersion) {
    throw refuse(
      `is made for contract version ${String(module.contractVersion)}; this agent has ${firewallContractVersion}`,
    );
  }
  const factory = module.createFirewallDriver;
  if (typeof factory !== 'function') throw refuse('does not export createFirewallDriver');
  return (factory as Make)(setup);
}
