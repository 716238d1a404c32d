import type { Logger } from '../../lib/log.ts';
import type { Host } from '../../linux/contract.ts';
import { PacketFilter } from '../../linux/packet-filter.ts';
import type { FirewallDriver } from '../firewall/contract.ts';
import { makeFirewallDriver } from '../firewall/registry.ts';
import { SpoofGuard } from '../firewall/spoofing/spoof-guard.ts';
import { stopPointFromEnvironment } from '../stop-point.ts';
import { type BridgeAgentOptions, etherType } from './options.ts';

export interface FilterParts {
  options: Pick<BridgeAgentOptions, 'securityGroup' | 'agent'>;
  linux: Host;
  logger: Logger;
  /** Folders of the locks that agents of this host share: `[oslo_concurrency] lock_path`, and that of all instances. */
  lockPaths: readonly string[];
}

/**
 * What filters on this host: the firewall of `firewall_driver`, and the guard against spoofed frames, which is there
 * whatever the firewall (as upstream has it).
 *
 * @throws CannotStart when there is no such driver
 */
export async function hostFilters({ options, linux, logger, lockPaths }: FilterParts): Promise<FirewallDriver[]> {
  const { enable_security_group, enable_ipset, firewall_driver, permitted_ethertypes } = options.securityGroup;
  const filters = { 4: new PacketFilter(linux.exec, 'iptables'), 6: new PacketFilter(linux.exec, 'ip6tables') };
  const firewall = await makeFirewallDriver(enable_security_group ? firewall_driver : 'noop', {
    exec: linux.exec,
    filters,
    logger,
    lockPaths,
    sets: enable_ipset,
    comments: options.agent.comment_iptables_rules,
    stopPoint: stopPointFromEnvironment(process.env),
  });
  const permittedTypes = permitted_ethertypes.map(etherType).filter((type) => type !== null);
  const savedPackets = () => filters[6].firstPicture;
  return [firewall, new SpoofGuard({ host: linux, logger, lockPaths, permittedTypes, savedPackets })];
}
