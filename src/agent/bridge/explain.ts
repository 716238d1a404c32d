import { tapName } from '../../lib/names.ts';
import type { Link, NetworkState } from '../../linux/contract.ts';
import type { ExplainRequest, ExplainStep, NetworkInfo } from '../../rpc/contract.ts';
import { derive } from './derive.ts';
import type { BridgeConfig } from './options.ts';

/** What the agent sees of one port, from the tap to the card: read only. */
export function explainPort(
  { port, network: told }: ExplainRequest,
  state: NetworkState,
  config: BridgeConfig,
  isClosed: boolean,
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
  );
  const problem = problems.get(name);
  const bridge = [...desired.bridges.values()][0];
  if (problem || !bridge) {
    return [
      {
        step: 'bridge',
        state: 'fault',
        expected: 'a network that this host can serve',
        found: problem ?? 'no bridge',
        remedy: 'map the physical network in [linux_bridge] physical_interface_mappings of this host',
      },
    ];
  }
  return [
    explainTap(name, tap, port.admin_state_up),
    explainPlace(name, tap, bridge.name),
    explainBridge(bridge.name, state.links.get(bridge.name)),
    explainNic(bridge.nic, bridge.name, state),
    explainFilter(isClosed, config.filtering),
  ];
}

function explainTap(name: string, tap: Link | undefined, adminUp: boolean): ExplainStep {
  const expected = `device ${name}, ${adminUp ? 'up' : 'down'}`;
  if (!tap) {
    const remedy = 'start the guest, or plug the port with: neutrino plug PORT --netns NAME';
    return { step: 'tap', state: 'waiting', expected, found: 'no such device', remedy };
  }
  const found = `device ${name}, ${tap.up ? 'up' : 'down'}${tap.up && !tap.carrier ? ', nobody at its other end' : ''}`;
  if (tap.up !== adminUp) {
    return { step: 'tap', state: 'fault', expected, found, remedy: 'see the log of the bridge agent on this host' };
  }
  if (tap.up && !tap.carrier) {
    return { step: 'tap', state: 'waiting', expected, found, remedy: 'bring up the interface inside the guest' };
  }
  return { step: 'tap', state: 'ok', expected, found };
}

function explainPlace(name: string, tap: Link | undefined, bridge: string): ExplainStep {
  const expected = `${name} in bridge ${bridge}`;
  if (!tap) return { step: 'tap_in_bridge', state: 'waiting', expected, found: 'no such device' };
  if (tap.master === bridge) return { step: 'tap_in_bridge', state: 'ok', expected, found: expected };
  const found = tap.master === null ? `${name} in no bridge` : `${name} in bridge ${tap.master}`;
  const remedy = `ip link set ${name} master ${bridge}`;
  return { step: 'tap_in_bridge', state: 'fault', expected, found, remedy };
}

function explainBridge(name: string, bridge: Link | undefined): ExplainStep {
  const expected = `bridge ${name}, up`;
  if (!bridge) {
    const remedy = 'the bridge agent makes it with the first tap of the network; see its log';
    return { step: 'bridge', state: 'waiting', expected, found: 'no such bridge', remedy };
  }
  if (bridge.up) return { step: 'bridge', state: 'ok', expected, found: expected };
  return { step: 'bridge', state: 'fault', expected, found: `bridge ${name}, down`, remedy: `ip link set ${name} up` };
}

function explainNic(nic: string | null, bridge: string, state: NetworkState): ExplainStep {
  if (nic === null) {
    const expected = "no card: the network stays on this host, or its bridge is the operator's";
    return { step: 'nic', state: 'not_applicable', expected, found: '' };
  }
  const expected = `${nic} in bridge ${bridge}, up with carrier`;
  const card = state.links.get(nic);
  if (!card) {
    const remedy = 'correct physical_interface_mappings of this host';
    return { step: 'nic', state: 'fault', expected, found: `there is no ${nic}`, remedy };
  }
  const place = card.master === null ? 'in no bridge' : `in bridge ${card.master}`;
  const found = `${nic} ${place}, ${card.up ? 'up' : 'down'}${card.carrier ? ' with carrier' : ' without carrier'}`;
  if (card.master === bridge && card.up && card.carrier) return { step: 'nic', state: 'ok', expected, found };
  const remedy = card.master === bridge ? 'look at the cable and the other end' : 'see the log of the bridge agent';
  return { step: 'nic', state: 'fault', expected, found, remedy };
}

function explainFilter(isClosed: boolean, filtering: boolean): ExplainStep {
  if (isClosed) {
    return {
      step: 'firewall',
      state: 'fault',
      expected: 'frames pass as the security groups say',
      found: 'closed: security groups are configured and not served by this agent yet',
      remedy: 'set [securitygroup] enable_security_group = false, or port_security_enabled = false on the port',
    };
  }
  const found = filtering ? 'open: port security is off on this port' : 'open: nothing is isolated on this host';
  return { step: 'firewall', state: 'ok', expected: 'open', found };
}
