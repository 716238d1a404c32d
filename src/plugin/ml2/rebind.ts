import { portsFailedToBind } from '../../db/write/bindings.ts';
import { adminContext } from '../../lib/context.ts';
import type { Machine } from '../machine.ts';

/** Ports tried anew when one agent appears; more would be no race at a start but a wrong configuration. */
const MOST = 1000;

/**
 * Tries the ports of a host anew that nobody could bind, because its agent had not reported yet: agents of one host start
 * at the same moment, and the DHCP agent's port may be faster than the bridge agent. Upstream leaves such ports until
 * somebody updates them.
 */
export async function rebindPorts({ binder, changes, outbox, shared }: Machine, host: string): Promise<void> {
  const context = adminContext();
  for (const { id, network_id } of await portsFailedToBind(shared.database.db, host, MOST)) {
    const outcome = await binder.bind(context, id);
    if (!outcome?.written || outcome.vif_type === 'binding_failed') continue;
    shared.logger.info({ resource: 'port', id, host }, 'bound at last: the agent of its host is there now');
    const told = { network_id, dhcp: false, bridge: true, host };
    const { tasks } = await changes.run(context, (change) => change.todo('port', id, 'updated', told), 'together');
    outbox.tellSoon(tasks);
  }
}
