import { bridgeName } from '../../lib/names.ts';
import type { BoundDeviceDetails } from '../../rpc/contract.ts';
import type { FirewallPort } from './contract.ts';
import type { PortSecurity } from './groups.ts';

/** Owners that are never filtered: DHCP servers, routers, and Neutron's own. */
const TRUSTED_PREFIXES = ['network:', 'neutron:'];

/** Whether a port's frames are nobody's business: it is trusted, or its port security is off. */
export function isOpen({ device_owner, port_security_enabled }: BoundDeviceDetails): boolean {
  return TRUSTED_PREFIXES.some((prefix) => device_owner.startsWith(prefix)) || port_security_enabled === false;
}

/** Makes `FirewallPort`s, and gives the same object again as long as nothing of it changed. */
export class FirewallPorts {
  readonly #known = new Map<string, { details: BoundDeviceDetails; security: unknown; port: FirewallPort }>();

  /**
   * @param securityOf what the server said of a tap's groups; undefined when it said nothing (yet). Null: nobody filters
   *   by groups on this host
   */
  of(
    devices: readonly BoundDeviceDetails[],
    bridgeOf: (device: BoundDeviceDetails) => string,
    securityOf: ((tap: string) => PortSecurity | undefined) | null,
  ): ReadonlyMap<string, FirewallPort> {
    const ports = new Map<string, FirewallPort>();
    for (const details of devices) {
      const security = securityOf === null ? null : securityOf(details.device);
      const known = this.#known.get(details.device);
      if (known?.details === details && known.security === security) {
        ports.set(details.device, known.port);
        continue;
      }
      const made = portOf(details, bridgeOf(details), security);
      const port = known && JSON.stringify(known.port) === JSON.stringify(made) ? known.port : made;
      this.#known.set(details.device, { details, security, port });
      ports.set(details.device, port);
    }
    for (const tap of this.#known.keys()) if (!ports.has(tap)) this.#known.delete(tap);
    return ports;
  }
}

function portOf(details: BoundDeviceDetails, bridge: string, security: PortSecurity | null | undefined): FirewallPort {
  return {
    tap: details.device,
    portId: details.port_id,
    bridge,
    filter: isOpen(details) ? 'open' : security === undefined ? 'closed' : 'filtered',
    mac: details.mac_address.toLowerCase(),
    fixedIps: details.fixed_ips.map(({ ip_address }) => ip_address),
    addressPairs: details.allowed_address_pairs.map(({ ip_address, mac_address }) => ({
      ip_address,
      mac_address: (mac_address ?? details.mac_address).toLowerCase(),
    })),
    groups: security?.groups ?? [],
    ...(details.vlan_transparent && { guestTags: true }),
    providerRules: security?.providerRules ?? [],
  };
}

/** The bridge of a device's network, or the operator's that stands for it. */
export function bridgeOfDevice(details: BoundDeviceDetails, mapped: ReadonlyMap<string, string>): string {
  const { physical_network } = details;
  return (physical_network === null ? undefined : mapped.get(physical_network)) ?? bridgeName(details.network_id);
}
