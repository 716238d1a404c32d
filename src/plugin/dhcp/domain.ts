import type { Domain } from '../domain.ts';
import { NetworkAgents } from './network-agents.ts';

export const dhcpScheduling: Domain = {
  name: 'scheduling of DHCP agents',
  aliases: () => ['dhcp_agent_scheduler'],
  enabled: ({ core }) => core.enable_traditional_dhcp,
  make(machine) {
    const agents = new NetworkAgents(machine);
    return {
      routes: {
        'GET agents/{id}/dhcp-networks': (call) => agents.networksOf(call),
        'POST agents/{id}/dhcp-networks': (call) => agents.add(call),
        'DELETE agents/{id}/dhcp-networks/{network_id}': (call) => agents.remove(call),
        'GET networks/{id}/dhcp-agents': (call) => agents.agentsOf(call),
      },
    };
  },
};
