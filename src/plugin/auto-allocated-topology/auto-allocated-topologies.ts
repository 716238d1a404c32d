import { portsOfNetwork } from '../../db/write/addresses.ts';
import { type AllocatedTopology, allocatedTopology, insertTopology } from '../../db/write/auto-allocated-topologies.ts';
import { defaultExternal } from '../../db/write/networks.ts';
import type { Context } from '../../lib/context.ts';
import { NeutronError } from '../../lib/errors.ts';
import { inTurns } from '../../lib/turns.ts';
import type { SubnetPool } from '../../resources/shapes.ts';
import type { RouteCall } from '../contract.ts';
import { autoDeletedOwners, routerInterfaceOwners } from '../ipam/owners.ts';
import type { Machine } from '../machine.ts';
import { networkErrors } from '../network/errors.ts';
import type { StoredReads } from '../stored/reads.ts';
import { subnetPoolReads } from '../subnet-pool/storage.ts';
import { autoAllocateErrors as errors } from './errors.ts';
import { AllocatedRouters } from './routers.ts';

/** A network's id under the name that clients look for, or what says that all is there to make one. */
export interface Topology {
  id: string;
  tenant_id: string;
  /** Not in the answer to a dry run, as at the real server. */
  project_id?: string;
}

/**
 * A network that is ready to use, made for a project when it first asks (upstream: services/auto_allocate/db.py). With it
 * come subnets from the default pools, and (where there are routers) one that leads to the default external network.
 */
export class AutoAllocatedTopologies {
  readonly #machine: Machine;
  readonly #pools: StoredReads<SubnetPool>;
  readonly #routers: AllocatedRouters;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#pools = subnetPoolReads(machine.shared);
    this.#routers = new AllocatedRouters(machine);
  }

  /** `fields=dry-run` only says whether it could be made. @throws AutoAllocationFailure, BadRequest, NotAuthorized */
  async get({ context, params, parameters }: RouteCall): Promise<Topology> {
    const project = projectOf(context, params);
    const fields = parameters.filter(([name, value]) => name === 'fields' && value !== '').map(([, value]) => value);
    if (fields.includes('dry-run')) {
      await this.#requireExternal();
      if ((await this.#defaultPools(context)).length === 0) fail('No default subnetpools defined');
      return { id: 'dry-run=pass', tenant_id: project };
    }
    if (fields.length > 0) throw errors.BadRequest({ msg: 'Unrecognized field' });
    const known = await allocatedTopology(this.#machine.shared.database.db, project);
    if (known !== null) return topology(known.network_id, project);
    const outside = await this.#requireExternal();
    return topology(await this.#make(context, project, outside), project);
  }

  /** Nothing to do where nothing was made. @throws NetworkInUse */
  async delete({ context, params }: RouteCall): Promise<void> {
    const made = await allocatedTopology(this.#machine.shared.database.db, projectOf(context, params));
    if (made === null) return;
    await this.#requireUnused(made.network_id);
    await this.#routers.remove(context, made.router_id);
    await this.#remove(context, made.network_id);
  }

  /** Switched on at last, so that nobody uses it half made. @returns the network's id */
  async #make(context: Context, project: string, outside: string): Promise<string> {
    const { networks } = this.#machine.collections;
    const pools = await this.#defaultPools(context);
    if (pools.length === 0) fail(NO_NETWORK);
    const named = { name: 'auto_allocated_network', project_id: project };
    const { id } = await networks!.create!(context, { ...named, admin_state_up: false, shared: false });
    let router: string | null = null;
    try {
      const subnets = await inTurns(pools, (pool) => this.#takeSubnet(context, project, id, pool));
      router = await this.#routers.make(context, { project, outside, subnets });
      const kept = await this.#record(context, project, { network_id: id, router_id: router });
      if (kept === id) await networks!.update!(context, id, { admin_state_up: true });
      else await this.#undo(context, id, router);
      return kept;
    } catch (error) {
      await this.#undo(context, id, router);
      throw isUnmet(error) ? errors.AutoAllocationFailure({ reason: NO_NETWORK }, error) : error;
    }
  }

  async #undo(context: Context, network: string, router: string | null): Promise<void> {
    await this.#routers.remove(context, router);
    await this.#remove(context, network);
  }

  async #takeSubnet(context: Context, project_id: string, network_id: string, pool: SubnetPool): Promise<string> {
    const { ip_version, id: subnetpool_id } = pool;
    const name = `auto_allocated_subnet_v${ip_version}`;
    const input = { name, project_id, network_id, ip_version, subnetpool_id };
    return (await this.#machine.collections.subnets!.create!(context, input)).id;
  }

  /** @returns the project's network: another one when another request was first */
  async #record(context: Context, project: string, made: AllocatedTopology): Promise<string> {
    const { result } = await this.#machine.changes.run(context, async ({ tx }) => {
      const first = await allocatedTopology(tx, project);
      if (first === null) await insertTopology(tx, project, made);
      return (first ?? made).network_id;
    });
    return result;
  }

  /** Before anything of it goes. @throws NetworkInUse */
  async #requireUnused(net_id: string): Promise<void> {
    const ports = await portsOfNetwork(this.#machine.shared.database.db, net_id);
    const used = ports.filter(
      ({ device_owner: owner }) => !autoDeletedOwners.has(owner) && !routerInterfaceOwners.has(owner),
    );
    if (used.length > 0) throw networkErrors.NetworkInUse({ net_id, ports: used.map(({ id }) => id).join(',') });
  }

  /** Somebody else may have been first. */
  async #remove(context: Context, network: string): Promise<void> {
    try {
      await this.#machine.collections.networks!.delete!(context, network);
    } catch (error) {
      if (!(error instanceof NeutronError && error.kind === 'not_found')) throw error;
    }
  }

  /** Where a router leads to. @throws AutoAllocationFailure */
  async #requireExternal(): Promise<string> {
    return (await defaultExternal(this.#machine.shared.database.db)) ?? fail('No default router:external network');
  }

  /** Those that the caller sees, at most one of each IP version. */
  #defaultPools(context: Context): Promise<SubnetPool[]> {
    return this.#pools.visible(this.#machine.shared.database.db, context, {
      filters: { is_default: [true] },
      sorts: [{ key: 'ip_version', direction: 'asc' }],
    });
  }
}

const NO_NETWORK = 'Unable to provide tenant private network';

function fail(reason: string): never {
  throw errors.AutoAllocationFailure({ reason });
}

/** The deployment has not what is needed; anything else (a quota) is the project's own affair and said as it is. */
function isUnmet(error: unknown): boolean {
  if (!(error instanceof NeutronError)) return false;
  return error.type === 'SubnetAllocationError' || error.kind === 'bad_request' || error.kind === 'not_found';
}

/** Policy may let a project ask for another one; only administrators get an answer. */
function projectOf(context: Context, { project_id }: RouteCall['params']): string {
  if (!context.isAdmin && project_id !== context.projectId) throw errors.NotAuthorized();
  return project_id!;
}

function topology(id: string, project: string): Topology {
  return { id, tenant_id: project, project_id: project };
}
