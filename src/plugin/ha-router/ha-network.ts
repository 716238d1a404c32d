import { randomUUID } from 'node:crypto';
import { portsOfNetwork } from '../../db/write/addresses.ts';
import { haNetworkOf, hasVrIds, setHaNetwork } from '../../db/write/ha-routers.ts';
import { adminContext, type Context } from '../../lib/context.ts';
import type { Subnet } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Machine } from '../machine.ts';
import { createNetworkIn, type Made } from '../network/create.ts';
import { removeNetworkIn } from '../network/remove.ts';
import { createSubnetIn } from '../subnet/create.ts';

/**
 * The hidden network of a project over which its HA routers speak VRRP: no project's own, made with the first such router and
 * gone with the last, in the same transaction (upstream, which has one for each step: db/l3_hamode_db.py).
 */

/** What happened to HA networks in a change: drivers from outside hear of it after the commit. */
export type HaNetworkEvent = Made & { readonly subnet: Subnet | null };

/** @returns the network's id @throws what a network of that kind may be refused with */
export async function takeHaNetwork(
  change: Change,
  machine: Machine,
  projectId: string,
  events: HaNetworkEvent[],
): Promise<string> {
  const known = await haNetworkOf(change.tx, projectId);
  if (known !== null) return known;
  const nobodys: Change = { ...change, context: adminContext() };
  const made = await createNetworkIn(nobodys, machine, {
    id: randomUUID(),
    name: `HA network tenant ${projectId}`,
    project_id: '',
    admin_state_up: true,
    shared: false,
    ...providerOf(machine),
  });
  const { id } = made.network;
  const subnet = await createSubnetIn(nobodys, machine, {
    network_id: id,
    project_id: '',
    name: `HA subnet tenant ${projectId}`,
    ip_version: 4,
    cidr: machine.shared.options.l3Agent.l3_ha_net_cidr,
    enable_dhcp: false,
    gateway_ip: null,
  });
  await setHaNetwork(change.tx, projectId, id);
  events.push({ ...made, subnet });
  return id;
}

/**
 * After one of the project's routers has left it: nothing happens while there are others. One that somebody has a port on stays,
 * for the next HA router or whoever deletes it.
 */
export async function dropHaNetwork(
  change: Change,
  machine: Machine,
  networkId: string,
  events: HaNetworkEvent[],
): Promise<void> {
  const { tx } = change;
  if (await hasVrIds(tx, networkId)) return;
  if ((await portsOfNetwork(tx, networkId)).length > 0) {
    const fields = { resource: 'network', id: networkId };
    machine.shared.logger.warn(fields, 'an HA network without routers stays: it has ports of others');
    return;
  }
  const gone = await removeNetworkIn({ ...change, context: adminContext() }, machine, networkId);
  events.push({ ...gone, subnet: null });
}

/** After the commit. What a driver says to it is in the log; the network is there, or gone, all the same. */
export async function tellDrivers({ mechanisms }: Machine, events: readonly HaNetworkEvent[]): Promise<void> {
  const context: Context = adminContext();
  for (const { network: current, segments, subnet } of events) {
    const change = { context, current, segments };
    const told =
      subnet === null
        ? mechanisms.postcommit('deleteNetworkPostcommit', { ...change, original: current })
        : mechanisms
            .postcommit('createNetworkPostcommit', { ...change, original: null })
            .then(() => mechanisms.postcommit('createSubnetPostcommit', { context, current: subnet, original: null }));
    await told.catch(() => {});
  }
}

function providerOf({ shared }: Machine): Record<string, string> {
  const { l3_ha_network_type: type, l3_ha_network_physical_name: physical } = shared.options.l3Agent;
  return {
    ...(type !== '' && { 'provider:network_type': type }),
    ...(physical !== '' && { 'provider:physical_network': physical }),
  };
}
