import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { AgentRow } from '../../db/write/agents.ts';
import { activeBinding } from '../../db/write/bindings.ts';
import { type PortFacts, portFacts } from '../../db/write/ports.ts';
import { blockedPorts, deleteProvisioningBlocks, type ProvisioningEntity } from '../../db/write/provisioning.ts';
import type { SubnetFacts } from '../../db/write/subnets.ts';
import { holdPorts } from '../../db/write/turns.ts';
import type { Context } from '../../lib/context.ts';
import type { Change } from '../changes.ts';
import type { Machine } from '../machine.ts';
import type { CoreOptions } from '../options.ts';
import type { PortStatuses } from '../port/status.ts';
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

/** Ports of one transaction: a report of thousands leaves room for others. */
const PORTS_AT_ONCE = 100;

/**
 * One of those that ports wait for says they are ready. Ports that wait for nobody else become ACTIVE, if they are bound
 * and switched on (upstream: db/provisioning_blocks.py).
 *
 * @param host whose agent says so: ports that were moved elsewhere meanwhile still wait for the agent there
 */
export async function completeProvisioning(
  { changes, outbox, statuses }: Pick<Machine, 'changes' | 'outbox' | 'statuses'>,
  portIds: readonly string[],
  { context, entity, host = null }: { context: Context; entity: ProvisioningEntity; host?: string | null },
): Promise<void> {
  for (let start = 0; start < portIds.length; start += PORTS_AT_ONCE) {
    const piece = portIds.slice(start, start + PORTS_AT_ONCE);
    const work = async (change: Change) => {
      const { tx } = change;
      // The two that a port waits for may report at the same moment: the second must see that the first has.
      await holdPorts(tx, piece);
      const facts = await portFacts(tx, piece);
      const ports = host === null ? facts : facts.filter((port) => port.host === host);
      const ids = ports.map(({ id }) => id);
      await deleteProvisioningBlocks(tx, ids, entity);
      const blocked = await blockedPorts(tx, ids);
      for (const port of ports) if (!blocked.has(port.id)) await activate(change, statuses, { port, entity });
    };
    outbox.tellSoon((await changes.run(context, work, null)).tasks);
    if (start + PORTS_AT_ONCE < portIds.length) await endOfTurn();
  }
}

async function activate(
  change: Change,
  statuses: PortStatuses,
  { port, entity }: { port: PortFacts; entity: ProvisioningEntity },
): Promise<void> {
  const bound = port.vif_type !== 'unbound' && port.vif_type !== 'binding_failed';
  if (!bound || !port.admin_state_up || port.status === 'ACTIVE' || port.status === 'N/A') return;
  // While a guest moves, Nova waits for the bridge agent of the other host: DHCP says nothing of that.
  const quietly = statuses.watched && entity === 'DHCP' && (await isMoving(change, port.id));
  await statuses.set(change, port, 'ACTIVE', { quietly });
}

async function isMoving({ tx }: Change, portId: string): Promise<boolean> {
  return Boolean((await activeBinding(tx, portId))?.profile.migrating_to);
}
