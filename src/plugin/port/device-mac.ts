import type { Tx } from '../../db/database.ts';
import { holderOfMac, updatePortRow } from '../../db/write/ports.ts';
import { toMac } from '../../resources/converters.ts';
import type { Port } from '../../resources/shapes.ts';
import { mac as wrongMac } from '../../resources/validators.ts';

export const PHYSICAL_FUNCTION = 'direct-physical';

/**
 * The MAC of a port that is a whole physical function is the device's, as its host's compute service writes it into the
 * binding profile; without one it is a new MAC, so that the device's can be another port's (upstream: ml2/plugin.py
 * `_commit_port_binding`).
 *
 * @returns the MAC written; null when the port keeps its own, because it is none such or another port has the device's
 */
export async function takeDeviceMac(
  tx: Tx,
  port: Pick<Port, 'id' | 'network_id' | 'mac_address'>,
  { vnic_type, profile }: { vnic_type: string; profile: Record<string, unknown> },
  newMac: () => string,
): Promise<string | null> {
  if (vnic_type !== PHYSICAL_FUNCTION) return null;
  const given = profile.device_mac_address;
  const mac = given && wrongMac(given) === null ? (toMac(given) as string) : newMac();
  if (mac === port.mac_address || (await holderOfMac(tx, port.network_id, mac)) !== null) return null;
  await updatePortRow(tx, port.id, { mac_address: mac });
  return mac;
}

/** Whether an update lets a physical function go, and with it the MAC of its device. */
export function letsDeviceGo(port: Port, changes: Record<string, unknown>): boolean {
  return (
    port['binding:vnic_type'] === PHYSICAL_FUNCTION &&
    changes.device_id === '' &&
    changes.device_owner === '' &&
    port.device_id !== ''
  );
}
