import type { HostAgent, MechanismDriver } from '../contract.ts';
import { agentBasedDriver } from './agent-based.ts';

/** Wired by `neutron-linuxbridge-agent` (upstream: plugins/ml2/drivers/linuxbridge, removed in January 2025). */
export function linuxbridgeMechanismDriver({ portFilter }: { portFilter: boolean }): MechanismDriver {
  return agentBasedDriver({
    name: 'linuxbridge',
    agentType: 'Linux bridge agent',
    vifType: 'bridge',
    supportedVnicTypes: ['normal'],
    connectivity: 'l2',
    vifDetails: { port_filter: portFilter },
    networkTypes: ({ configurations }: HostAgent) => [
      'local',
      'flat',
      'vlan',
      ...(Array.isArray(configurations.tunnel_types) ? (configurations.tunnel_types as string[]) : []),
    ],
    mappings: ({ configurations }: HostAgent) => ({
      ...(configurations.interface_mappings as Record<string, string> | undefined),
      ...(configurations.bridge_mappings as Record<string, string> | undefined),
    }),
  });
}
