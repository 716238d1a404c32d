import { defineErrors } from '../../lib/errors.ts';

export const dhcpErrors = defineErrors({
  InvalidDHCPAgent: ['not_found', 'Agent {id} is not a valid DHCP Agent or has been disabled.'],
  NetworkHostedByDHCPAgent: [
    'conflict',
    'The network {network_id} has been already hosted by the DHCP Agent {agent_id}.',
  ],
  NetworkNotHostedByDhcpAgent: ['conflict', 'The network {network_id} is not hosted by the DHCP Agent {agent_id}.'],
});
