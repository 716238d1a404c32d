import { randomUUID } from 'node:crypto';
import { getNetwork } from '../../db/read/networks.ts';
import { insertNetwork } from '../../db/write/networks.ts';
import { insertSegment, type SegmentRow, segmentsOfNetworks } from '../../db/write/segments.ts';
import type { Network } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import type { SegmentRequest } from '../ml2/contract.ts';
import { viewOf } from '../parts.ts';
import { qosOfNewNetwork } from '../qos/attach.ts';
import { mapSegment } from '../segment/host-mapping.ts';
import { checkUnique } from '../segment/unique.ts';
import { checkZones } from './availability-zones.ts';
import { networkErrors } from './errors.ts';
import { guestVlansOfNewNetwork } from './guest-vlans.ts';
import { effectiveMtu } from './mtu.ts';
import { requestedSegments } from './provider.ts';
import { writeExternal, writeShared } from './visibility.ts';

/** A new network with its segments, as drivers are told of it. */
export interface Made {
  network: Network;
  segments: SegmentRow[];
}

/**
 * Makes a network as part of a change. Drivers that want to hear of it after the commit are the caller's to tell.
 * @throws what segments may be refused with, AvailabilityZoneNotFound
 */
export async function createNetworkIn(change: Change, machine: Machine, input: Input): Promise<Made> {
  const { types, extensionDrivers, mechanisms, shared } = machine;
  const { tx, context, time } = change;
  const wanted = requestedSegments(input);
  if (wanted) await types.validate(tx, wanted);
  const zones = (input.availability_zone_hints as string[] | undefined) ?? [];
  await checkZones(tx, zones);
  const external = input['router:external'] === true;
  const project_id = (input.project_id as string | undefined) ?? '';
  const taken = wanted ? await types.reserve(tx, wanted, project_id) : [await types.allocate(tx, project_id, external)];
  const id = (input.id as string | undefined) ?? randomUUID();
  await insertNetwork(tx, {
    id,
    project_id,
    name: (input.name as string | undefined) ?? '',
    description: (input.description as string | undefined) ?? '',
    created_at: time,
    updated_at: time,
    revision_number: 1,
    status: 'ACTIVE',
    admin_state_up: input.admin_state_up !== false,
    mtu: effectiveMtu(types.mtu(taken), (input.mtu as number | undefined) ?? 0),
    port_security_enabled: input.port_security_enabled !== false,
    ...guestVlansOfNewNetwork(input, shared.extensions),
    availability_zone_hints: JSON.stringify(zones),
    dns_domain: (input.dns_domain as string | undefined) ?? '',
  });
  checkUnique(id, taken);
  for (const [index, segment] of taken.entries()) {
    const row = segmentRow(id, segment, index, time);
    await insertSegment(tx, row);
    if (shared.extensions.has('segment')) await mapSegment(tx, mechanisms, row);
  }
  const owned = { id, project_id, name: (input.name as string | undefined) ?? '' };
  await qosOfNewNetwork(change, machine, { input, network: owned });
  if (external) await writeExternal(tx, owned, true, input.is_default === true);
  if (input.shared === true) await writeShared(tx, owned, true);
  for (const driver of extensionDrivers) await driver.processCreateNetwork?.(tx, input, { id });
  await change.changed('network', id);
  const segments = await segmentsOfNetworks(tx, [id]);
  const network = await storedNetwork(change, machine, id);
  await mechanisms.precommit('createNetworkPrecommit', tx, { context, current: network, original: null, segments });
  return { network, segments };
}

/** A network as the caller sees it. @throws NetworkNotFound */
export async function storedNetwork({ tx, context }: Change, { shared }: Machine, id: string): Promise<Network> {
  const network = await getNetwork(tx, id, viewOf(shared, context));
  if (!network) throw networkErrors.NetworkNotFound({ net_id: id });
  return network;
}

function segmentRow(network_id: string, segment: SegmentRequest, segment_index: number, time: string): SegmentRow {
  return {
    id: randomUUID(),
    network_id,
    ...segment,
    segment_index,
    is_dynamic: false,
    name: null,
    description: null,
    created_at: time,
    updated_at: time,
    revision_number: 0,
  };
}
