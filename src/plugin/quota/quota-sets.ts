import type { Db } from '../../db/database.ts';
import { deleteLimits, limitsOf, limitsOfAll, setLimit } from '../../db/write/quotas.ts';
import type { Context } from '../../lib/context.ts';
import type { Input, RouteCall } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { quotaErrors as errors } from './errors.ts';

type Limits = Record<string, number>;

interface Use {
  limit: number;
  used: number;
  reserved: number;
}

/** Limits as resources of the API: those of one project are one quota (upstream: extensions/quotasv2.py). */
export class QuotaSets {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Of the projects that have limits of their own. */
  async list(): Promise<Record<string, unknown>[]> {
    const sets = new Map<string, Limits>();
    for (const { project_id, resource, limit } of await limitsOfAll(this.#db)) {
      const limits = sets.get(project_id) ?? this.defaults();
      if (Object.hasOwn(limits, resource)) limits[resource] = limit;
      sets.set(project_id, limits);
    }
    return [...sets].map(([project_id, limits]) => ({ ...limits, project_id, tenant_id: project_id }));
  }

  get({ params }: RouteCall): Promise<Limits> {
    return this.#limits(this.#db, params.id!);
  }

  defaults(): Limits {
    const { quotas } = this.#machine;
    return Object.fromEntries(quotas.resources.map((resource) => [resource, quotas.defaultLimit(resource)]));
  }

  /** @throws AdminRequired for another project's */
  async details({ context, params }: RouteCall): Promise<Record<string, Use>> {
    const id = params.id!;
    if (id !== context.projectId && !context.isAdmin) {
      throw errors.AdminRequired({ reason: 'Only admin is authorized to access quotas for another project' });
    }
    const uses: Record<string, Use> = {};
    for (const [resource, limit] of Object.entries(await this.#limits(this.#db, id))) {
      // Nothing is ever reserved: see Quotas.
      uses[resource] = { limit, used: await this.#machine.quotas.rows(resource).count(this.#db, id), reserved: 0 };
    }
    return uses;
  }

  /** @throws HTTPBadRequest when a limit is below what the project uses, unless `force` is given */
  async update({ context, params, input }: RouteCall): Promise<Limits> {
    const { force, check_limit: _always, ...limits } = input;
    const { result } = await this.#machine.changes.run(context, async ({ tx }) => {
      for (const [resource, limit] of Object.entries(limits as Limits)) {
        if (force !== true) await this.#checkUse(tx, params.id!, resource, limit);
        await setLimit(tx, { project_id: params.id!, resource, limit });
      }
      return this.#limits(tx, params.id!);
    });
    return result;
  }

  /** @throws TenantQuotaNotFound when the project has no limits of its own */
  async delete({ context, params }: RouteCall): Promise<void> {
    await this.#machine.changes.run(context, async ({ tx }) => {
      if (!(await deleteLimits(tx, params.id!))) throw errors.TenantQuotaNotFound({ tenant_id: params.id! });
    });
  }

  async #limits(db: Db, projectId: string): Promise<Limits> {
    const limits = this.defaults();
    for (const { resource, limit } of await limitsOf(db, projectId)) {
      if (Object.hasOwn(limits, resource)) limits[resource] = limit;
    }
    return limits;
  }

  async #checkUse(db: Db, projectId: string, resource: string, limit: number): Promise<void> {
    if (limit < 0) return;
    const used = await this.#machine.quotas.rows(resource).count(db, projectId);
    if (used > limit) {
      throw errors.HTTPBadRequest({
        message: `Quota limit ${limit} for ${resource} must be greater than or equal to already used ${used}`,
      });
    }
  }

  get #db(): Db {
    return this.#machine.shared.database.db;
  }
}

/** @throws QuotaMissingTenant */
export function callersProject(context: Context, key: 'tenant_id' | 'project_id'): Input {
  if (!context.projectId) throw errors.QuotaMissingTenant();
  return { [key]: context.projectId };
}
