import type { Domain } from './domain.ts';
import type { ExtensionDriver } from './ml2/contract.ts';
import type { Mechanisms } from './ml2/mechanisms.ts';
import { agentsFilter, type PluginOptions } from './options.ts';

/** Aliases that work in every configuration. An alias is listed when all it promises works, not before. */
const always = [
  'pagination',
  'sorting',
  'project-id',
  'filter-validation',
  'empty-string-filtering',
  'ip-substring-filtering',
  'standard-attr-description',
  'standard-attr-timestamp',
  'standard-attr-revisions',
  'revision-if-match',
  'provider',
  'multi-provider',
  'external-net',
  'binding',
  'agent',
  'agent_sort_key',
  'agent-resources-synced',
  'availability_zone',
  'availability_zone_filter',
  'network_availability_zone',
  'allowed-address-pairs',
  'extra_dhcp_opt',
  'net-mtu',
  'net-mtu-writable',
  'subnet-service-types',
  'subnet-external-network',
  'port-mac-address-regenerate',
  'port-mac-override',
  'aap-reject-multicast',
] as const;

/**
 * The aliases of this configuration. Networks for VLANs of the guests' own there are where every mechanism driver can wire
 * them. `neutrino-no-isolation` is there as long as nothing separates the ports of a network, whatever groups there are:
 * clients can see it, and people are told.
 */
export function loadedExtensions(
  { drivers, mechanisms }: { drivers: readonly ExtensionDriver[]; mechanisms: Mechanisms },
  domains: readonly Domain[],
  options: PluginOptions,
): ReadonlySet<string> {
  const filtered = agentsFilter(options);
  return new Set([
    ...always,
    ...drivers.flatMap(({ alias, aliases = [] }) => [...(alias === undefined ? [] : [alias]), ...aliases]),
    ...(options.core.vlan_transparent && mechanisms.vlanTransparent ? ['vlan-transparent'] : []),
    ...(options.core.vlan_qinq && mechanisms.qinq ? ['qinq'] : []),
    ...domains.flatMap((domain) => domain.aliases(options)),
    ...(filtered ? [] : ['neutrino-no-isolation']),
  ]);
}
