import { existsSync } from 'node:fs';
import { parseCidr } from '../../lib/ip/cidr.ts';
import { routerNamespace } from '../../lib/names.ts';
import { metadataProxy } from '../daemons/haproxy.ts';
import { METADATA_ADDRESS_V6 } from '../dhcp/metadata-proxy.ts';
import type { L3Facts, RouterDaemon, RouterPart } from './contract.ts';

/**
 * haproxy in the router's namespace: what guests send to the metadata address is led to it by rules of the router, and it
 * hands that on with the router's id. A router without internal networks has nobody to serve.
 */
export const metadataPart: RouterPart = {
  name: 'metadata',
  derive(draft, _router, facts) {
    const { internal } = draft;
    const isOn = facts.options.enable_metadata_proxy;
    draft.daemon(proxyOf(draft.routerId, facts, isOn && draft.isActive && internal.length > 0));
    if (!isOn || !hasIpv6()) return;
    for (const { addresses, port } of internal) {
      if (port.subnets.some(({ cidr }) => parseCidr(cidr)?.version === 6)) addresses.push(`${METADATA_ADDRESS_V6}/128`);
    }
  },
  leftovers: (routerId, facts) => [proxyOf(routerId, facts, false)],
};

function proxyOf(
  routerId: string,
  { options, statePath, metadataRate: rate = null }: L3Facts,
  wanted: boolean,
): RouterDaemon {
  const { metadata_port: port } = options;
  const place = {
    statePath,
    pidFolder: options.external_pids,
    socket: options.metadata_proxy_socket,
    rate,
    binds: [hasIpv6() ? `:::${port} v4v6` : `0.0.0.0:${port}`],
  };
  return {
    name: 'haproxy',
    ...metadataProxy({ kind: 'Router', id: routerId }, routerNamespace(routerId), place, wanted),
  };
}

/** Whether the kernel knows IPv6 at all: where it was started without, nothing can be bound to `::`. */
function hasIpv6(): boolean {
  return existsSync('/proc/sys/net/ipv6');
}
