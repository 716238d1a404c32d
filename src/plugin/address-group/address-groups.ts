import { randomUUID } from 'node:crypto';
import { addressGroupIsUsed, groupsNamingAddresses } from '../../db/write/security-groups.ts';
import type { Context } from '../../lib/context.ts';
import { formatCidr, parseCidr } from '../../lib/ip/cidr.ts';
import { pythonString } from '../../lib/python-text.ts';
import { inTurns } from '../../lib/turns.ts';
import type { AddressGroup } from '../../resources/shapes.ts';
import { type Change, checkRevision } from '../changes.ts';
import type { Collection, Input, RouteCall } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { type StoredReads, storedReads } from '../stored/reads.ts';
import { addressGroupErrors as errors } from './errors.ts';
import { addressGroupRows, addressGroupSpec, addressRows } from './storage.ts';

/** Named lists of addresses (upstream: db/address_group_db.py). */
export class AddressGroups implements Collection<AddressGroup> {
  readonly list: Collection<AddressGroup>['list'];
  readonly get: StoredReads<AddressGroup>['get'];
  readonly #machine: Machine;
  readonly #reads: StoredReads<AddressGroup>;

  constructor(machine: Machine) {
    this.#machine = machine;
    const notFound = (address_group_id: string) => errors.AddressGroupNotFound({ address_group_id });
    this.#reads = storedReads<AddressGroup>(machine.shared, addressGroupSpec, notFound);
    this.list = this.#reads.list;
    this.get = this.#reads.get;
  }

  async create(context: Context, input: Input): Promise<AddressGroup> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  createBulk(context: Context, inputs: readonly Input[]): Promise<AddressGroup[]> {
    return this.#run(context, async (change) => {
      await change.quota('address_group', inputs);
      return inTurns(inputs, (input) => this.#createIn(change, input));
    });
  }

  update(context: Context, id: string, changes: Input, ifRevision?: number | null): Promise<AddressGroup> {
    return this.#run(context, async (change) => {
      const group = await this.#reads.stored(change.tx, context, id);
      checkRevision(ifRevision, group.revision_number);
      const isNew = (['name', 'description'] as const).some(
        (key) => changes[key] !== undefined && changes[key] !== group[key],
      );
      if (!isNew) return group;
      await addressGroupRows.update(change.tx, id, changes);
      return this.#touched(change, id);
    });
  }

  async delete(context: Context, id: string, ifRevision?: number | null): Promise<void> {
    await this.#run(context, async (change) => {
      const group = await this.#reads.stored(change.tx, context, id);
      checkRevision(ifRevision, group.revision_number);
      if (await addressGroupIsUsed(change.tx, id)) throw errors.AddressGroupInUse({ address_group_id: id });
      await addressGroupRows.remove(change.tx, id);
      await change.changed('address_group', id);
    });
  }

  /** @throws AddressesAlreadyExist when the group has one of them already: none is added then */
  addAddresses({ context, params, input, ifRevision }: RouteCall): Promise<AddressGroup> {
    return this.#run(context, async (change) => {
      const { id, revision_number, addresses } = await this.#reads.stored(change.tx, context, params.id!);
      checkRevision(ifRevision, revision_number);
      const wanted = networkForms(input.addresses as string[]);
      const known = wanted.filter((address) => addresses.includes(address));
      if (known.length > 0) {
        throw errors.AddressesAlreadyExist({ addresses: pythonString(known), address_group_id: id });
      }
      await addressRows.add(change.tx, id, wanted.map(asRow));
      return this.#readdressed(change, id);
    });
  }

  /** @throws AddressesNotFound when the group lacks one of them: none is removed then */
  removeAddresses({ context, params, input, ifRevision }: RouteCall): Promise<AddressGroup> {
    return this.#run(context, async (change) => {
      const { id, revision_number, addresses } = await this.#reads.stored(change.tx, context, params.id!);
      checkRevision(ifRevision, revision_number);
      const wanted = networkForms(input.addresses as string[]);
      const unknown = wanted.filter((address) => !addresses.includes(address));
      if (unknown.length > 0) {
        throw errors.AddressesNotFound({ addresses: pythonString(unknown), address_group_id: id });
      }
      await addressRows.remove(change.tx, id, wanted);
      return this.#readdressed(change, id);
    });
  }

  async #createIn(change: Change, input: Input): Promise<AddressGroup> {
    const { tx, time } = change;
    const id = randomUUID();
    const addresses = networkForms((input.addresses as string[] | undefined) ?? []);
    await addressGroupRows.insert(tx, {
      id,
      project_id: input.project_id,
      name: input.name,
      description: input.description ?? '',
      created_at: time,
      updated_at: time,
      revision_number: 0,
    });
    await addressRows.add(tx, id, addresses.map(asRow));
    await change.changed('address_group', id);
    return (await this.#reads.whole(tx, id))!;
  }

  /** Rules that refer to it mean other addresses now. */
  async #readdressed(change: Change, id: string): Promise<AddressGroup> {
    if (this.#machine.defaultGroups.enabled) {
      for (const group of await groupsNamingAddresses(change.tx, id)) {
        await change.todo('security_group', group, 'rules_updated');
      }
    }
    return this.#touched(change, id);
  }

  async #touched(change: Change, id: string): Promise<AddressGroup> {
    const { tx, time } = change;
    await addressGroupRows.bump(tx, id, time);
    await change.changed('address_group', id);
    return (await this.#reads.whole(tx, id))!;
  }

  async #run<T>(context: Context, work: (change: Change) => Promise<T>): Promise<T> {
    const { result, tasks } = await this.#machine.changes.run(context, work);
    this.#machine.outbox.tellSoon(tasks);
    return result;
  }
}

/** Without host bits, each once: what the rows hold. */
function networkForms(addresses: readonly string[]): string[] {
  return [...new Set(addresses.map((address) => formatCidr(parseCidr(address)!)))];
}

function asRow(address: string): { address: string } {
  return { address };
}
