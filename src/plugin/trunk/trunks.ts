import { randomUUID } from 'node:crypto';
import { getPort } from '../../db/read/ports.ts';
import { fullView } from '../../db/read/view.ts';
import { setTrunkStatus } from '../../db/write/trunks.ts';
import type { Context } from '../../lib/context.ts';
import { inTurns } from '../../lib/turns.ts';
import type { SubPortRequest } from '../../resources/sub-ports.ts';
import { type Change, checkRevision } from '../changes.ts';
import type { Collection, Input, RouteCall } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { trunkObjectData } from '../objects/trunk.ts';
import type { StoredReads } from '../stored/reads.ts';
import { trunkErrors as errors } from './errors.ts';
import { checkParent, checkRemovable } from './parent-rules.ts';
import { type SubPort, subPortRows, type Trunk, trunkReads, trunkRows } from './storage.ts';
import { checkDistinct, checkSubPorts, wellFormed } from './sub-port-rules.ts';

/** Ports whose VLANs are ports of other networks (upstream: services/trunk/plugin.py). */
export class Trunks implements Collection<Trunk> {
  readonly list: Collection<Trunk>['list'];
  readonly get: StoredReads<Trunk>['get'];
  readonly #machine: Machine;
  readonly #reads: StoredReads<Trunk>;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#reads = trunkReads(machine.shared);
    this.list = this.#reads.list;
    this.get = this.#reads.get;
  }

  async create(context: Context, input: Input): Promise<Trunk> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  createBulk(context: Context, inputs: readonly Input[]): Promise<Trunk[]> {
    return this.#run(context, async (change) => {
      await change.quota('trunk', inputs);
      return inTurns(inputs, (input) => this.#createIn(change, input));
    });
  }

  update(context: Context, id: string, changes: Input, ifRevision?: number | null): Promise<Trunk> {
    return this.#run(context, async (change) => {
      const trunk = await this.#reads.stored(change.tx, context, id);
      checkRevision(ifRevision, trunk.revision_number);
      const columns = Object.fromEntries(
        (['name', 'description', 'admin_state_up'] as const)
          .filter((key) => changes[key] !== undefined && changes[key] !== trunk[key])
          .map((key) => [key, changes[key]]),
      );
      if (Object.keys(columns).length === 0) return trunk;
      await trunkRows.update(change.tx, id, columns);
      return this.#touched(change, id);
    });
  }

  /** @throws TrunkDisabled, TrunkInUse */
  async delete(context: Context, id: string, ifRevision?: number | null): Promise<void> {
    await this.#run(context, async (change) => {
      const trunk = await this.#managed(change, id, ifRevision);
      await checkRemovable(change, trunk);
      await trunkRows.remove(change.tx, id);
      await change.todo('trunk', id, 'deleted', { object: trunkObjectData(trunk) });
    });
  }

  /** @throws what a sub-port may be refused with; none is added then */
  addSubPorts({ context, params, input, ifRevision }: RouteCall): Promise<Trunk> {
    return this.#run(context, async (change) => {
      const trunk = await this.#reads.stored(change.tx, context, params.id!);
      checkRevision(ifRevision, trunk.revision_number);
      const { id } = trunk;
      const requests = wellFormed(input.sub_ports);
      const parent = (await getPort(change.tx, trunk.port_id, fullView))!;
      const subPorts = await checkSubPorts(change, parent, requests);
      checkEnabled(trunk);
      if (trunk.status === 'ERROR') throw errors.TrunkInErrorState({ trunk_id: id });
      checkDistinct(id, trunk.sub_ports, subPorts);
      await subPortRows.add(change.tx, id, subPorts);
      return this.#resubported(change, id, 'subports_added', subPorts);
    });
  }

  /** @throws SubPortNotFound when the trunk lacks one of them: none is removed then */
  removeSubPorts({ context, params, input, ifRevision }: RouteCall): Promise<Trunk> {
    return this.#run(context, async (change) => {
      const trunk = await this.#managed(change, params.id!, ifRevision);
      const { id } = trunk;
      const present = new Map(trunk.sub_ports.map((subPort) => [subPort.port_id, subPort]));
      const removed = wellFormed(input.sub_ports).map(({ port_id }) => {
        const subPort = present.get(port_id);
        if (subPort === undefined) throw errors.SubPortNotFound({ trunk_id: id, port_id });
        return subPort;
      });
      await subPortRows.remove(
        change.tx,
        id,
        removed.map(({ port_id }) => port_id),
      );
      return this.#resubported(change, id, 'subports_removed', removed);
    });
  }

  async subPorts({ context, params }: RouteCall): Promise<{ sub_ports: SubPort[] }> {
    const { sub_ports } = await this.get(context, params.id!);
    return { sub_ports };
  }

  async #createIn(change: Change, input: Input): Promise<Trunk> {
    const { tx, time } = change;
    const id = randomUUID();
    const parent = await checkParent(change, input.port_id as string);
    const requests = (input.sub_ports as SubPortRequest[] | undefined) ?? [];
    const subPorts = await checkSubPorts(change, parent, requests);
    checkDistinct(id, [], subPorts);
    await trunkRows.insert(tx, {
      id,
      project_id: input.project_id,
      name: input.name ?? '',
      description: input.description ?? '',
      created_at: time,
      updated_at: time,
      revision_number: 0,
      admin_state_up: input.admin_state_up ?? true,
      port_id: parent.id,
      status: 'DOWN',
    });
    await subPortRows.add(tx, id, subPorts);
    await change.todo('trunk', id, 'created');
    return (await this.#reads.whole(tx, id))!;
  }

  /** A trunk that may be changed. @throws TrunkNotFound, RevisionNumberConstraintFailed, TrunkDisabled */
  async #managed(change: Change, id: string, ifRevision: number | null | undefined): Promise<Trunk> {
    const trunk = await this.#reads.stored(change.tx, change.context, id);
    checkRevision(ifRevision, trunk.revision_number);
    checkEnabled(trunk);
    return trunk;
  }

  /** What its agent has made is not what it should be: DOWN until it is, also out of an error. */
  async #resubported(
    change: Change,
    id: string,
    action: 'subports_added' | 'subports_removed',
    subPorts: readonly SubPort[],
  ): Promise<Trunk> {
    if (subPorts.length === 0) return (await this.#reads.whole(change.tx, id))!;
    const changed = await setTrunkStatus(change.tx, id, 'DOWN', change.time);
    if (!changed) await trunkRows.bump(change.tx, id, change.time);
    await change.todo('trunk', id, action, { objects: subPorts.map((subPort) => ({ ...subPort, trunk_id: id })) });
    return (await this.#reads.whole(change.tx, id))!;
  }

  async #touched({ tx, time }: Change, id: string): Promise<Trunk> {
    await trunkRows.bump(tx, id, time);
    return (await this.#reads.whole(tx, id))!;
  }

  async #run<T>(context: Context, work: (change: Change) => Promise<T>): Promise<T> {
    const { result, tasks } = await this.#machine.changes.run(context, work);
    this.#machine.outbox.tellSoon(tasks);
    return result;
  }
}

function checkEnabled({ id, admin_state_up }: Trunk): void {
  if (!admin_state_up) throw errors.TrunkDisabled({ trunk_id: id });
}
