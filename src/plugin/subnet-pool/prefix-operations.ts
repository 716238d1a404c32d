import { getNetwork } from '../../db/read/networks.ts';
import { bumpNetwork } from '../../db/write/networks.ts';
import { lockPool, poolSubnets } from '../../db/write/subnet-pools.ts';
import { bumpSubnet, subnetsOfNetwork, updateSubnetRow } from '../../db/write/subnets.ts';
import type { Context } from '../../lib/context.ts';
import { blocksOf, setOfCidrs, setsOverlap } from '../../lib/ip/blocks.ts';
import { formatCidr, parseCidr } from '../../lib/ip/cidr.ts';
import { subtract } from '../../lib/ip/set.ts';
import { inTurns } from '../../lib/turns.ts';
import type { SubnetPool } from '../../resources/shapes.ts';
import { type Change, checkRevision } from '../changes.ts';
import type { RouteCall } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { networkErrors } from '../network/errors.ts';
import { viewOf } from '../parts.ts';
import type { StoredReads } from '../stored/reads.ts';
import { subnetPoolErrors as errors } from './errors.ts';
import { subnetPoolReads } from './storage.ts';
import { replacePrefixes, type SubnetPools } from './subnet-pools.ts';

interface Prefixes {
  prefixes: string[];
}

/** Routes on a pool that change its prefixes (upstream: extensions subnetpool-prefix-ops and subnet_onboard). */
export class PrefixOperations {
  readonly #machine: Machine;
  readonly #pools: SubnetPools;
  readonly #reads: StoredReads<SubnetPool>;

  constructor(machine: Machine, pools: SubnetPools) {
    this.#machine = machine;
    this.#pools = pools;
    this.#reads = subnetPoolReads(machine.shared);
  }

  /** By the rules of an update. */
  add(call: RouteCall): Promise<Prefixes> {
    return this.#onPool(call, async (change, pool) => {
      const prefixes = [...pool.prefixes, ...given(call)];
      return { prefixes: (await this.#pools.updateIn(change, pool, { prefixes })).prefixes };
    });
  }

  /** What is not there need not go; a part of a prefix leaves the rest. @throws IllegalSubnetPoolPrefixUpdate */
  remove(call: RouteCall): Promise<Prefixes> {
    return this.#onPool(call, async (change, pool) => {
      const version = pool.ip_version;
      // An address of the other family is not in the pool, whatever its number.
      const going = setOfCidrs(given(call).filter((prefix) => parseCidr(prefix)!.version === version));
      const present = setOfCidrs(pool.prefixes);
      if (!setsOverlap(present, going)) return { prefixes: pool.prefixes };
      await lockPool(change.tx, pool.id);
      const taken = (await poolSubnets(change.tx, pool.id)).map(({ cidr }) => cidr);
      if (setsOverlap(setOfCidrs(taken), going)) {
        throw errors.IllegalSubnetPoolPrefixUpdate({
          msg: 'One or more the prefixes to be removed is in use by a subnet.',
        });
      }
      await replacePrefixes(change, pool.id, blocksOf(subtract(present, going), version).map(formatCidr));
      return { prefixes: (await this.#pools.touched(change, pool.id)).prefixes };
    });
  }

  /**
   * Makes the subnets of a network, of the pool's version, the pool's, and their addresses its prefixes.
   * @throws InvalidInput, NetworkNotFound, NotAuthorized on a network of another project, IllegalSubnetPoolUpdate
   */
  onboard(call: RouteCall): Promise<{ id: string; cidr: string }[]> {
    return this.#onPool(call, async (change, pool) => {
      const { tx, context, time } = change;
      const network_id = await this.#ownNetwork(change, context, call.input.network_id);
      const subnets = await subnetsOfNetwork(tx, network_id, pool.ip_version);
      await lockPool(tx, pool.id);
      const taken = setOfCidrs((await poolSubnets(tx, pool.id)).map(({ cidr }) => cidr));
      for (const { id, cidr } of subnets) {
        if (!setsOverlap(taken, setOfCidrs([cidr]))) continue;
        throw errors.IllegalSubnetPoolUpdate({
          reason: `Onboarding subnet ${id}: ${cidr} conflicts with allocated prefixes in subnet pool ${pool.id}`,
        });
      }
      const prefixes = [...pool.prefixes, ...subnets.map(({ cidr }) => cidr)];
      await this.#pools.updateIn(change, pool, { prefixes });
      await inTurns(subnets, async ({ id }) => {
        await updateSubnetRow(tx, id, { subnetpool_id: pool.id });
        await bumpSubnet(tx, id, time);
        await change.todo('subnet', id, 'updated', { network_id });
      });
      if (subnets.length > 0) await bumpNetwork(tx, network_id, time);
      return subnets;
    });
  }

  async #ownNetwork({ tx }: Change, context: Context, id: unknown): Promise<string> {
    if (id === undefined || id === null) throw errors.InvalidInput({ error_message: 'network_id must be specified.' });
    const network = await getNetwork(tx, String(id), viewOf(this.#machine.shared, context));
    if (network === null) throw networkErrors.NetworkNotFound({ net_id: String(id) });
    if (!context.isAdmin && network.project_id !== context.projectId) throw errors.NotAuthorized();
    return network.id;
  }

  async #onPool<T>(call: RouteCall, work: (change: Change, pool: SubnetPool) => Promise<T>): Promise<T> {
    const { context, params, ifRevision } = call;
    const { result, tasks } = await this.#machine.changes.run(context, async (change) => {
      const pool = await this.#reads.stored(change.tx, context, params.id!);
      checkRevision(ifRevision, pool.revision_number);
      return work(change, pool);
    });
    this.#machine.outbox.tellSoon(tasks);
    return result;
  }
}

/** @throws HTTPBadRequest without prefixes */
function given({ input }: RouteCall): string[] {
  if (!Array.isArray(input.prefixes)) throw errors.HTTPBadRequest({ message: 'Request body contains invalid data' });
  return input.prefixes as string[];
}
