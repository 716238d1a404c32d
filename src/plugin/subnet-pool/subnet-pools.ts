import { randomUUID } from 'node:crypto';
import { routersOnPool } from '../../db/read/router-surroundings.ts';
import { bumpNetworksOfPool, lockPool, poolIsUsed } from '../../db/write/subnet-pools.ts';
import type { Context } from '../../lib/context.ts';
import { setOfCidrs } from '../../lib/ip/blocks.ts';
import { parseCidr } from '../../lib/ip/cidr.ts';
import { subtract } from '../../lib/ip/set.ts';
import { inTurns } from '../../lib/turns.ts';
import type { SubnetPool } from '../../resources/shapes.ts';
import { type Change, checkRevision } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import type { StoredReads } from '../stored/reads.ts';
import { draftPool, redraftPool } from './draft.ts';
import { subnetPoolErrors as errors } from './errors.ts';
import { checkScopeReaches, ScopeRules } from './scope-rules.ts';
import { prefixRows, subnetPoolEntries, subnetPoolReads, subnetPoolRows } from './storage.ts';

/** Subnet pools (upstream: db/db_base_plugin_v2.py, ipam/subnet_alloc.py). */
export class SubnetPools implements Collection<SubnetPool> {
  readonly list: Collection<SubnetPool>['list'];
  readonly get: StoredReads<SubnetPool>['get'];
  readonly #machine: Machine;
  readonly #reads: StoredReads<SubnetPool>;
  readonly #scopes: ScopeRules;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#reads = subnetPoolReads(machine.shared);
    this.#scopes = new ScopeRules(machine.shared);
    this.list = this.#reads.list;
    this.get = this.#reads.get;
  }

  async create(context: Context, input: Input): Promise<SubnetPool> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  createBulk(context: Context, inputs: readonly Input[]): Promise<SubnetPool[]> {
    return this.#run(context, async (change) => {
      await change.quota('subnetpool', inputs);
      return inTurns(inputs, (input) => this.#createIn(change, input));
    });
  }

  /** Counts a revision even when nothing changes, as the real server does. */
  async update(context: Context, id: string, changes: Input, ifRevision?: number | null): Promise<SubnetPool> {
    const pool = await this.#run(context, async (change) => {
      const stored = await this.#reads.stored(change.tx, context, id);
      checkRevision(ifRevision, stored.revision_number);
      return this.updateIn(change, stored, changes);
    });
    return afterUpdate(pool, changes);
  }

  /** @throws SubnetPoolDeleteError while subnets of it are there */
  async delete(context: Context, id: string, ifRevision?: number | null): Promise<void> {
    await this.#run(context, async ({ tx }) => {
      const pool = await this.#reads.stored(tx, context, id);
      checkRevision(ifRevision, pool.revision_number);
      await lockPool(tx, id);
      if (await poolIsUsed(tx, id)) {
        throw errors.SubnetPoolDeleteError({ reason: 'Subnet pool has existing allocations' });
      }
      await subnetPoolRows.remove(tx, id);
    });
  }

  /**
   * Changes a pool inside a transaction; its prefixes can only become more.
   * @throws IllegalSubnetPoolPrefixUpdate, InvalidInput and what `draftPool` and `ScopeRules` refuse
   */
  async updateIn(change: Change, stored: SubnetPool, changes: Input): Promise<SubnetPool> {
    const { tx } = change;
    const { id, address_scope_id: oldScope } = stored;
    if (changes.prefixes !== undefined) checkGrows(stored, changes.prefixes as string[]);
    const draft = redraftPool(stored, changes);
    const is_default = (changes.is_default as boolean | undefined) ?? stored.is_default;
    if (is_default && !stored.is_default) await this.#checkOnlyDefault(change, draft.ip_version);
    const scope = changes.address_scope_id === undefined ? oldScope : (changes.address_scope_id as string | null);
    if (oldScope !== null) await this.#scopes.checkOwned(change, id, oldScope);
    if (scope !== null) await this.#scopes.check(change, id, draft, scope, scope !== oldScope);
    const { prefixes, ...columns } = draft;
    const wanted = {
      ...columns,
      name: changes.name ?? stored.name,
      description: changes.description ?? stored.description,
      is_default,
      address_scope_id: scope,
    };
    await lockPool(tx, id);
    await subnetPoolRows.update(tx, id, wanted);
    if (changes.prefixes !== undefined) await replacePrefixes(change, id, prefixes);
    if (scope !== oldScope) {
      await bumpNetworksOfPool(tx, id, change.time);
      for (const router of await routersOnPool(tx, id)) await change.todo('router', router, 'updated');
    }
    return this.touched(change, id);
  }

  /** After something of it was written. */
  async touched({ tx, time, context }: Change, id: string): Promise<SubnetPool> {
    await subnetPoolRows.bump(tx, id, time);
    return this.#reads.stored(tx, context, id);
  }

  async #createIn(change: Change, input: Input): Promise<SubnetPool> {
    const { tx, time } = change;
    const { prefixes, ...draft } = draftPool(input);
    const id = randomUUID();
    const project_id = (input.project_id as string | undefined) ?? '';
    const scope = (input.address_scope_id as string | null | undefined) ?? null;
    if (input.is_default === true) await this.#checkOnlyDefault(change, draft.ip_version);
    if (scope !== null) await this.#scopes.check(change, id, { prefixes, ...draft }, scope, false);
    await subnetPoolRows.insert(tx, {
      id,
      project_id,
      name: input.name,
      description: input.description ?? '',
      created_at: time,
      updated_at: time,
      revision_number: 0,
      ...draft,
      is_default: input.is_default === true,
      hash: randomUUID(),
      address_scope_id: scope,
    });
    await replacePrefixes(change, id, prefixes);
    if (input.shared === true) {
      const entry = { id: randomUUID(), project_id, object_id: id, target_project: '*', action: 'access_as_shared' };
      await checkScopeReaches(change, entry);
      await subnetPoolEntries.insert(tx, entry);
    }
    return (await this.#reads.whole(tx, id))!;
  }

  /** @throws InvalidInput when there is a default pool of this version already */
  async #checkOnlyDefault({ tx }: Change, version: number): Promise<void> {
    const found = await this.#reads.find(tx, { filters: { is_default: [true], ip_version: [version] }, limit: 1 });
    if (found.length === 0) return;
    const once = 'Only one default may exist per IP family';
    throw errors.InvalidInput({
      error_message: `A default subnetpool for this IP family has already been set. ${once}`,
    });
  }

  async #run<T>(context: Context, work: (change: Change) => Promise<T>): Promise<T> {
    const { result, tasks } = await this.#machine.changes.run(context, work);
    this.#machine.outbox.tellSoon(tasks);
    return result;
  }
}

/** Writes all prefixes of a pool. */
export async function replacePrefixes({ tx }: Change, id: string, prefixes: readonly string[]): Promise<void> {
  await prefixRows.replace(
    tx,
    id,
    prefixes.map((cidr) => ({ cidr })),
  );
}

/** The numbers of an address of the other family mean nothing here. @throws IllegalSubnetPoolPrefixUpdate */
function checkGrows({ prefixes, ip_version }: SubnetPool, wanted: readonly string[]): void {
  const alike = wanted.filter((prefix) => parseCidr(prefix)!.version === ip_version);
  if (subtract(setOfCidrs(prefixes), setOfCidrs(alike)).length === 0) return;
  throw errors.IllegalSubnetPoolPrefixUpdate({ msg: 'Existing prefixes must be a subset of the new prefixes' });
}

/**
 * The answer to a PUT, as the real server gives it: prefix lengths are numbers where every other answer has text, and what is
 * null is only there when it was sent.
 */
function afterUpdate(pool: SubnetPool, changes: Input): SubnetPool {
  const { min_prefixlen, max_prefixlen, default_prefixlen, default_quota, address_scope_id, ...rest } = pool;
  return {
    ...rest,
    min_prefixlen: Number(min_prefixlen),
    max_prefixlen: Number(max_prefixlen),
    default_prefixlen: Number(default_prefixlen),
    ...((default_quota !== null || changes.default_quota !== undefined) && { default_quota }),
    ...((address_scope_id !== null || changes.address_scope_id !== undefined) && { address_scope_id }),
  } as SubnetPool;
}
