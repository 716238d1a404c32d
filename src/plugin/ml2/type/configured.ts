import type { PluginOptions } from '../../options.ts';
import { type IdRange, parseTunnelRanges, parseVlanRanges, type RangedType } from './ranges.ts';

/**
 * The ranges of a type that the configuration names, by physical network (null for tunnels). The options have been checked
 * when they were read.
 */
export function configuredRanges(
  type: RangedType,
  options: PluginOptions,
): readonly (readonly [string | null, readonly IdRange[]])[] {
  switch (type) {
    case 'vlan':
      return [...parseVlanRanges(options.vlan.network_vlan_ranges).ranges];
    case 'vxlan':
      return [[null, parseTunnelRanges(type, options.vxlan.vni_ranges).ranges]];
    case 'gre':
      return [[null, parseTunnelRanges(type, options.gre.tunnel_id_ranges).ranges]];
    case 'geneve':
      return [[null, parseTunnelRanges(type, options.geneve.vni_ranges).ranges]];
  }
}
