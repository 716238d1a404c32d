import { createHash } from 'node:crypto';

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

const LONGEST_DEVICE_NAME = 15;
/** `.4094` */
const LONGEST_VLAN_ENDING = 5;
const HASH_LENGTH = 6;

/**
 * The VLAN device of a card: `eth0.100`. Where that would be too long the card is told by the start of its name and a hash of
 * all of it, in a length that leaves room for any id (upstream: `get_subinterface_name`): `long_interface` → `long240ea3.7`.
 */
export function vlanDeviceName(nic: string, vid: number): string {
  const whole = `${nic}.${vid}`;
  if (whole.length <= LONGEST_DEVICE_NAME) return whole;
  const hash = createHash('sha1').update(nic).digest('hex').slice(0, HASH_LENGTH);
  return `${nic.slice(0, LONGEST_DEVICE_NAME - LONGEST_VLAN_ENDING - HASH_LENGTH)}${hash}.${vid}`;
}

/** The VXLAN device of a network. */
export function vxlanDeviceName(vni: number): string {
  return `vxlan-${vni}`;
}

/** The DHCP server's end of its veth pair, inside the namespace. */
export function dhcpDeviceName(portId: string): string {
  return `ns-${portId.slice(0, ID_LENGTH)}`;
}

/** Namespace of a network's DHCP server. */
export function dhcpNamespace(networkId: string): string {
  return `qdhcp-${networkId}`;
}

/** Namespace of a router. */
export function routerNamespace(routerId: string): string {
  return `qrouter-${routerId}`;
}

/** A router's end of its veth pairs, inside the namespace: on internal networks, the external one, and that of its kind for HA. */
export function routerDeviceName(role: 'internal' | 'gateway' | 'ha', portId: string): string {
  return `${{ internal: 'qr', gateway: 'qg', ha: 'ha' }[role]}-${portId.slice(0, ID_LENGTH)}`;
}

/** The start of the port's id that a tap's name holds, or null when it is not a tap of ours. */
export function portIdPrefix(device: string): string | null {
  return device.startsWith('tap') && device.length === 3 + ID_LENGTH ? device.slice(3) : null;
}
