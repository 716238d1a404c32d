import { type FloatingIpRow, floatingIpsOfPort, setAssociation } from '../../db/write/floatingips.ts';
import type { FixedIp } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import { NOWHERE } from './associate.ts';
import { floatingIpErrors as errors } from './errors.ts';
import { noteChange } from './notes.ts';

/** What becomes of floating addresses when the port behind them changes (upstream: db/l3_db.py). */

/**
 * The port is about to be deleted: its floating addresses lead nowhere from now on.
 * @throws FipAssociated when one of them is another project's, as an administrator may have it
 */
export async function fixedPortGone(change: Change, port_id: string): Promise<void> {
  const { tx, context, time } = change;
  const fips = await floatingIpsOfPort(tx, port_id);
  if (!context.isAdmin && fips.some(({ project_id }) => project_id !== context.projectId)) {
    throw errors.FipAssociated({ port_id });
  }
  for (const fip of fips) {
    await setAssociation(tx, fip, NOWHERE, time);
    await noteChange(change, fip.id, 'updated', [fip.router_id]);
  }
}

/**
 * That a port keeps the addresses that floating ones lead to.
 * @throws BadRequest
 */
export async function checkFixedAddresses(
  { tx }: Pick<Change, 'tx'>,
  port_id: string,
  next: readonly FixedIp[],
): Promise<void> {
  const kept = new Set(next.map(({ ip_address }) => ip_address));
  const isLost = ({ fixed_ip_address }: FloatingIpRow) => fixed_ip_address !== null && !kept.has(fixed_ip_address);
  if (!(await floatingIpsOfPort(tx, port_id)).some(isLost)) return;
  const msg = `Cannot update the fixed_ips of the port ${port_id}, because its original fixed_ip has been associated to a floating ip`;
  throw errors.BadRequest({ resource: 'port', msg });
}
