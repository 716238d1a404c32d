/** Collections that upstream spells with underscores in URLs; all others it spells with hyphens. */
const withUnderscores = new Set(['availability_zones', 'network_segment_ranges', 'service_profiles']);

/** The name of a collection in URLs as upstream writes it; the server takes both spellings of every name. */
export function urlName(collection: string): string {
  return withUnderscores.has(collection) ? collection : collection.replaceAll('_', '-');
}
