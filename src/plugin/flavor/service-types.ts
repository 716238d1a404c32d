import type { PluginOptions } from '../options.ts';

/** What upstream's service plugins that are always there call themselves. */
const always = [
  'CORE',
  'FLAVORS',
  'TAG',
  'auto-allocated-topology',
  'network-ip-availability',
  'revision_plugin',
  'timestamp',
];

/** The same of those that `service_plugins` adds. */
const added: Readonly<Record<string, string>> = {
  segments: 'segments',
  network_segment_range: 'NETWORK_SEGMENT_RANGE',
  qos: 'QOS',
  router: 'L3_ROUTER_NAT',
};

/** Services that a flavor can be of (upstream: the plugin directory). */
export function serviceTypes({ service }: PluginOptions): ReadonlySet<string> {
  return new Set([...always, ...service.service_plugins.flatMap((name) => added[name] ?? [])]);
}
