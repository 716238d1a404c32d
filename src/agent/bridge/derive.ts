import { bridgeName } from '../../lib/names.ts';
import type { BoundDeviceDetails } from '../../rpc/contract.ts';
import type { BridgeConfig } from './options.ts';

/** What this host must look like for the ports it has: made of what the server said, compared with the kernel by `plan`. */
export interface HostState {
  bridges: ReadonlyMap<string, DesiredBridge>;
  taps: ReadonlyMap<string, DesiredTap>;
}

export interface DesiredBridge {
  name: string;
  networkId: string;
  /** The card that must be a port of it; null on networks that stay on this host, and in bridges of the operator. */
  nic: string | null;
  mtu: number;
  /** False for a bridge of `bridge_mappings`: it is used as it is. */
  ours: boolean;
}

export interface DesiredTap {
  name: string;
  bridge: string;
  /** Whether we put it into the bridge: Nova does that for its guests' taps. */
  enslave: boolean;
  up: boolean;
  mtu: number;
  /** Nothing may pass: it must be filtered, and there are no filters yet. */
  closed: boolean;
}

export interface Derived {
  state: HostState;
  /** Devices that this host cannot serve, with the reason. */
  problems: ReadonlyMap<string, string>;
}

/** Owners whose taps Nova puts into the bridge itself. */
const COMPUTE_PREFIX = 'compute:';
/** Owners that are never filtered: DHCP servers, routers. */
const TRUSTED_PREFIX = 'network:';

export function derive(devices: Iterable<BoundDeviceDetails>, config: BridgeConfig): Derived {
  const bridges = new Map<string, DesiredBridge>();
  const taps = new Map<string, DesiredTap>();
  const problems = new Map<string, string>();
  for (const details of devices) {
    const place = placeOf(details, config);
    if ('problem' in place) {
      problems.set(details.device, place.problem);
      continue;
    }
    // Ports of one network tell the same MTU, but for a moment after it was changed: the newest told wins.
    bridges.set(place.bridge.name, place.bridge);
    taps.set(details.device, {
      name: details.device,
      bridge: place.bridge.name,
      enslave: !details.device_owner.startsWith(COMPUTE_PREFIX),
      up: details.admin_state_up,
      mtu: details.mtu,
      closed: mustBeClosed(details, config),
    });
  }
  return { state: { bridges, taps }, problems };
}

function mustBeClosed(details: BoundDeviceDetails, config: BridgeConfig): boolean {
  if (!config.filtering || details.device_owner.startsWith(TRUSTED_PREFIX)) return false;
  return details.port_security_enabled !== false;
}

function placeOf(details: BoundDeviceDetails, config: BridgeConfig): { bridge: DesiredBridge } | { problem: string } {
  const { network_id: networkId, network_type: type, physical_network: physicalNetwork, mtu } = details;
  const own = { name: bridgeName(networkId), networkId, mtu, ours: true };
  if (type === 'local') return { bridge: { ...own, nic: null } };
  if (type !== 'flat') return { problem: `networks of type ${type} are not served by this agent yet` };
  const mapped = physicalNetwork === null ? undefined : config.bridges.get(physicalNetwork);
  if (mapped) return { bridge: { name: mapped, networkId, mtu, nic: null, ours: false } };
  const nic = physicalNetwork === null ? undefined : config.interfaces.get(physicalNetwork);
  if (nic) return { bridge: { ...own, nic } };
  return { problem: `physical network ${physicalNetwork} is mapped to no interface and no bridge of this host` };
}
