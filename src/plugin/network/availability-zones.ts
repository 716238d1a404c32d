import type { Db } from '../../db/database.ts';
import { dhcpAgents } from '../../db/write/network-agents.ts';
import { networkErrors } from './errors.ts';

/** A network can only ask for zones that DHCP agents are in. @throws AvailabilityZoneNotFound */
export async function checkZones(db: Db, hints: readonly string[]): Promise<void> {
  if (hints.length === 0) return;
  const zones = new Set((await dhcpAgents(db)).map(({ availability_zone }) => availability_zone));
  const unknown = hints.find((hint) => !zones.has(hint));
  if (unknown !== undefined) throw networkErrors.AvailabilityZoneNotFound({ availability_zone: unknown });
}
