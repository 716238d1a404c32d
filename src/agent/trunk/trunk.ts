import type { VersionedObject, WireSubPort, WireTrunk } from '../../rpc/contract.ts';

/** A trunk as this host must make it. */
export interface Trunk {
  readonly id: string;
  /** Its parent. */
  readonly portId: string;
  /** What the server says, or was last told. */
  status: string;
  readonly subPorts: readonly WireSubPort[];
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A trunk from its object; sub-ports that could be no device are left out. */
export function trunkOf({ id, port_id, status, sub_ports }: WireTrunk): Trunk {
  return { id, portId: port_id, status, subPorts: sub_ports.map(subPortOf).filter(isSound) };
}

function subPortOf(object: VersionedObject): WireSubPort {
  return object['versioned_object.data'] as unknown as WireSubPort;
}

/** Its id becomes the name of a device. */
function isSound({ port_id, segmentation_id: id }: WireSubPort): boolean {
  return UUID.test(port_id) && Number.isInteger(id) && id >= 1 && id <= 4094;
}
