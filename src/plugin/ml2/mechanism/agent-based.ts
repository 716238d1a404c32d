import type { BindRequest, BindResult, HostAgent, MechanismDriver, NetworkSegment, QosSupport } from '../contract.ts';

/** What makes one agent-based driver differ from another. */
export interface AgentBasedDriver {
  name: string;
  agentType: string;
  vifType: string;
  supportedVnicTypes: readonly string[];
  connectivity: string;
  vlanTransparent: boolean;
  vifDetails: Record<string, unknown>;
  qos?: QosSupport;
  /** Types of networks the agent of a host can wire. */
  networkTypes(agent: HostAgent): readonly string[];
  /** Physical networks the agent of a host reaches, with what they are there. */
  mappings(agent: HostAgent): Readonly<Record<string, unknown>>;
}

/**
 * A driver that binds a port when an agent of its type lives on the port's host and can wire one of the segments; the
 * first that fits is taken (upstream: plugins/ml2/drivers/mech_agent.py).
 */
export function agentBasedDriver(driver: AgentBasedDriver): MechanismDriver {
  return {
    name: driver.name,
    agentType: driver.agentType,
    supportedVnicTypes: driver.supportedVnicTypes,
    connectivity: driver.connectivity,
    vlanTransparent: driver.vlanTransparent,
    ...(driver.qos && { qos: driver.qos }),
    async initialize() {},
    reachesSegment: (agent, segment) => agent.agent_type === driver.agentType && canWire(driver, agent, segment),
    async bindPort(request: BindRequest): Promise<BindResult | null> {
      if (!driver.supportedVnicTypes.includes(request.vnic_type)) return null;
      for (const agent of request.agents) {
        if (agent.agent_type !== driver.agentType || !agent.alive) continue;
        const segment = request.segments.find((candidate) => canWire(driver, agent, candidate));
        if (!segment) continue;
        return {
          segment_id: segment.id,
          vif_type: driver.vifType,
          vif_details: { connectivity: driver.connectivity, ...driver.vifDetails },
          status: null,
        };
      }
      return null;
    },
  };
}

function canWire(driver: AgentBasedDriver, agent: HostAgent, segment: NetworkSegment): boolean {
  if (!driver.networkTypes(agent).includes(segment.network_type)) return false;
  if (segment.network_type !== 'flat' && segment.network_type !== 'vlan') return true;
  return segment.physical_network !== null && Object.hasOwn(driver.mappings(agent), segment.physical_network);
}
