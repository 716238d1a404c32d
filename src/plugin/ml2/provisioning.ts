import type { Database, Tx } from '../../db/database.ts';
import type { AgentRow } from '../../db/write/agents.ts';
import { portFacts, setPortStatus } from '../../db/write/ports.ts';
import { blockedPorts, deleteProvisioningBlocks, type ProvisioningEntity } from '../../db/write/provisioning.ts';
import type { SubnetFacts } from '../../db/write/subnets.ts';
import type { CoreOptions } from '../options.ts';
import type { MechanismDriver } from './contract.ts';

/** Whether an agent that is registered on the port's host will report when the port is wired. */
export function waitsForL2(
  drivers: readonly MechanismDriver[],
  agents: readonly Pick<AgentRow, 'agent_type'>[],
  vnicType: string,
): boolean {
  return drivers.some(
    ({ agentType, supportedVnicTypes }) =>
      agentType !== null &&
      supportedVnicTypes.includes(vnicType) &&
      agents.some(({ agent_type }) => agent_type === agentType),
  );
}

/** Whether a DHCP agent will report when the port can get its addresses from it. */
export function waitsForDhcp(
  fixedIps: readonly { subnet_id: string }[],
  subnets: readonly SubnetFacts[],
  served: boolean,
  options: Pick<CoreOptions, 'enable_traditional_dhcp'>,
): boolean {
  if (!served || !options.enable_traditional_dhcp) return false;
  return fixedIps.some(({ subnet_id }) => subnets.some(({ id, enable_dhcp }) => id === subnet_id && enable_dhcp));
}

/**
 * One of those that ports wait for says they are ready. Ports that wait for nobody else become ACTIVE, if they are bound
 * and switched on (upstream: db/provisioning_blocks.py).
 */
export async function completeProvisioning(
  database: Database,
  portIds: readonly string[],
  entity: ProvisioningEntity,
  time: string,
): Promise<void> {
  if (portIds.length === 0) return;
  await database.transaction(async (tx) => {
    await deleteProvisioningBlocks(tx, portIds, entity);
    const blocked = await blockedPorts(tx, portIds);
    await activate(
      tx,
      portIds.filter((id) => !blocked.has(id)),
      time,
    );
  });
}

async function activate(tx: Tx, portIds: readonly string[], time: string): Promise<void> {
  for (const port of await portFacts(tx, portIds)) {
    const bound = port.vif_type !== 'unbound' && port.vif_type !== 'binding_failed';
    if (bound && port.admin_state_up && port.status !== 'ACTIVE' && port.status !== 'N/A') {
      await setPortStatus(tx, port.id, 'ACTIVE', time);
    }
  }
}
