import { tapName } from '../../lib/names.ts';
import type { NetworkState } from '../../linux/contract.ts';
import type { LinkCounters } from '../../linux/link-counters.ts';
import type {
  BoundDeviceDetails,
  ExplainNetworkRequest,
  ExplainRequest,
  ExplainStep,
  NetworkInfo,
} from '../../rpc/contract.ts';
import { type DesiredBridge, derive } from './derive.ts';
import { explainCard, explainLeg } from './explain-leg.ts';
import { explainBridge, explainNic, explainPlace, explainTap, explainTaps } from './explain-links.ts';
import type { Problem } from './legs.ts';
import type { BridgeConfig } from './options.ts';

/** What the agent sees of one port, from the tap to the card: read only. */
export function explainPort(
  { port, network }: ExplainRequest,
  state: NetworkState,
  config: BridgeConfig,
  /** Why nothing may pass; null when that is not so. */
  closed: string | null,
): ExplainStep[] {
  const name = tapName(port.id);
  const tap = state.links.get(name);
  const tapStep = explainTap(name, tap, port.admin_state_up);
  const filterStep = explainFilter(closed, config.filtering);
  const bridge = bridgeOf(network, port, state, config);
  if ('reason' in bridge) return [tapStep, unserved(bridge), filterStep];
  const place = explainPlace(name, tap, bridge.name);
  return [tapStep, place, ...explainWay(bridge, port.network_id, state), filterStep];
}

/** What the agent sees of a network: its bridge, the way out of the host, and the taps of its ports here. Read only. */
export function explainNetwork(
  { network, port_ids }: ExplainNetworkRequest,
  state: NetworkState,
  config: BridgeConfig,
): ExplainStep[] {
  const [first = ''] = port_ids;
  const bridge = bridgeOf(network, { id: first, network_id: network.id }, state, config);
  if ('reason' in bridge) return [unserved(bridge)];
  return [explainTaps(port_ids, bridge.name, state), ...explainWay(bridge, network.id, state)];
}

/** Devices with what the kernel counted at them. */
export function withCounters(
  steps: readonly ExplainStep[],
  counters: ReadonlyMap<string, LinkCounters>,
): ExplainStep[] {
  return steps.map((step) => {
    const counted = step.device === undefined ? undefined : counters.get(step.device);
    return counted ? { ...step, counters: { ...counted } } : step;
  });
}

function explainWay(bridge: DesiredBridge, networkId: string, state: NetworkState): ExplainStep[] {
  const bridgeStep = explainBridge(bridge.name, state.links.get(bridge.name));
  const { leg } = bridge;
  if (leg === null) return [bridgeStep, explainNic(bridge.nic, bridge.name, state)];
  const legStep = { ...explainLeg(bridge, leg, state), cause: `network ${networkId}` };
  return [bridgeStep, legStep, explainCard(leg, state)];
}

function unserved({ reason: found, remedy }: Problem): ExplainStep {
  return { step: 'bridge', state: 'fault', expected: 'a network that this host can serve', found, remedy };
}

/** The bridge that the network's ports belong into on this host, or why there can be none. */
function bridgeOf(
  told: Omit<NetworkInfo, 'ports'>,
  port: Pick<ExplainRequest['port'], 'id' | 'network_id'> & Partial<ExplainRequest['port']>,
  state: NetworkState,
  config: BridgeConfig,
): DesiredBridge | Problem {
  const network = told as NetworkInfo;
  const segment = network.segments[0];
  const device = tapName(port.id);
  const details: BoundDeviceDetails = {
    device,
    network_id: port.network_id,
    port_id: port.id,
    mac_address: port.mac_address ?? '',
    admin_state_up: port.admin_state_up ?? true,
    network_type: segment?.network_type ?? 'local',
    segmentation_id: segment?.segmentation_id ?? null,
    physical_network: segment?.physical_network ?? null,
    mtu: network.mtu,
    fixed_ips: port.fixed_ips ?? [],
    device_owner: port.device_owner ?? '',
    allowed_address_pairs: port.allowed_address_pairs ?? [],
    port_security_enabled: port.port_security_enabled ?? true,
    qos_policy_id: null,
    qos_network_policy_id: null,
    profile: {},
    propagate_uplink_status: false,
  };
  const { state: desired, problems } = derive([details], config, state);
  const [bridge] = desired.bridges.values();
  return problems.get(device) ?? bridge ?? { reason: 'no bridge', remedy: 'see the log of the bridge agent' };
}

function explainFilter(closed: string | null, filtering: boolean): ExplainStep {
  const expected = 'frames pass as the security groups say';
  if (closed !== null) {
    const remedy = 'see the log of the bridge agent on this host; it tries again by itself';
    return { step: 'firewall', state: 'fault', expected, found: `closed: ${closed}`, remedy };
  }
  if (!filtering) return { step: 'firewall', state: 'ok', expected: 'open', found: 'open: no groups on this host' };
  return { step: 'firewall', state: 'ok', expected, found: 'rules in force' };
}
