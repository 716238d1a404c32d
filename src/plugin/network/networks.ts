import { randomUUID } from 'node:crypto';
import { getNetwork, listNetworks } from '../../db/read/networks.ts';
import { UnknownMarkerError } from '../../db/read/view.ts';
import { portsOfNetwork } from '../../db/write/addresses.ts';
import { isHaNetwork } from '../../db/write/ha-routers.ts';
import { deleteNetworkRow, insertNetwork, updateNetworkRow } from '../../db/write/networks.ts';
import { insertSegment, type SegmentRow, segmentsOfNetworks } from '../../db/write/segments.ts';
import { deleteSubnetRow, subnetFacts } from '../../db/write/subnets.ts';
import type { Context } from '../../lib/context.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import { inTurns } from '../../lib/turns.ts';
import type { Network } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import { checkRevision } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import { deleteUnusedFloatingIps } from '../floatingip/network-gone.ts';
import { autoDeletedOwners } from '../ipam/owners.ts';
import type { Machine } from '../machine.ts';
import { afterCreate } from '../ml2/after-create.ts';
import type { SegmentRequest } from '../ml2/contract.ts';
import { viewOf } from '../parts.ts';
import { changeNetworkQos, qosOfNewNetwork } from '../qos/attach.ts';
import { mapSegment } from '../segment/host-mapping.ts';
import { checkUnique } from '../segment/unique.ts';
import { checkZones } from './availability-zones.ts';
import { networkErrors } from './errors.ts';
import { guestVlansOfNewNetwork } from './guest-vlans.ts';
import { effectiveMtu, MIN_MTU_IPV4, MIN_MTU_IPV6 } from './mtu.ts';
import { newSegmentationId, requestedSegments } from './provider.ts';
import { changeSegmentationId } from './segmentation-id.ts';
import { writeExternal, writeShared } from './visibility.ts';

/** Networks and their segments (upstream: plugins/ml2/plugin.py, db/db_base_plugin_v2.py). */
export class Networks implements Collection<Network> {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  async list(context: Context, query: ListQuery): Promise<Page<Network>> {
    try {
      return await listNetworks(this.#machine.shared.database, query, this.#view(context));
    } catch (error) {
      if (error instanceof UnknownMarkerError) throw networkErrors.NetworkNotFound({ net_id: error.marker });
      throw error;
    }
  }

  async get(context: Context, id: string, fields: readonly string[] | null = null): Promise<Network> {
    const network = await getNetwork(this.#machine.shared.database.db, id, this.#view(context), fields);
    if (!network) throw networkErrors.NetworkNotFound({ net_id: id });
    return network;
  }

  async create(context: Context, input: Input): Promise<Network> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  async createBulk(context: Context, inputs: readonly Input[]): Promise<Network[]> {
    const { changes, defaultGroups, mechanisms, outbox } = this.#machine;
    const { result, tasks } = await changes.run(context, async (change) => {
      await change.quota('network', inputs);
      for (const project of new Set(inputs.map(({ project_id }) => project_id as string))) {
        await defaultGroups.ensureIn(change, project);
      }
      return inTurns(inputs, (input) => this.#createIn(change, input));
    });
    outbox.tellSoon(tasks);
    await afterCreate(result, {
      step: ({ network, segments }) =>
        mechanisms.postcommit('createNetworkPostcommit', { context, current: network, original: null, segments }),
      undo: ({ network }) => this.delete(context, network.id),
      logger: this.#machine.shared.logger,
    });
    // As upstream, whose answer to a POST has it on all networks, every other answer on external ones.
    const marked = this.#machine.shared.extensions.has('auto-allocated-topology');
    return result.map(({ network }) => (marked ? { is_default: false, ...network } : network));
  }

  async update(context: Context, id: string, changes: Input, ifRevision?: number | null): Promise<Network> {
    const { mechanisms, outbox } = this.#machine;
    const { result, tasks } = await this.#machine.changes.run(context, async (change) => {
      const original = await this.#stored(change, id);
      checkRevision(ifRevision, original.revision_number);
      await this.#updateIn(change, original, await segmentsOfNetworks(change.tx, [id]), changes);
      const segments = await segmentsOfNetworks(change.tx, [id]);
      const current = await this.#stored(change, id);
      await mechanisms.precommit('updateNetworkPrecommit', change.tx, { context, current, original, segments });
      await change.todo('network', id, 'updated', {
        mtu_changed: current.mtu !== original.mtu,
        qos_changed: current.qos_policy_id !== original.qos_policy_id,
      });
      return { current, original, segments };
    });
    outbox.tellSoon(tasks);
    await mechanisms.postcommit('updateNetworkPostcommit', { context, ...result });
    return result.current;
  }

  async delete(context: Context, id: string, ifRevision?: number | null): Promise<void> {
    const { changes, mechanisms, outbox, types } = this.#machine;
    const { result, tasks } = await changes.run(context, async (change) => {
      const { tx } = change;
      const original = await this.#stored(change, id);
      checkRevision(ifRevision, original.revision_number);
      if (this.#machine.shared.extensions.has('fip-port-details')) {
        await deleteUnusedFloatingIps(change, this.#machine, id);
      }
      const ports = await portsOfNetwork(tx, id);
      const used = ports.filter(({ device_owner }) => !autoDeletedOwners.has(device_owner));
      if (used.length > 0) {
        throw networkErrors.NetworkInUse({ net_id: id, ports: used.map((port) => port.id).join(',') });
      }
      // The network of HA routers: they are to be served by other agents tomorrow.
      if (await isHaNetwork(tx, id)) throw networkErrors.NetworkInUse({ net_id: id, ports: '' });
      for (const port of ports) await this.#machine.ports.deleteIn(change, port.id);
      for (const subnet of await subnetFacts(tx, id)) {
        await deleteSubnetRow(tx, subnet.id);
        this.#machine.ipam.picker.forget(subnet.id);
      }
      const segments = await segmentsOfNetworks(tx, [id]);
      await mechanisms.precommit('deleteNetworkPrecommit', tx, { context, current: original, original, segments });
      await types.release(tx, segments);
      await deleteNetworkRow(tx, id);
      await change.todo('network', id, 'deleted');
      return { original, segments };
    });
    outbox.tellSoon(tasks);
    const { original, segments } = result;
    try {
      await mechanisms.postcommit('deleteNetworkPostcommit', { context, current: original, original, segments });
    } catch {
      // Logged where it was thrown; the network is gone all the same, as upstream has it.
    }
  }

  async #createIn(change: Change, input: Input): Promise<Made> {
    const { types, extensionDrivers, mechanisms, shared } = this.#machine;
    const { tx, context, time } = change;
    const wanted = requestedSegments(input);
    if (wanted) await types.validate(tx, wanted);
    const zones = (input.availability_zone_hints as string[] | undefined) ?? [];
    await checkZones(tx, zones);
    const external = input['router:external'] === true;
    const project_id = (input.project_id as string | undefined) ?? '';
    const taken = wanted
      ? await types.reserve(tx, wanted, project_id)
      : [await types.allocate(tx, project_id, external)];
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
      mtu: this.#mtu(taken, (input.mtu as number | undefined) ?? 0),
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
    await qosOfNewNetwork(change, this.#machine, { input, network: owned });
    if (external) await writeExternal(tx, owned, true, input.is_default === true);
    if (input.shared === true) await writeShared(tx, owned, true);
    for (const driver of extensionDrivers) await driver.processCreateNetwork?.(tx, input, { id });
    await change.changed('network', id);
    const segments = await segmentsOfNetworks(tx, [id]);
    const network = await this.#stored(change, id);
    await mechanisms.precommit('createNetworkPrecommit', tx, { context, current: network, original: null, segments });
    return { network, segments };
  }

  async #updateIn(change: Change, original: Network, segments: readonly SegmentRow[], changes: Input): Promise<void> {
    const { tx, time } = change;
    const { id } = original;
    const segmentationId = newSegmentationId(changes, original);
    if (segmentationId !== null) await changeSegmentationId(change, this.#machine, segments, segmentationId);
    if (typeof changes.mtu === 'number') await this.#checkNewMtu(change, original, segments, changes.mtu);
    const columns: Record<string, unknown> = {};
    for (const key of ['name', 'description', 'admin_state_up', 'port_security_enabled'] as const) {
      if (changes[key] !== undefined && changes[key] !== null) columns[key] = changes[key];
    }
    if (typeof changes.mtu === 'number') columns.mtu = this.#mtu(segments, changes.mtu);
    // As upstream counts: what stands in the network's own row is a revision whenever it is given, what stands beside it
    // (sharing, the way outside, the domain) when it changes.
    let isNew = segmentationId !== null || Object.keys(columns).length > 0;
    if (typeof changes.dns_domain === 'string' && changes.dns_domain !== original.dns_domain) {
      columns.dns_domain = changes.dns_domain;
      isNew = true;
    }
    if (typeof changes.shared === 'boolean') isNew = (await writeShared(tx, original, changes.shared)) || isNew;
    const external = (changes['router:external'] as boolean | undefined) ?? original['router:external'];
    if (changes['router:external'] !== undefined || changes.is_default !== undefined) {
      const isDefault = changes.is_default as boolean | undefined;
      isNew = (await writeExternal(tx, original, external, isDefault)) || isNew;
    }
    isNew = (await changeNetworkQos(change, this.#machine, { changes, network: original })) || isNew;
    if (isNew) {
      const revision_number = original.revision_number + 1;
      await updateNetworkRow(tx, id, { ...columns, updated_at: time, revision_number });
    }
    for (const driver of this.#machine.extensionDrivers) await driver.processUpdateNetwork?.(tx, changes, { id });
  }

  #mtu(segments: readonly SegmentRequest[], requested: number): number {
    return effectiveMtu(this.#machine.types.mtu(segments), requested);
  }

  async #checkNewMtu(change: Change, network: Network, segments: readonly SegmentRow[], mtu: number): Promise<void> {
    const effective = this.#mtu(segments, mtu);
    if (network.subnets.length === 0) return;
    const subnets = await subnetFacts(change.tx, network.id);
    const minimum = subnets.some(({ ip_version }) => ip_version === 6) ? MIN_MTU_IPV6 : MIN_MTU_IPV4;
    if (effective < minimum) {
      throw networkErrors.NetworkMTUSubnetConflict({ mtu: effective, minimum, net_id: network.id });
    }
  }

  async #stored(change: Change, id: string): Promise<Network> {
    const network = await getNetwork(change.tx, id, this.#view(change.context));
    if (!network) throw networkErrors.NetworkNotFound({ net_id: id });
    return network;
  }

  #view(context: Context) {
    return viewOf(this.#machine.shared, context);
  }
}

interface Made {
  network: Network;
  segments: SegmentRow[];
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
