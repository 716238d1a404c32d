import type { Exec } from './contract.ts';

/** Kinds of devices that a kernel may lack. */
export type DeviceKind = 'vlan' | 'vxlan';

/**
 * Requests for devices that cannot be, which make nothing: a kernel that knows the kind (or finds its module) refuses the
 * value, another one the kind. VLAN 4095 is reserved; no VXLAN device is 10 bytes wide.
 */
const PROBES: Record<DeviceKind, readonly string[]> = {
  vlan: ['ip', 'link', 'add', 'link', 'lo', 'type', 'vlan', 'id', '4095'],
  vxlan: ['ip', 'link', 'add', 'mtu', '10', 'type', 'vxlan', 'id', '1', 'dstport', '0'],
};
const UNKNOWN = /Unknown device type|Operation not supported/;

/** Whether devices of a kind can be made in the namespace of this process; changes nothing. */
export async function knowsKind(exec: Exec, kind: DeviceKind): Promise<boolean> {
  const { stderr } = await exec.run(PROBES[kind], { okCodes: [0, 1, 2, 255] });
  return !UNKNOWN.test(stderr);
}
