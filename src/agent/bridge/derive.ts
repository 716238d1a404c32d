import { bridgeName } from '../../lib/names.ts';
import type { NetworkState } from '../../linux/contract.ts';
import type { BoundDeviceDetails } from '../../rpc/contract.ts';
import { type DesiredLeg, legOf, MAP_IT, type Problem } from './legs.ts';
import type { BridgeConfig } from './options.ts';

/** What this host must look like for the ports it has: made of what the server said, compared with the kernel by `plan`. */
export interface HostState {
  bridges: ReadonlyMap<string, DesiredBridge>;
  taps: ReadonlyMap<string, DesiredTap>;
  /** Interfaces of the operator, which are never taken away, whatever they are. */
  cards: ReadonlySet<string>;
  /** All taps of this host were asked for: a leg that is not named here is of a network that has no port here. */
  isWhole: boolean;
}

export interface DesiredBridge {
  name: string;
  networkId: string;
  /** What must be a port of it, card or leg; null on networks that stay on this host, and in bridges of the operator. */
  nic: string | null;
  /** What that is made of where it is ours to make. */
  leg: DesiredLeg | null;
  mtu: number;
  /** False for a bridge of `bridge_mappings`: it is used as it is. */
  ours: boolean;
}

export interface DesiredTap {
  name: string;
  /** Null where this host cannot serve the network: the tap is left where it is. */
  bridge: string | null;
  /** Whether we put it into the bridge: Nova does that for its guests' taps. */
  enslave: boolean;
  up: boolean;
  mtu: number;
  /** It stays as it is, for it is not known what rules it has. */
  hold?: true;
}

export interface Derived {
  state: HostState;
  /** Devices that this host cannot serve, with the reason. */
  problems: ReadonlyMap<string, Problem>;
  /** Devices that may not pass anything (yet), with the reason. */
  closed: ReadonlyMap<string, string>;
}

/** Owners whose taps Nova puts into the bridge itself. */
const COMPUTE_PREFIX = 'compute:';

/**
 * @param host what is there now: a leg that cannot be made is a problem of its network's ports, and of them alone
 * @param isWhole see HostState
 */
export function derive(
  devices: Iterable<BoundDeviceDetails>,
  config: BridgeConfig,
  host: NetworkState,
  isWhole = false,
): Derived {
  const bridges = new Map<string, DesiredBridge>();
  const taps = new Map<string, DesiredTap>();
  const problems = new Map<string, Problem>();
  for (const details of devices) {
    const place = placeOf(details, config, host);
    const bridge = 'reason' in place ? null : place;
    if ('reason' in place) problems.set(details.device, place);
    // Ports of one network tell the same MTU, but for a moment after it was changed: the newest told wins.
    if (bridge) bridges.set(bridge.name, bridge);
    taps.set(details.device, {
      name: details.device,
      bridge: bridge?.name ?? null,
      enslave: bridge !== null && !details.device_owner.startsWith(COMPUTE_PREFIX),
      up: details.admin_state_up,
      mtu: details.mtu,
    });
  }
  const state = { bridges, taps, cards: new Set(config.interfaces.values()), isWhole };
  return { state, problems, closed: new Map() };
}

function placeOf(details: BoundDeviceDetails, config: BridgeConfig, host: NetworkState): DesiredBridge | Problem {
  const { network_id: networkId, network_type: type, physical_network: physicalNetwork, mtu } = details;
  const own = { name: bridgeName(networkId), networkId, mtu, ours: true, leg: null };
  if (type === 'local') return { ...own, nic: null };
  if (type === 'vlan' || type === 'vxlan') {
    const leg = legOf(details, config, host);
    return 'reason' in leg ? leg : { ...own, nic: leg.name, leg };
  }
  if (type !== 'flat') {
    return { reason: `networks of type ${type} are not served by this agent`, remedy: 'use a network of another type' };
  }
  const mapped = physicalNetwork === null ? undefined : config.bridges.get(physicalNetwork);
  if (mapped) return { ...own, name: mapped, nic: null, ours: false };
  const nic = physicalNetwork === null ? undefined : config.interfaces.get(physicalNetwork);
  if (nic) return { ...own, nic };
  const reason = `physical network ${physicalNetwork} is mapped to no interface and no bridge of this host`;
  return { reason, remedy: MAP_IT };
}
