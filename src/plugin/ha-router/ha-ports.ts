import { addHaPort, haNetworkOf } from '../../db/write/ha-routers.ts';
import type { L3AgentFacts, RouterFacts } from '../../db/write/router-agents.ts';
import type { Change } from '../changes.ts';
import type { Machine } from '../machine.ts';
import { elevated } from '../router/gateway.ts';

export const HA_PORT_OWNER = 'network:router_ha_interface';

/**
 * Makes the port over which an agent speaks VRRP for a router. It is nobody's, and wired when the agent asks for its routers.
 * @throws Error for a router that is not highly available
 */
export async function createHaPort(
  change: Change,
  machine: Machine,
  router: Pick<RouterFacts, 'id' | 'project_id'>,
  agent: Pick<L3AgentFacts, 'id'>,
): Promise<void> {
  const { id: router_id, project_id } = router;
  const network_id = await haNetworkOf(change.tx, project_id);
  if (network_id === null) throw new Error(`project ${project_id} has no HA network, which comes with its HA routers`);
  const input = {
    network_id,
    project_id: '',
    name: `HA port tenant ${project_id}`,
    admin_state_up: true,
    device_id: router_id,
    device_owner: HA_PORT_OWNER,
    port_security_enabled: false,
  };
  const port = await machine.ports.createIn(elevated(change), input);
  await addHaPort(change.tx, {
    port_id: port.id,
    router_id,
    l3_agent_id: agent.id,
    state: 'standby',
    port_type: HA_PORT_OWNER,
  });
}
