import { getNetwork, listNetworks } from '../../db/read/networks.ts';
import { UnknownMarkerError } from '../../db/read/view.ts';
import { updateNetworkRow } from '../../db/write/networks.ts';
import { type SegmentRow, segmentsOfNetworks } from '../../db/write/segments.ts';
import { subnetFacts } from '../../db/write/subnets.ts';
import type { Context } from '../../lib/context.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import { inTurns } from '../../lib/turns.ts';
import type { Network } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import { checkRevision } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { afterCreate } from '../ml2/after-create.ts';
import type { SegmentRequest } from '../ml2/contract.ts';
import { viewOf } from '../parts.ts';
import { changeNetworkQos } from '../qos/attach.ts';
import { createNetworkIn, storedNetwork } from './create.ts';
import { networkErrors } from './errors.ts';
import { effectiveMtu, MIN_MTU_IPV4, MIN_MTU_IPV6 } from './mtu.ts';
import { newSegmentationId } from './provider.ts';
import { removeNetworkIn } from './remove.ts';
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
      return inTurns(inputs, (input) => createNetworkIn(change, this.#machine, input));
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
      const original = await storedNetwork(change, this.#machine, id);
      checkRevision(ifRevision, original.revision_number);
      await this.#updateIn(change, original, await segmentsOfNetworks(change.tx, [id]), changes);
      const segments = await segmentsOfNetworks(change.tx, [id]);
      const current = await storedNetwork(change, this.#machine, id);
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
    const { changes, mechanisms, outbox } = this.#machine;
    const { result, tasks } = await changes.run(context, (change) =>
      removeNetworkIn(change, this.#machine, id, ifRevision),
    );
    outbox.tellSoon(tasks);
    const { network: original, segments } = result;
    try {
      await mechanisms.postcommit('deleteNetworkPostcommit', { context, current: original, original, segments });
    } catch {
      // Logged where it was thrown; the network is gone all the same, as upstream has it.
    }
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

  #view(context: Context) {
    return viewOf(this.#machine.shared, context);
  }
}
