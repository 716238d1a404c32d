import { randomUUID } from 'node:crypto';
import { hostsOfRouter, type RouterFacts, routerFacts } from '../../db/write/routers.ts';
import type { Turn } from '../../db/write/turns.ts';
import { type Context, seesEverything } from '../../lib/context.ts';
import { inTurns } from '../../lib/turns.ts';
import type { GatewayRequest } from '../../resources/gateway-info.ts';
import type { HostRoute, Router } from '../../resources/shapes.ts';
import { type Change, checkRevision } from '../changes.ts';
import type { Collection, Input, RouteCall } from '../contract.ts';
import { floatingIpsDown } from '../floatingip/statuses.ts';
import { type HaNetworkEvent, tellDrivers } from '../ha-router/ha-network.ts';
import { HaRouters } from '../ha-router/ha-routers.ts';
import { scheduleRouterIn } from '../l3-agent/schedule-in.ts';
import { scheduleRouter } from '../l3-agent/scheduler.ts';
import type { Machine } from '../machine.ts';
import { changeNdpProxyOfRouter, ndpProxyOfNewRouter } from '../ndp-proxy/router-state.ts';
import type { StoredReads } from '../stored/reads.ts';
import { checkMayBeHa, interfacesOf } from './connected.ts';
import { routerErrors as errors } from './errors.ts';
import { checkCount, checkRoutes, groundOf, withoutRoutes, withRoutes } from './extra-routes.ts';
import { changeGateway, elevated, removeGateway, setGateway } from './gateway.ts';
import { changesKind, checkZones, isHighlyAvailable, refuseDistributed } from './kind.ts';
import { notFound, routeRows, routerReads, routerRows } from './storage.ts';

/** Routers (upstream: services/l3_router/l3_router_plugin.py, db/l3_db.py). */
export class Routers implements Collection<Router> {
  readonly list: Collection<Router>['list'];
  readonly get: StoredReads<Router>['get'];
  readonly #machine: Machine;
  readonly #reads: StoredReads<Router>;
  readonly #ha: HaRouters;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#reads = routerReads(machine.shared);
    this.#ha = new HaRouters(machine);
    this.list = this.#reads.list;
    this.get = this.#reads.get;
  }

  async create(context: Context, input: Input): Promise<Router> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  async createBulk(context: Context, inputs: readonly Input[]): Promise<Router[]> {
    for (const input of inputs) refuseDistributed(input);
    const { database, options } = this.#machine.shared;
    const wanted = await inTurns(inputs, async (input) => ({
      input,
      ha: await isHighlyAvailable(database.db, input, options.l3Agent.l3_ha),
    }));
    // What one leans on does not change meanwhile, and nobody else knows it yet. HA routers share a network.
    const turn = wanted.some(({ ha }) => ha) ? 'alone' : 'together';
    return this.run(
      context,
      async (change, events) => {
        await change.quota('router', inputs);
        return inTurns(wanted, ({ input, ha }) => this.#createIn(change, input, { ha, events }));
      },
      turn,
    );
  }

  async update(context: Context, id: string, changes: Input, ifRevision?: number | null): Promise<Router> {
    refuseDistributed(changes);
    return this.run(context, async (change, events) => {
      const router = await this.facts(change, id);
      checkRevision(ifRevision, router.revision_number);
      await this.#updateIn(change, router, { changes, events });
      await change.todo('router', id, 'updated');
      return (await this.#reads.whole(change.tx, id))!;
    });
  }

  /** @throws RouterInUse, RouterExternalGatewayInUseByFloatingIp */
  async delete(context: Context, id: string, ifRevision?: number | null): Promise<void> {
    await this.run(context, async (change, events) => {
      const { tx } = change;
      const router = await this.facts(change, id);
      checkRevision(ifRevision, router.revision_number);
      const attached = [...new Set(interfacesOf(router).map(({ port_id }) => port_id))];
      if (attached.length > 0) {
        throw errors.RouterInUse({ router_id: id, reason: `has ports still attached: ${attached.join(', ')}` });
      }
      await removeGateway(change, this.#machine, router);
      const hosts = await hostsOfRouter(tx, id);
      if (router.ha) await this.#ha.removeIn(elevated(change), router, events);
      await routerRows.remove(tx, id);
      await change.todo('router', id, 'deleted', { hosts });
    });
  }

  /** Routes besides those there are. @throws InvalidRoutes, RoutesExhausted */
  addRoutes(call: RouteCall): Promise<Router> {
    return this.#changeRoutes(call, withRoutes);
  }

  removeRoutes(call: RouteCall): Promise<Router> {
    return this.#changeRoutes(call, withoutRoutes);
  }

  /** A router as changes look at it. @throws RouterNotFound */
  async facts({ tx, context }: Change, id: string): Promise<RouterFacts> {
    const router = await routerFacts(tx, id);
    if (router === null || !(seesEverything(context) || router.project_id === context.projectId)) throw notFound(id);
    return router;
  }

  /** @param work done again after a race that was lost, each time with events of its own */
  async run<T>(
    context: Context,
    work: (change: Change, events: HaNetworkEvent[]) => Promise<T>,
    turn: Turn = 'alone',
  ): Promise<T> {
    let events: HaNetworkEvent[] = [];
    const again = (change: Change) => {
      events = [];
      return work(change, events);
    };
    const { result, tasks } = await this.#machine.changes.run(context, again, turn);
    this.#machine.outbox.tellSoon(tasks);
    await tellDrivers(this.#machine, events);
    return result;
  }

  async #createIn(
    change: Change,
    input: Input,
    { ha, events }: { ha: boolean; events: HaNetworkEvent[] },
  ): Promise<Router> {
    const { tx, time } = change;
    const { router: options } = this.#machine.shared.options;
    const id = randomUUID();
    const project_id = input.project_id as string;
    const zones = (input.availability_zone_hints as string[] | undefined) ?? [];
    await checkZones(change, zones);
    const row = {
      id,
      project_id,
      name: (input.name as string | undefined) ?? '',
      description: (input.description as string | undefined) ?? '',
      created_at: time,
      updated_at: time,
      revision_number: 1,
      status: 'ACTIVE',
      admin_state_up: input.admin_state_up !== false,
      gw_port_id: null,
      enable_snat: options.enable_snat_by_default,
      flavor_id: (input.flavor_id as string | null | undefined) ?? null,
      ha,
      ha_vr_id: ha ? await this.#ha.addIn(change, { id, project_id }, events) : 0,
      availability_zone_hints: JSON.stringify(zones),
      enable_ndp_proxy: false,
    };
    await routerRows.insert(tx, row);
    const info = (input.external_gateway_info as GatewayRequest | null | undefined) ?? null;
    if (info !== null) await setGateway(change, this.#machine, { ...row, attached: [], routes: [] }, info);
    await ndpProxyOfNewRouter(change, this.#machine, { id, input });
    if (ha || info !== null) {
      const facts = { ...row, availability_zone_hints: zones, external_network_id: info?.network_id ?? null };
      await scheduleRouter(change, this.#machine, facts, { present: [] });
    }
    await change.todo('router', id, 'created');
    return (await this.#reads.whole(tx, id))!;
  }

  async #updateIn(
    change: Change,
    router: RouterFacts,
    { changes, events }: { changes: Input; events: HaNetworkEvent[] },
  ): Promise<void> {
    const { tx, time } = change;
    const { id } = router;
    const routes = changes.routes as HostRoute[] | undefined;
    let current = router;
    if (changes.external_gateway_info !== undefined) {
      const info = changes.external_gateway_info as GatewayRequest | null;
      current = await changeGateway(change, this.#machine, router, { info, keepsRoutes: routes === undefined });
    }
    if (routes !== undefined) await this.#setRoutes(change, current, routes);
    const kind = changesKind(router, changes)
      ? await this.#switch(change, current, { ha: changes.ha as boolean, events })
      : {};
    const columns = Object.fromEntries(
      (['name', 'description', 'admin_state_up'] as const)
        .filter((key) => changes[key] !== undefined && changes[key] !== null && changes[key] !== router[key])
        .map((key) => [key, changes[key]]),
    );
    const answers = await changeNdpProxyOfRouter(change, this.#machine, { before: router, changes });
    if (Object.keys({ ...columns, ...kind }).length === 0 && !answers) return;
    await routerRows.update(tx, id, { ...columns, ...kind });
    await routerRows.bump(tx, id, time);
    if (columns.admin_state_up === false) await floatingIpsDown(change, id);
    if ('ha' in kind) await scheduleRouterIn(change, this.#machine, id);
  }

  /** @throws BadRequest, NoVRIDAvailable */
  async #switch(
    change: Change,
    router: RouterFacts,
    { ha, events }: { ha: boolean; events: HaNetworkEvent[] },
  ): Promise<{ ha: boolean; ha_vr_id: number }> {
    if (ha) await checkMayBeHa(change.tx, router, this.#machine.shared.options.l3Agent.l3_ha_net_cidr);
    return { ha, ha_vr_id: await this.#ha.switchIn(elevated(change), router, ha, events) };
  }

  #changeRoutes(
    { context, params, input, ifRevision }: RouteCall,
    combine: (present: readonly HostRoute[], given: readonly HostRoute[]) => HostRoute[],
  ): Promise<Router> {
    return this.run(context, async (change) => {
      const router = await this.facts(change, params.id!);
      checkRevision(ifRevision, router.revision_number);
      await this.#setRoutes(change, router, combine(router.routes, input.routes as HostRoute[]));
      await change.todo('router', router.id, 'updated');
      return (await this.#reads.whole(change.tx, router.id))!;
    });
  }

  async #setRoutes(change: Change, router: RouterFacts, routes: readonly HostRoute[]): Promise<void> {
    const { id } = router;
    checkRoutes(routes, groundOf(router, this.#machine.shared.options.l3Agent.l3_ha_net_cidr));
    checkCount(id, routes, this.#machine.shared.options.router.max_routes);
    if (JSON.stringify(routes) === JSON.stringify(router.routes)) return;
    await routeRows.replace(
      change.tx,
      id,
      routes.map((route, position) => ({ ...route, position })),
    );
    await routerRows.bump(change.tx, id, change.time);
  }
}
