import { networkFacts } from '../../db/write/networks.ts';
import { hostsOfSegments, segmentsWithDhcp } from '../../db/write/segment-hosts.ts';
import type { Change } from '../changes.ts';
import { scheduleIn } from '../dhcp/schedule-in.ts';
import type { Machine } from '../machine.ts';

/**
 * Sees to it that each of these segments, where it has subnets with DHCP, is served by an agent that reaches it: a DHCP agent
 * in another rack hears nobody (upstream: db/agentschedulers_db.py `auto_schedule_new_network_segments`).
 */
export async function scheduleSegments(
  change: Change,
  segmentIds: readonly string[],
  machine: Pick<Machine, 'shared' | 'mechanisms'>,
): Promise<void> {
  const served = await segmentsWithDhcp(change.tx, segmentIds);
  const hosts = await hostsOfSegments(
    change.tx,
    served.map(({ segment_id }) => segment_id),
  );
  for (const { network_id, segment_id } of served) {
    const network = await networkFacts(change.tx, network_id);
    if (network) await scheduleIn(change, network, machine, { hosts: hosts.get(segment_id) ?? [] });
  }
}
