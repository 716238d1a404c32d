import { type FloatingIpRow, floatingIpRow, setAssociation } from '../../db/write/floatingips.ts';
import { type PortForwardingRow, portForwardingsOf, portForwardingsTo } from '../../db/write/port-forwardings.ts';
import { bumpPort } from '../../db/write/ports.ts';
import { holdFloatingIps } from '../../db/write/turns.ts';
import type { FixedIp } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import { floatingIpRows } from '../floatingip/storage.ts';
import { forwardingData } from '../objects/port-forwarding.ts';
import { portForwardingRows } from './storage.ts';

/** Notes what happened to a forwarding, with all that it is: of one that is gone nothing else tells. */
export async function noteForwarding(
  change: Change,
  row: PortForwardingRow,
  action: 'created' | 'updated' | 'deleted',
): Promise<void> {
  const [object] = await forwardingData(change.tx, [row]);
  const { floatingip_id } = row;
  await change.todo('port_forwarding', row.id, action, { router_id: object!.router_id, floatingip_id, object });
}

/**
 * The floating address and the ports behind it are others now, as their revisions say.
 * @param router_id the router that it leads through from now on, or null for none; undefined: the one it has
 */
export async function touch(
  change: Change,
  fipId: string,
  ports: readonly string[],
  router_id?: string | null,
): Promise<void> {
  const { tx, time } = change;
  if (router_id === undefined) await floatingIpRows.bump(tx, fipId, time);
  else {
    const fip = (await floatingIpRow(tx, fipId)) as FloatingIpRow;
    await setAssociation(tx, fip, { fixed_port_id: null, fixed_ip_address: null, router_id }, time);
  }
  for (const port of new Set(ports)) await bumpPort(tx, port, time);
}

/** Takes forwardings away. A floating address without any leads through no router. */
export async function removeForwardings(change: Change, rows: readonly PortForwardingRow[]): Promise<void> {
  // Ports go beside each other: who takes the last forwarding away is only known when no other is about to.
  await holdFloatingIps(change.tx, [...new Set(rows.map(({ floatingip_id }) => floatingip_id))]);
  for (const row of rows) {
    await noteForwarding(change, row, 'deleted');
    await portForwardingRows.remove(change.tx, row.id);
    const left = await portForwardingsOf(change.tx, [row.floatingip_id]);
    await touch(change, row.floatingip_id, [row.internal_port_id], left.length === 0 ? null : undefined);
  }
}

/** A port has these addresses from now on (none, when it is deleted): forwardings to others of it go. */
export async function forwardedPortChanged(
  change: Change,
  portId: string,
  addresses: readonly FixedIp[],
): Promise<void> {
  const kept = new Set(addresses.map(({ ip_address }) => ip_address));
  const rows = await portForwardingsTo(change.tx, portId);
  await removeForwardings(
    change,
    rows.filter(({ internal_ip_address }) => !kept.has(internal_ip_address)),
  );
}
