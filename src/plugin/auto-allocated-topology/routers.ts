import { routerFacts } from '../../db/write/routers.ts';
import type { Context } from '../../lib/context.ts';
import { NeutronError } from '../../lib/errors.ts';
import type { Router } from '../../resources/shapes.ts';
import type { Machine } from '../machine.ts';
import { interfacesOf } from '../router/connected.ts';
import { RouterInterfaces } from '../router/router-interfaces.ts';
import { Routers } from '../router/routers.ts';
import { autoAllocateErrors as errors } from './errors.ts';

/** The routers of auto-allocated topologies; where no routers are served there are none. */
export class AllocatedRouters {
  readonly #machine: Machine;
  readonly #routers: Routers;
  readonly #interfaces: RouterInterfaces;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#routers = new Routers(machine);
    this.#interfaces = new RouterInterfaces(machine, this.#routers);
  }

  /**
   * A router between subnets and the world.
   * @returns its id
   * @throws AutoAllocationFailure, and what is the project's own affair: OverQuota
   */
  async make(
    context: Context,
    { project, outside, subnets }: { project: string; outside: string; subnets: readonly string[] },
  ): Promise<string | null> {
    if (!this.#machine.shared.extensions.has('router')) return null;
    let made: Router | null = null;
    try {
      made = await this.#routers.create(context, {
        name: 'auto_allocated_router',
        project_id: project,
        admin_state_up: true,
        external_gateway_info: { network_id: outside },
      });
      for (const subnet_id of subnets) await this.#change('add', context, made.id, { subnet_id });
      return made.id;
    } catch (error) {
      await this.remove(context, made?.id ?? null);
      const isUnmet = error instanceof NeutronError && (error.kind === 'bad_request' || error.kind === 'not_found');
      throw isUnmet
        ? errors.AutoAllocationFailure({ reason: 'Unable to provide external connectivity' }, error)
        : error;
    }
  }

  /** With its interfaces; somebody may have been first. */
  async remove(context: Context, id: string | null): Promise<void> {
    if (id === null) return;
    try {
      const router = await routerFacts(this.#machine.shared.database.db, id);
      const attached = new Set(interfacesOf(router ?? { attached: [] }).map(({ port_id }) => port_id));
      for (const port_id of attached) await this.#change('remove', context, id, { port_id });
      await this.#routers.delete(context, id);
    } catch (error) {
      if (!(error instanceof NeutronError && error.kind === 'not_found')) throw error;
    }
  }

  #change(how: 'add' | 'remove', context: Context, id: string, input: Record<string, string>): Promise<unknown> {
    return this.#interfaces[how]({ context, params: { id }, input, parameters: [], ifRevision: null });
  }
}
