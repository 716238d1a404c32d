import { portFacts } from '../../db/write/ports.ts';
import { groupsOfPorts } from '../../db/write/security-groups.ts';
import { inTurns } from '../../lib/turns.ts';
import type { Change } from '../changes.ts';
import type { Machine } from '../machine.ts';

/**
 * Ports got addresses of a subnet, or lost them with it. Agents filter by addresses: of the port itself where it has a
 * host, and of the members of its groups wherever there is a rule that refers to these. DHCP agents learn of it by the subnet.
 * @param portIds each once, of one network
 */
export async function noteReaddressed(
  change: Change,
  { defaultGroups }: Pick<Machine, 'defaultGroups'>,
  portIds: readonly string[],
): Promise<void> {
  const { tx } = change;
  const groupsOf = defaultGroups.enabled ? await groupsOfPorts(tx, portIds) : new Map<string, string[]>();
  await inTurns(await portFacts(tx, portIds), async ({ id, network_id, host }) => {
    const groups = groupsOf.get(id) ?? [];
    const bridge = host !== '';
    if (!bridge && groups.length === 0) return change.changed('port', id);
    await change.todo('port', id, 'updated', { network_id, dhcp: false, bridge, groups, host });
  });
}
