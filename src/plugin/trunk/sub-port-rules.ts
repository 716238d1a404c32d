import { findNetworks } from '../../db/read/networks.ts';
import { findPorts } from '../../db/read/ports.ts';
import { fullView } from '../../db/read/view.ts';
import { trunksOfParents, trunksOfSubPorts } from '../../db/write/trunks.ts';
import { pythonString } from '../../lib/python-text.ts';
import { toInteger } from '../../resources/converters.ts';
import type { Network, Port } from '../../resources/shapes.ts';
import {
  canonicalSubPorts,
  missingSegmentation,
  type SubPortRequest,
  subPortsProblem,
} from '../../resources/sub-ports.ts';
import type { Change } from '../changes.ts';
import { callersFullView } from '../parts.ts';
import { portErrors } from '../port/errors.ts';
import { trunkErrors as errors } from './errors.ts';
import type { SubPort } from './storage.ts';

const VLAN_IDS = { from: 1, to: 4094 } as const;

/** What a body of a member action holds, in form. @throws InvalidInput */
export function wellFormed(value: unknown): SubPortRequest[] {
  const error_message = subPortsProblem(value);
  if (error_message !== null) throw errors.InvalidInput({ error_message });
  return canonicalSubPorts(value as SubPortRequest[]);
}

/**
 * Sub-ports that may be put on a trunk, complete: what is inherited is filled in (upstream: services/trunk/rules.py).
 * @param parent the trunk's own port
 * @throws ParentPortInUse, SubPortMtuGreaterThanTrunkPortMtu, InvalidInput, PortNotFound, TrunkPortInUse, PortInUse
 */
export async function checkSubPorts(
  change: Change,
  parent: Port,
  requests: readonly SubPortRequest[],
): Promise<SubPort[]> {
  if (requests.length === 0) return [];
  const { tx, context } = change;
  const ids = requests.map(({ port_id }) => port_id);
  const seen = await findPorts(tx, { filters: { id: ids } }, callersFullView(context));
  const ports = new Map(seen.map((port) => [port.id, port]));
  const networkIds = new Set([parent, ...seen].map(({ network_id }) => network_id));
  const found = await findNetworks(tx, { filters: { id: [...networkIds] } }, fullView);
  const networks = new Map(found.map((network) => [network.id, network]));
  const carried = await trunksOfSubPorts(tx, ids);
  const parents = await trunksOfParents(tx, ids);
  const trunkMtu = networks.get(parent.network_id)?.mtu;
  return requests.map((request) => {
    const { port_id } = request;
    if (port_id === parent.id) throw errors.ParentPortInUse({ port_id });
    const port = ports.get(port_id);
    const network = port && networks.get(port.network_id);
    if (trunkMtu && network && network.mtu > trunkMtu) {
      const mtus = { port_mtu: network.mtu, trunk_mtu: trunkMtu };
      throw errors.SubPortMtuGreaterThanTrunkPortMtu({ port_id, trunk_id: parent.id, ...mtus });
    }
    const segmentation = segmentationOf(request, network);
    if (port === undefined) throw portErrors.PortNotFound({ port_id });
    if (carried.has(port_id)) throw errors.TrunkPortInUse({ port_id });
    if (parents.has(port_id)) throw errors.ParentPortInUse({ port_id });
    const { network_id: net_id, device_id } = port;
    if (device_id !== '') throw errors.PortInUse({ port_id, net_id, device_id });
    return { port_id, ...segmentation };
  });
}

function segmentationOf(request: SubPortRequest, network: Network | undefined): Omit<SubPort, 'port_id'> {
  const inherits = request.segmentation_type === 'inherit' && network !== undefined;
  const type = inherits ? network['provider:network_type'] : request.segmentation_type;
  const id = inherits ? network['provider:segmentation_id'] : request.segmentation_id;
  if (type === undefined || id === undefined) throw invalid(missingSegmentation(request));
  const number = wholeNumber(id);
  if (type !== 'vlan') throw invalid(`Unknown segmentation_type '${pythonString(type)}'`);
  if (number < VLAN_IDS.from || number > VLAN_IDS.to) throw invalid(`Segmentation ID '${number}' is not in range`);
  return { segmentation_type: type, segmentation_id: number };
}

function wholeNumber(id: unknown): number {
  try {
    return toInteger(id);
  } catch {
    throw invalid(`Invalid subport details: segmentation_id '${pythonString(id)}' is not an integer`);
  }
}

function invalid(error_message: string): Error {
  return errors.InvalidInput({ error_message });
}

/**
 * That the VLANs of new sub-ports are each other's and nobody else's on the trunk.
 * @throws DuplicateSubPort
 */
export function checkDistinct(trunk_id: string, present: readonly SubPort[], added: readonly SubPort[]): void {
  const taken = new Set(present.map(segmentationKey));
  for (const subPort of added) {
    const key = segmentationKey(subPort);
    const { segmentation_type, segmentation_id } = subPort;
    if (taken.has(key)) throw errors.DuplicateSubPort({ segmentation_type, segmentation_id, trunk_id });
    taken.add(key);
  }
}

function segmentationKey({ segmentation_type, segmentation_id }: SubPort): string {
  return `${segmentation_type} ${segmentation_id}`;
}
