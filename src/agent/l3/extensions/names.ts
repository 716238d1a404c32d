export const FLOATING_QOS = 'fip_qos';
export const GATEWAY_QOS = 'gateway_ip_qos';

/** Upstream's names of what this agent has. */
export const extensionNames = ['port_forwarding', 'conntrack_helper', 'ndp_proxy', FLOATING_QOS, GATEWAY_QOS] as const;

/** What upstream has and we have not, with what to do. */
const refused: Readonly<Record<string, string>> = {
  snat_log: 'logging of SNAT is not built: take it off the list',
};

/** For `[agent] extensions`: what is wrong with the list; null: nothing. */
export function checkExtensions(names: readonly string[]): string | null {
  for (const name of names) {
    if ((extensionNames as readonly string[]).includes(name)) continue;
    const why = refused[name] ?? `it knows ${extensionNames.join(', ')}`;
    return `holds '${name}', which is no extension this agent has; ${why}`;
  }
  return null;
}
