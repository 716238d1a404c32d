/**
 * Names of things on a host, as Neutron gives them: runbooks, Nova and Python agents all rely on these.
 * Device names have at most 15 characters (IFNAMSIZ - 1), hence the first 11 of a UUID behind a prefix.
 */
const ID_LENGTH = 11;

/** Bridge of a network. Nova computes the same name when it plugs a guest. */
export function bridgeName(networkId: string): string {
  return `brq${networkId.slice(0, ID_LENGTH)}`;
}

/** Tap of a port: the guest's card on the host, or the outer end of a veth pair. */
export function tapName(portId: string): string {
  return `tap${portId.slice(0, ID_LENGTH)}`;
}

/** The DHCP server's end of its veth pair, inside the namespace. */
export function dhcpDeviceName(portId: string): string {
  return `ns-${portId.slice(0, ID_LENGTH)}`;
}

/** Namespace of a network's DHCP server. */
export function dhcpNamespace(networkId: string): string {
  return `qdhcp-${networkId}`;
}

/** The start of the port's id that a tap's name holds, or null when it is not a tap of ours. */
export function portIdPrefix(device: string): string | null {
  return device.startsWith('tap') && device.length === 3 + ID_LENGTH ? device.slice(3) : null;
}
