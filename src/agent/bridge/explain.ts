import { tapName } from '../../lib/names.ts';
import type { NetworkState } from '../../linux/contract.ts';
import type { ExplainRequest, ExplainStep, NetworkInfo } from '../../rpc/contract.ts';
import { derive } from './derive.ts';
import { explainCard, explainLeg } from './explain-leg.ts';
import { explainBridge, explainNic, explainPlace, explainTap } from './explain-links.ts';
import type { BridgeConfig } from './options.ts';

/** What the agent sees of one port, from the tap to the card: read only. */
export function explainPort(
  { port, network: told }: ExplainRequest,
  state: NetworkState,
  config: BridgeConfig,
  /** Why nothing may pass; null when that is not so. */
  closed: string | null,
): ExplainStep[] {
  const network = told as NetworkInfo;
  const name = tapName(port.id);
  const tap = state.links.get(name);
  const segment = network.segments[0];
  const { state: desired, problems } = derive(
    [
      {
        device: name,
        network_id: port.network_id,
        port_id: port.id,
        mac_address: port.mac_address,
        admin_state_up: port.admin_state_up,
        network_type: segment?.network_type ?? 'local',
        segmentation_id: segment?.segmentation_id ?? null,
        physical_network: segment?.physical_network ?? null,
        mtu: network.mtu,
        fixed_ips: port.fixed_ips,
        device_owner: port.device_owner,
        allowed_address_pairs: port.allowed_address_pairs ?? [],
        port_security_enabled: port.port_security_enabled ?? true,
        qos_policy_id: null,
        qos_network_policy_id: null,
        profile: {},
        propagate_uplink_status: false,
      },
    ],
    config,
    state,
  );
  const problem = problems.get(name);
  const bridge = [...desired.bridges.values()][0];
  const tapStep = explainTap(name, tap, port.admin_state_up);
  const filterStep = explainFilter(closed, config.filtering);
  if (problem || !bridge) {
    const expected = 'a network that this host can serve';
    const { reason: found, remedy } = problem ?? { reason: 'no bridge', remedy: 'see the log of the bridge agent' };
    return [tapStep, { step: 'bridge', state: 'fault', expected, found, remedy }, filterStep];
  }
  return [
    tapStep,
    explainPlace(name, tap, bridge.name),
    explainBridge(bridge.name, state.links.get(bridge.name)),
    ...(bridge.leg
      ? [
          { ...explainLeg(bridge, bridge.leg, state), cause: `network ${port.network_id}` },
          explainCard(bridge.leg, state),
        ]
      : [explainNic(bridge.nic, bridge.name, state)]),
    filterStep,
  ];
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
