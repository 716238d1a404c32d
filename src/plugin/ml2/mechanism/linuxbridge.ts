import { dscpMarks, MOST } from '../../../resources/qos-rules.ts';
import type { HostAgent, MechanismDriver, QosParameter, QosSupport } from '../contract.ts';
import { agentBasedDriver } from './agent-based.ts';

const kilobits: QosParameter = { from: 0, to: MOST };

/** What its agents enforce (upstream: services/qos/drivers/linuxbridge/driver.py). */
const qos: QosSupport = {
  vifTypes: ['bridge', 'tap'],
  vnicTypes: ['normal'],
  rules: {
    bandwidth_limit: {
      max_kbps: kilobits,
      max_burst_kbps: kilobits,
      direction: { values: ['ingress', 'egress'] },
    },
    dscp_marking: { dscp_mark: { values: dscpMarks } },
  },
};

/** Wired by `neutron-linuxbridge-agent` (upstream: plugins/ml2/drivers/linuxbridge, removed in January 2025). */
export function linuxbridgeMechanismDriver({ portFilter }: { portFilter: boolean }): MechanismDriver {
  return agentBasedDriver({
    name: 'linuxbridge',
    agentType: 'Linux bridge agent',
    vifType: 'bridge',
    supportedVnicTypes: ['normal'],
    connectivity: 'l2',
    // A bridge that does not look at tags passes them.
    vlanTransparent: true,
    vifDetails: { port_filter: portFilter },
    qos,
    networkTypes: servedTypes,
    mappings: ({ configurations }: HostAgent) => ({
      ...(configurations.interface_mappings as Record<string, string> | undefined),
      ...(configurations.bridge_mappings as Record<string, string> | undefined),
    }),
  });
}

/**
 * Types of networks that the agent of a host can wire. Upstream takes local, flat and VLAN for granted; an agent that
 * serves less of them says so (`network_types`), so that a port is not bound to what nobody wires.
 */
export function servedTypes({ configurations }: Pick<HostAgent, 'configurations'>): string[] {
  const { network_types, tunnel_types } = configurations;
  return [
    ...(Array.isArray(network_types) ? network_types : ['local', 'flat', 'vlan']),
    ...(Array.isArray(tunnel_types) ? tunnel_types : []),
  ];
}

/** Why the agent of a host serves none of these types, where it says so (`unserved_network_types`). */
export function reasonsNotServed(
  { configurations }: Pick<HostAgent, 'configurations'>,
  types: Iterable<string>,
): string[] {
  const told = configurations.unserved_network_types;
  if (typeof told !== 'object' || told === null) return [];
  const reasons = [...types].map((type) => (told as Record<string, unknown>)[type]);
  return reasons.filter((reason) => typeof reason === 'string');
}
