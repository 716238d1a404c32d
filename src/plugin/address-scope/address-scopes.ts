import { randomUUID } from 'node:crypto';
import type { Tx } from '../../db/database.ts';
import { scopeIsUsed } from '../../db/write/subnet-pools.ts';
import type { Context } from '../../lib/context.ts';
import { inTurns } from '../../lib/turns.ts';
import type { AddressScope } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import type { StoredReads } from '../stored/reads.ts';
import { addressScopeErrors as errors } from './errors.ts';
import { addressScopeEntries, addressScopeReads, addressScopeRows } from './storage.ts';

/** Address scopes (upstream: db/address_scope_db.py). They have no revision, so no `If-Match` either. */
export class AddressScopes implements Collection<AddressScope> {
  readonly list: Collection<AddressScope>['list'];
  readonly get: StoredReads<AddressScope>['get'];
  readonly #machine: Machine;
  readonly #reads: StoredReads<AddressScope>;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#reads = addressScopeReads(machine.shared);
    this.list = this.#reads.list;
    this.get = this.#reads.get;
  }

  async create(context: Context, input: Input): Promise<AddressScope> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  createBulk(context: Context, inputs: readonly Input[]): Promise<AddressScope[]> {
    return this.#run(context, async (change) => {
      await change.quota('address_scope', inputs);
      return inTurns(inputs, (input) => this.#createIn(change, input));
    });
  }

  /** @throws AddressScopeUpdateError what is shared stays so */
  update(context: Context, id: string, changes: Input): Promise<AddressScope> {
    return this.#run(context, async ({ tx }) => {
      const scope = await this.#reads.stored(tx, context, id);
      const { name, shared } = changes;
      if (scope.shared && shared === false) {
        throw errors.AddressScopeUpdateError({
          address_scope_id: id,
          reason: "Shared address scope can't be unshared",
        });
      }
      if (name !== undefined && name !== scope.name) await addressScopeRows.update(tx, id, { name });
      if (shared === true) await share(tx, scope);
      return this.#reads.stored(tx, context, id);
    });
  }

  /** @throws AddressScopeInUse */
  async delete(context: Context, id: string): Promise<void> {
    await this.#run(context, async ({ tx }) => {
      await this.#reads.stored(tx, context, id);
      if (await scopeIsUsed(tx, id)) throw errors.AddressScopeInUse({ address_scope_id: id });
      await addressScopeRows.remove(tx, id);
    });
  }

  async #createIn({ tx }: Change, input: Input): Promise<AddressScope> {
    const scope = {
      id: randomUUID(),
      project_id: (input.project_id as string | undefined) ?? '',
      name: input.name ?? '',
      ip_version: input.ip_version,
    };
    await addressScopeRows.insert(tx, scope);
    if (input.shared === true) await share(tx, scope);
    return (await this.#reads.whole(tx, scope.id))!;
  }

  async #run<T>(context: Context, work: (change: Change) => Promise<T>): Promise<T> {
    const { result, tasks } = await this.#machine.changes.run(context, work);
    this.#machine.outbox.tellSoon(tasks);
    return result;
  }
}

/** Opens it to everybody, unless it is so already. */
async function share(tx: Tx, { id, project_id }: { id: string; project_id: string }): Promise<void> {
  const entries = await addressScopeEntries.of(tx, id);
  if (entries.some((entry) => entry.target_project === '*')) return;
  const entry = { project_id, object_id: id, target_project: '*', action: 'access_as_shared' };
  await addressScopeEntries.insert(tx, { id: randomUUID(), ...entry });
}
