import { vlanDeviceName, vxlanDeviceName } from '../lib/names.ts';
import type { Link } from './contract.ts';
import { movable } from './move-addresses.ts';

/**
 * Whether a device is what an agent makes to lead a network out of the host: told by its name and what it is, so that one
 * that a Python agent made counts too.
 */
export function isLeg({ name, vlan, vxlan }: Link): boolean {
  if (vlan) return vlan.link !== null && name === vlanDeviceName(vlan.link, vlan.vid);
  return vxlan !== undefined && name === vxlanDeviceName(vxlan.vni);
}

/** Whether a name may be a leg's: for those who hear of a device and have not seen it. */
export function mayBeLeg(name: string): boolean {
  return /^vxlan-\d+$|\.\d+$/.test(name);
}

const MARK = 'network:';

/** The alias of a leg that we make: one that a crash or a hand left outside of any bridge is known by it. */
export function markOf(networkId: string): string {
  return `${MARK}${networkId}`;
}

export function isMarked({ alias }: Link): boolean {
  return alias?.startsWith(MARK) ?? false;
}

/** Whether the host itself has nothing on a device. */
export function isBare(link: Link): boolean {
  return movable(link).length === 0;
}

/** What a tunnel adds to a packet: the headers of IP, UDP and VXLAN, and the frame's own. */
export function tunnelOverhead(localIp: string): number {
  return localIp.includes(':') ? 70 : 50;
}
