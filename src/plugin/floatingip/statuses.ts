import {
  floatingIpsLetGo,
  floatingIpsNotDown,
  reportedFloatingIps,
  setFloatingIpStatus,
} from '../../db/write/floatingips.ts';
import type { FloatingIpStatus } from '../../rpc/contract.ts';
import type { Change } from '../changes.ts';

const known: readonly string[] = ['ACTIVE', 'DOWN', 'ERROR'];

/**
 * What an agent says of a router's floating addresses. Those that the router had and that lead nowhere now are down whether
 * the agent says so or not; what it says of those that went to another router meanwhile is old.
 */
export async function reportFloatingIps(
  { tx, time }: Change,
  router_id: string,
  statuses: Readonly<Record<string, FloatingIpStatus>>,
): Promise<void> {
  const ids = Object.keys(statuses).filter((id) => known.includes(statuses[id]!));
  for (const fip of await reportedFloatingIps(tx, ids)) {
    if (fip.router_id !== null && fip.router_id !== router_id) continue;
    const status = fip.router_id === null ? 'DOWN' : statuses[fip.id]!;
    if (status !== fip.status) await setFloatingIpStatus(tx, fip.id, status, time);
  }
  for (const { id } of await floatingIpsLetGo(tx, router_id)) await setFloatingIpStatus(tx, id, 'DOWN', time);
}

/** Of a router that is switched off: no agent has it any more, and so none says anything of its floating addresses. */
export async function floatingIpsDown({ tx, time }: Change, router_id: string): Promise<void> {
  for (const { id } of await floatingIpsNotDown(tx, router_id)) await setFloatingIpStatus(tx, id, 'DOWN', time);
}
