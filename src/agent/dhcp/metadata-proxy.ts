import type { NetworkInfo } from '../../rpc/contract.ts';
import { allSubnets, isolatedSubnets } from './network.ts';
import type { DhcpOptions } from './options.ts';

export const METADATA_ADDRESS = '169.254.169.254';
export const METADATA_ADDRESS_V6 = 'fe80::a9fe:a9fe';

type MetadataSwitches = Pick<DhcpOptions, 'enable_isolated_metadata' | 'force_metadata' | 'enable_metadata_network'>;

/** Whether the namespace gets the metadata address: wherever metadata may be served, so that a change needs no new address. */
export function hasMetadataAddress(options: MetadataSwitches): boolean {
  return options.enable_isolated_metadata || options.force_metadata;
}

/**
 * Whether the network's namespace answers metadata requests: always when forced; else where a DHCP subnet has no router,
 * or where a subnet in 169.254.0.0/16 was made for guests to reach metadata by (`enable_metadata_network`).
 */
export function wantsMetadataProxy(network: NetworkInfo, options: MetadataSwitches): boolean {
  const subnets = allSubnets(network);
  const served = subnets.filter((subnet) => subnet.enable_dhcp);
  if (served.length === 0) return false;
  if (options.force_metadata) return true;
  if (!options.enable_isolated_metadata) return false;
  if (options.enable_metadata_network && subnets.some((subnet) => isMetadataCidr(subnet.cidr))) return true;
  const isolated = isolatedSubnets(network);
  return served.some((subnet) => isolated.has(subnet.id));
}

function isMetadataCidr(cidr: string): boolean {
  const [address, prefix] = cidr.split('/');
  return address!.startsWith('169.254.') && Number(prefix) >= 16;
}
