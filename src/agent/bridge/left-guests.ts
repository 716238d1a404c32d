import type { Logger } from '../../lib/log.ts';
import type { Host, NetworkState } from '../../linux/contract.ts';
import type { Devices } from './devices.ts';
import { logOperations } from './links.ts';

/**
 * Taps of guests that live on another host by now are taken out of their bridges: with it the bridge forgets that their MACs
 * were there, and what the old guest may still send is heard by nobody. Only after the server said that the binding here is
 * active no longer, and does not know the port here. A guest that comes back is put into its bridge again.
 *
 * @returns whether anything was done
 */
export async function releaseLeftGuests(
  { linux, logger }: { linux: Host; logger: Logger },
  devices: Devices,
  state: NetworkState,
): Promise<boolean> {
  const left = devices.all().filter(({ hasLeft, details }) => hasLeft && details === null);
  const operations = left
    .filter(({ name }) => (state.links.get(name)?.master ?? null) !== null)
    .map(({ name }) => ({ op: 'set_master' as const, name, master: null }));
  if (operations.length === 0) return false;
  try {
    await linux.apply(operations);
    logOperations(logger, operations, 'The guest lives on another host: its tap is out of the bridge', 'info');
  } catch (error) {
    logger.warn({ error: String(error) }, 'The tap of a guest that left could not be taken out of its bridge');
  }
  return true;
}
