import { findNetworks } from '../../db/read/networks.ts';
import { findSubnets } from '../../db/read/subnets.ts';
import { fullView } from '../../db/read/view.ts';
import type { Context } from '../../lib/context.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import type { Collection } from '../contract.ts';
import { type Shared, viewOf } from '../parts.ts';
import { floatingIpErrors as errors } from './errors.ts';

export interface FloatingIpPool {
  subnet_id: string;
  subnet_name: string;
  network_id: string;
  cidr: string;
  tenant_id: string | null;
  project_id: string | null;
}

/** IPv4 subnets of the external networks that the caller sees (upstream: db/l3_fip_pools_db.py). */
export class FloatingIpPools implements Collection<FloatingIpPool> {
  readonly #shared: Shared;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  async list(context: Context, { fields }: ListQuery): Promise<Page<FloatingIpPool>> {
    const { db } = this.#shared.database;
    const filters = { 'router:external': [true] };
    const networks = await findNetworks(db, { filters, fields: ['id'] }, viewOf(this.#shared, context));
    if (networks.length === 0) return { items: [] };
    const network_id = networks.map(({ id }) => id);
    // Subnets of an external network are the operator's; where addresses come from is everybody's business.
    const subnets = await findSubnets(db, { filters: { network_id, ip_version: [4] } }, fullView);
    const pools = subnets.map((subnet) => ({
      subnet_id: subnet.id,
      subnet_name: subnet.name,
      network_id: subnet.network_id,
      cidr: subnet.cidr,
      tenant_id: context.projectId,
      project_id: context.projectId,
    }));
    return { items: fields === null ? pools : pools.map((pool) => only(pool, fields)) };
  }

  /** Pools have no ids, so none can be asked for. */
  async get(_context: Context, id: string): Promise<never> {
    throw errors.HTTPNotFound({ id });
  }
}

function only(pool: FloatingIpPool, fields: readonly string[]): FloatingIpPool {
  return Object.fromEntries(Object.entries(pool).filter(([key]) => fields.includes(key))) as unknown as FloatingIpPool;
}
