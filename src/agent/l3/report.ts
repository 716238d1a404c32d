import { type AgentState, topics, type WireRouter } from '../../rpc/contract.ts';
import type { L3Facts } from './contract.ts';

/** What the server is told of this agent, with the names that upstream's tools read. */
export function reportOf(
  { host, options, agentOptions }: L3Facts,
  served: readonly WireRouter[],
): Omit<AgentState, 'start_flag' | 'uuid'> {
  const sum = (of: (router: WireRouter) => number) => served.reduce((total, router) => total + of(router), 0);
  return {
    binary: 'neutron-l3-agent',
    host,
    topic: topics.l3Agent,
    agent_type: 'L3 agent',
    availability_zone: agentOptions.availability_zone,
    configurations: {
      agent_mode: options.agent_mode,
      handle_internal_only_routers: options.handle_internal_only_routers,
      interface_driver: options.interface_driver,
      log_agent_heartbeats: agentOptions.log_agent_heartbeats,
      extensions: agentOptions.extensions,
      routers: served.length,
      ex_gw_ports: sum(({ gw_port }) => (gw_port ? 1 : 0)),
      interfaces: sum(({ _interfaces = [] }) => _interfaces.length),
      floating_ips: sum(({ _floatingips = [] }) => _floatingips.length),
    },
  };
}
