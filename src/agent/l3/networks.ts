import { BRIDGE_AGENT_VERSION, type BridgeAgentMethods, endpoint, topics } from '../../rpc/contract.ts';
import type { Listener, Transport } from '../../rpc/transport.ts';
import type { Routers } from './routers.ts';

/**
 * Hears of networks that changed (another MTU, another QoS policy): Neutron's server tells that of the network alone, to
 * bridge and L3 agents alike, and nothing of its routers (upstream: agent/l3/agent.py `network_update`).
 *
 * @param onRouters asked for anew: routers of this host with a leg on such a network
 */
export function listenToNetworks(
  { transport, host }: { transport: Transport; host: string },
  routers: Pick<Routers, 'served'>,
  onRouters: (ids: string[]) => void,
): Promise<Listener> {
  const methods = endpoint<Pick<BridgeAgentMethods, 'network_update'>>(BRIDGE_AGENT_VERSION, {
    network_update: async ({ network }) => {
      const reaches = routers
        .served()
        .filter(({ gw_port, _interfaces = [] }) =>
          [gw_port, ..._interfaces].some((port) => port?.network_id === network.id),
        );
      if (reaches.length > 0) onRouters(reaches.map(({ id }) => id));
    },
  });
  // The queue of the host's name alone is the bridge agent's: two that share it would hear every other message.
  return transport.listen(topics.networkUpdate, `${host}:l3`, [methods]);
}
