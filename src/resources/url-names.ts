/** Collections that upstream spells with underscores in URLs; all others it spells with hyphens. */
const withUnderscores = new Set([
  'availability_zones',
  'floatingip_pools',
  'port_forwardings',
  'conntrack_helpers',
  'ndp_proxies',
  'network_segment_ranges',
  'service_profiles',
  'bandwidth_limit_rules',
  'dscp_marking_rules',
  'minimum_bandwidth_rules',
  'minimum_packet_rate_rules',
  'packet_rate_limit_rules',
]);

/** What stands between `/v2.0/` and the resource's id: `qos/policies`. */
export function urlPath({ prefix }: { readonly prefix?: string }, collection: string): string {
  return prefix === undefined ? urlName(collection) : `${prefix}/${urlName(collection)}`;
}

/** The name of a collection in URLs as upstream writes it; the server takes both spellings of every name. */
export function urlName(collection: string): string {
  return withUnderscores.has(collection) ? collection : collection.replaceAll('_', '-');
}
