import { getPort } from '../../db/read/ports.ts';
import { fullView } from '../../db/read/view.ts';
import { agentsOnHost } from '../../db/write/agents.ts';
import { setTrunkStatus, trunksOfParents, trunksOfSubPorts } from '../../db/write/trunks.ts';
import type { Port } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import { callersFullView } from '../parts.ts';
import { portErrors } from '../port/errors.ts';
import { trunkErrors as errors } from './errors.ts';

/** What makes trunks of VLAN devices on taps (upstream: services/trunk/drivers/linuxbridge/driver.py). */
const DRIVER = { interface: 'bridge', agentType: 'Linux bridge agent' } as const;

/**
 * Whether a trunk may be put on a port, or taken from it: of a port that is wired its host's agent must be able to do that
 * with a guest on it.
 */
async function mayBeTrunked({ tx }: Change, port: Port): Promise<boolean> {
  const host = port['binding:host_id'];
  if (host === '') return true;
  if (port['binding:vif_type'] !== DRIVER.interface) return false;
  return (await agentsOnHost(tx, host)).some(({ agent_type }) => agent_type === DRIVER.agentType);
}

/**
 * That a port may become the parent of a trunk.
 * @throws PortNotFound, TrunkPortInUse, ParentPortInUse
 */
export async function checkParent(change: Change, port_id: string): Promise<Port> {
  const { tx, context } = change;
  // First whether the caller sees it: what it is used for is not for others to know.
  const port = await getPort(tx, port_id, callersFullView(context));
  if (port === null) throw portErrors.PortNotFound({ port_id });
  if ((await trunksOfSubPorts(tx, [port_id])).size > 0) throw errors.TrunkPortInUse({ port_id });
  if ((await trunksOfParents(tx, [port_id])).size > 0) throw errors.ParentPortInUse({ port_id });
  if (!(await mayBeTrunked(change, port))) throw errors.ParentPortInUse({ port_id });
  return port;
}

/**
 * That a trunk may be taken from its parent.
 * @throws TrunkInUse
 */
export async function checkRemovable(change: Change, trunk: { id: string; port_id: string }): Promise<void> {
  const port = await getPort(change.tx, trunk.port_id, fullView);
  if (port !== null && !(await mayBeTrunked(change, port))) throw errors.TrunkInUse({ trunk_id: trunk.id });
}

/**
 * That a port may be deleted.
 * @throws PortInUseAsSubPort, PortInUseAsTrunkParent
 */
export async function refuseWhenTrunked({ tx }: Pick<Change, 'tx'>, port_id: string): Promise<void> {
  const [carrier] = (await trunksOfSubPorts(tx, [port_id])).values();
  if (carrier !== undefined) throw errors.PortInUseAsSubPort({ port_id, trunk_id: carrier });
  const [own] = (await trunksOfParents(tx, [port_id])).values();
  if (own !== undefined) throw errors.PortInUseAsTrunkParent({ port_id, trunk_id: own });
}

/** A parent is wired nowhere now: nothing of its trunk is, either. */
export async function parentUnbound({ tx, time }: Change, portId: string): Promise<void> {
  const [trunk] = (await trunksOfParents(tx, [portId])).values();
  if (trunk !== undefined) await setTrunkStatus(tx, trunk, 'DOWN', time);
}
