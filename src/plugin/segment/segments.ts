import { randomUUID } from 'node:crypto';
import { getNetwork } from '../../db/read/networks.ts';
import { boundPorts } from '../../db/write/bindings.ts';
import { bumpNetwork } from '../../db/write/networks.ts';
import {
  deleteSegmentRow,
  insertSegment,
  type SegmentRow,
  segmentById,
  segmentsOfNetworks,
  updateSegmentRow,
} from '../../db/write/segments.ts';
import { subnetsOfSegment } from '../../db/write/subnets.ts';
import type { Context } from '../../lib/context.ts';
import { inTurns } from '../../lib/turns.ts';
import type { Network } from '../../resources/shapes.ts';
import { type Change, checkRevision } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import { autoDeletedOwners } from '../ipam/owners.ts';
import type { Machine } from '../machine.ts';
import type { SegmentRequest } from '../ml2/contract.ts';
import { networkErrors } from '../network/errors.ts';
import { effectiveMtu } from '../network/mtu.ts';
import { callersFullView } from '../parts.ts';
import { type StoredReads, storedReads } from '../stored/reads.ts';
import { segmentErrors as errors } from './errors.ts';
import { mapSegment } from './host-mapping.ts';
import { segmentSpec } from './storage.ts';
import { checkUnique } from './unique.ts';

/** A segment as the API shows it. */
export interface Segment extends Omit<SegmentRow, 'segment_index' | 'is_dynamic'> {
  [extension: string]: unknown;
}

/** The segments of networks, as resources of their own (upstream: services/segments/db.py, plugin.py). */
export class Segments implements Collection<Segment> {
  readonly list: Collection<Segment>['list'];
  readonly get: StoredReads<Segment>['get'];
  readonly #machine: Machine;
  readonly #reads: StoredReads<Segment>;

  constructor(machine: Machine) {
    this.#machine = machine;
    const notFound = (segment_id: string) => errors.SegmentNotFound({ segment_id });
    this.#reads = storedReads<Segment>(machine.shared, segmentSpec, notFound);
    this.list = this.#reads.list;
    this.get = this.#reads.get;
  }

  async create(context: Context, input: Input): Promise<Segment> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  async createBulk(context: Context, inputs: readonly Input[]): Promise<Segment[]> {
    const { changes, mechanisms, outbox } = this.#machine;
    const { result, tasks } = await changes.run(context, (change) =>
      inTurns(inputs, (input) => this.#createIn(change, input)),
    );
    outbox.tellSoon(tasks);
    for (const { change } of result) await mechanisms.postcommit('updateNetworkPostcommit', change);
    return result.map(({ segment }) => segment);
  }

  async update(context: Context, id: string, changes: Input, ifRevision?: number | null): Promise<Segment> {
    const { result } = await this.#machine.changes.run(context, async ({ tx, time }) => {
      const original = await this.#reads.stored(tx, context, id);
      checkRevision(ifRevision, original.revision_number);
      const columns = Object.fromEntries(
        (['name', 'description'] as const)
          .filter((key) => changes[key] !== undefined && changes[key] !== original[key])
          .map((key) => [key, changes[key]]),
      );
      if (Object.keys(columns).length === 0) return original;
      const revision_number = original.revision_number + 1;
      await updateSegmentRow(tx, id, { ...columns, updated_at: time, revision_number });
      return (await this.#reads.whole(tx, id))!;
    });
    return result;
  }

  async delete(context: Context, id: string, ifRevision?: number | null): Promise<void> {
    const { changes, mechanisms, outbox, types } = this.#machine;
    const { result, tasks } = await changes.run(context, async (change) => {
      const { tx } = change;
      const { revision_number } = await this.#reads.stored(tx, context, id);
      checkRevision(ifRevision, revision_number);
      const segment = (await segmentById(tx, id))!;
      await this.#release(change, segment);
      const original = await this.#network(change, segment.network_id);
      await types.release(tx, [segment]);
      await deleteSegmentRow(tx, id);
      return this.#changed(change, original);
    });
    outbox.tellSoon(tasks);
    await mechanisms.postcommit('updateNetworkPostcommit', result).catch(() => {
      // Logged where it was thrown; the segment is gone all the same.
    });
  }

  async #createIn(change: Change, input: Input) {
    const { mechanisms, types } = this.#machine;
    const { tx, time } = change;
    const original = await this.#network(change, input.network_id as string);
    await change.quota('segment', [{ project_id: original.project_id }]);
    const request = requestOf(input);
    await types.validate(tx, [request]);
    const present = await segmentsOfNetworks(tx, [original.id]);
    const [taken] = (await types.reserve(tx, [request], null)) as [SegmentRequest];
    checkUnique(original.id, [...present, taken]);
    // What the network was given must fit the new segment, too.
    effectiveMtu(types.mtu([...present, taken]), original.mtu);
    const row: SegmentRow = {
      id: randomUUID(),
      network_id: original.id,
      ...taken,
      segment_index: Math.max(-1, ...present.map(({ segment_index }) => segment_index)) + 1,
      is_dynamic: false,
      name: (input.name as string | null | undefined) ?? null,
      description: (input.description as string | null | undefined) ?? null,
      created_at: time,
      updated_at: time,
      revision_number: 0,
    };
    await insertSegment(tx, row);
    await mapSegment(tx, mechanisms, row);
    return { segment: (await this.#reads.whole(tx, row.id))!, change: await this.#changed(change, original) };
  }

  /**
   * Nothing may be left on a segment that goes, but for ports of DHCP agents, which go with it.
   * @throws SegmentInUse
   */
  async #release(change: Change, { id }: SegmentRow): Promise<void> {
    const ports = await boundPorts(change.tx, id);
    const subnets = await subnetsOfSegment(change.tx, id);
    const reasons = [
      ...(ports.some(({ device_owner }) => !autoDeletedOwners.has(device_owner))
        ? [`The segment is still bound with ${ports.length} port(s)`]
        : []),
      ...(subnets.length > 0 ? [`The segment is still associated with subnet(s) ${subnets.join(', ')}`] : []),
    ];
    if (reasons.length > 0) {
      // Upstream joins the whole errors, a line each.
      const reason = reasons.join(`.\nSegment '${id}' cannot be deleted: `);
      throw errors.SegmentInUse({ segment_id: id, reason });
    }
    for (const port of ports) await this.#machine.ports.deleteIn(change, port.id);
  }

  /** The network of a segment that came or went, for drivers: it is another network to them. */
  async #changed(change: Change, original: Network) {
    const { tx, context, time } = change;
    await bumpNetwork(tx, original.id, time);
    const current = await this.#network(change, original.id);
    const segments = await segmentsOfNetworks(tx, [original.id]);
    await this.#machine.mechanisms.precommit('updateNetworkPrecommit', tx, { context, current, original, segments });
    return { context, current, original, segments };
  }

  async #network({ tx, context }: Change, id: string): Promise<Network> {
    const network = await getNetwork(tx, id, callersFullView(context));
    if (!network) throw networkErrors.NetworkNotFound({ net_id: id });
    return network;
  }
}

function requestOf(input: Input): SegmentRequest {
  return {
    network_type: input.network_type as string,
    physical_network: (input.physical_network as string | null | undefined) || null,
    segmentation_id: (input.segmentation_id as number | null | undefined) || null,
  };
}
