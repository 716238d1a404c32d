import { portIdPrefix, tapName } from '../../lib/names.ts';
import type { Link, NetworkOperation, NetworkState } from '../../linux/contract.ts';
import type { Trunk } from './trunk.ts';

/** The device of a sub-port: a VLAN of its parent's tap, under the name of the sub-port's own tap. */
export interface DesiredVlan {
  readonly name: string;
  readonly link: string;
  readonly vid: number;
  readonly portId: string;
}

export interface DerivedTrunk {
  readonly vlans: readonly DesiredVlan[];
  /** Names of devices that cannot be there, with the reason. */
  readonly problems: ReadonlyMap<string, string>;
}

/** What a trunk means on the host of its parent. */
export function deriveTrunk({ portId, subPorts }: Trunk): DerivedTrunk {
  const link = tapName(portId);
  const vlans = new Map<string, DesiredVlan>();
  const problems = new Map<string, string>();
  for (const { port_id, segmentation_type, segmentation_id: vid } of subPorts) {
    const name = tapName(port_id);
    const other = vlans.get(name);
    if (segmentation_type !== 'vlan') problems.set(name, `sub-ports of type ${segmentation_type} are not known here`);
    else if (other) problems.set(name, `ports ${other.portId} and ${port_id} would have the same device`);
    else vlans.set(name, { name, link, vid, portId: port_id });
  }
  return { vlans: [...vlans.values()], problems };
}

/**
 * What must be done so that a tap has the VLAN devices of its trunk and no other sub-port's: pure, and empty when it is so. VLANs
 * whose names are nobody's tap are not ours and stay.
 *
 * @param wanted names of the devices of all trunks here: what goes to another parent is moved there, not deleted behind it
 */
export function planTrunk(
  parentTap: string,
  vlans: readonly DesiredVlan[],
  state: NetworkState,
  wanted: ReadonlySet<string> = new Set(vlans.map(({ name }) => name)),
): NetworkOperation[] {
  const leftover = (vlansOf(state).get(parentTap) ?? []).filter(
    ({ name }) => portIdPrefix(name) !== null && !wanted.has(name),
  );
  const operations: NetworkOperation[] = leftover.map(({ name }) => ({ op: 'delete_link', name }));
  const missing = vlans.filter((vlan) => !isSame(state.links.get(vlan.name), vlan));
  // All of them first: two may change places.
  for (const { name } of missing) if (state.links.has(name)) operations.push({ op: 'delete_link', name });
  for (const { name, link, vid } of missing) {
    operations.push(
      { op: 'ensure_vlan', name, link, vid },
      { op: 'sysctl', key: `net/ipv6/conf/${name}/disable_ipv6`, value: '1' },
    );
  }
  return operations;
}

const vlansByState = new WeakMap<NetworkState, Map<string, Link[]>>();

/** VLAN devices by the device below them. Hundreds of taps ask this of one state, and almost none has any. */
function vlansOf(state: NetworkState): ReadonlyMap<string, readonly Link[]> {
  const known = vlansByState.get(state);
  if (known) return known;
  const vlans = new Map<string, Link[]>();
  for (const link of state.links.values()) {
    const below = link.vlan?.link;
    if (below) vlans.set(below, [...(vlans.get(below) ?? []), link]);
  }
  vlansByState.set(state, vlans);
  return vlans;
}

/** A device of that name that is no VLAN: somebody's tap, which is not ours to delete. */
export function foreignDevices(vlans: readonly DesiredVlan[], state: NetworkState): Map<string, string> {
  const foreign = vlans.filter(({ name }) => {
    const link = state.links.get(name);
    return link !== undefined && link.kind !== 'vlan';
  });
  return new Map(foreign.map(({ name }) => [name, 'the port has a tap of its own on this host']));
}

function isSame(link: Link | undefined, wanted: DesiredVlan): boolean {
  if (link?.vlan === undefined) return false;
  return link.vlan.link === wanted.link && link.vlan.vid === wanted.vid && link.vlan.protocol === '802.1Q';
}

interface Tap {
  readonly name: string;
  readonly up: boolean;
  readonly mtu: number;
}

/**
 * Taps as the kernel lets them be: the device of a sub-port cannot be up while its parent's is down, nor let pass larger packets.
 * Sub-ports come behind their parents.
 *
 * @param state tells which taps are VLANs of which
 */
export function asParentsAllow<T extends Tap>(
  taps: ReadonlyMap<string, T>,
  state: NetworkState,
): ReadonlyMap<string, T> {
  const below = (name: string) => state.links.get(name)?.vlan?.link ?? null;
  const carried = [...taps.values()].filter(({ name }) => below(name) !== null);
  if (carried.length === 0) return taps;
  const ordered = new Map([...taps].filter(([name]) => below(name) === null));
  for (const tap of carried) {
    const link = below(tap.name)!;
    const parent = taps.get(link) ?? state.links.get(link);
    const { up, mtu } = parent ?? tap;
    ordered.set(tap.name, { ...tap, up: tap.up && up, mtu: Math.min(tap.mtu, mtu) });
  }
  return ordered;
}
