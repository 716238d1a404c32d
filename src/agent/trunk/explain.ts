import { tapName } from '../../lib/names.ts';
import type { NetworkState } from '../../linux/contract.ts';
import type { ExplainStep } from '../../rpc/contract.ts';
import type { Trunks } from './trunks.ts';

/** Where a sub-port hangs on this host, and what hangs on the parent of a trunk; nothing for other ports. */
export function explainTrunk(
  port: { id: string; device_owner: string; trunk_details?: unknown },
  state: NetworkState,
  trunks: Pick<Trunks, 'placeOf' | 'trunkOf'>,
): ExplainStep[] {
  return [...explainPlace(port, state, trunks), ...explainSubPorts(port, state, trunks)];
}

function explainPlace(
  { id, device_owner }: { id: string; device_owner: string },
  state: NetworkState,
  trunks: Pick<Trunks, 'placeOf'>,
): ExplainStep[] {
  const step = 'sub_port';
  const name = tapName(id);
  const place = trunks.placeOf(id);
  if (place === null) {
    if (device_owner !== 'trunk:subport') return [];
    const found = 'no trunk whose parent has a tap on this host carries it';
    const remedy = "start the guest that has the parent, or look at the parent's port: neutron port-explain PARENT";
    return [{ step, state: 'waiting', expected: 'it hangs on a trunk on this host', found, remedy }];
  }
  const parent = tapName(place.parentId);
  const expected = `${name} is VLAN ${place.vid} of ${parent} (port ${place.parentId}, trunk ${place.trunkId})`;
  const vlan = state.links.get(name)?.vlan;
  if (vlan?.link === parent && vlan.vid === place.vid) return [{ step, state: 'ok', expected, found: expected }];
  const found = vlan ? `${name} is VLAN ${vlan.vid} of ${vlan.link}` : `${name} is no VLAN device`;
  return [{ step, state: 'fault', expected, found, remedy: 'see the log of the bridge agent on this host' }];
}

function explainSubPorts({ id }: { id: string }, state: NetworkState, trunks: Pick<Trunks, 'trunkOf'>): ExplainStep[] {
  const trunk = trunks.trunkOf(id);
  if (trunk === null) return [];
  const step = 'sub_ports';
  const parent = tapName(id);
  const all = trunk.subPorts.map(({ port_id, segmentation_id }) => ({ name: tapName(port_id), vid: segmentation_id }));
  const isThere = ({ name, vid }: { name: string; vid: number }) => {
    const vlan = state.links.get(name)?.vlan;
    return vlan?.link === parent && vlan.vid === vid;
  };
  const said = (some: typeof all) => some.map(({ name, vid }) => `${name} VLAN ${vid}`).join(', ') || 'none';
  const expected = `trunk ${trunk.id}: ${said(all)} on ${parent}`;
  const missing = all.filter((one) => !isThere(one));
  if (missing.length === 0) return [{ step, state: 'ok', expected, found: expected }];
  const remedy = 'see the log of the bridge agent on this host: it says why they cannot be made';
  return [{ step, state: 'fault', expected, found: `missing: ${said(missing)}`, remedy }];
}
