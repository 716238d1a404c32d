import {
  changeInterfaceOwner,
  freeVrId,
  haNetworkOf,
  haPortsOf,
  takenVrIds,
  takeVrId,
} from '../../db/write/ha-routers.ts';
import { agentsOfRouters, type RouterFacts, unbindRouter } from '../../db/write/router-agents.ts';
import type { Change } from '../changes.ts';
import { placesOfRouter } from '../l3-agent/take-router.ts';
import type { Machine } from '../machine.ts';
import { elevated } from '../router/gateway.ts';
import { haErrors } from './errors.ts';
import { dropHaNetwork, type HaNetworkEvent, takeHaNetwork } from './ha-network.ts';

/** VRRP has a byte for it; 0 and 255 mean something else. */
const LAST_VR_ID = 254;

const INTERFACE = 'network:router_interface';
const REPLICATED_INTERFACE = 'network:ha_router_replicated_interface';

type HaRouter = Pick<RouterFacts, 'id' | 'project_id'>;

/** What makes a router highly available besides its agents (upstream: db/l3_hamode_db.py). */
export class HaRouters {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /**
   * A router is new, and highly available.
   * @param events hears of a network that is made for it
   * @returns its VRRP id
   * @throws NoVRIDAvailable, and what networks may be refused with
   */
  async addIn(change: Change, { id, project_id }: HaRouter, events: HaNetworkEvent[]): Promise<number> {
    const { tx } = change;
    const network = await takeHaNetwork(change, this.#machine, project_id, events);
    const taken = new Set(await takenVrIds(tx, network));
    const free = Array.from({ length: LAST_VR_ID }, (_, i) => i + 1).filter((vrId) => !taken.has(vrId));
    if (free.length === 0) throw haErrors.NoVRIDAvailable({ router_id: id });
    const vrId = free[Math.floor(this.#machine.shared.random() * free.length)]!;
    await takeVrId(tx, network, vrId);
    return vrId;
  }

  /**
   * A router goes, or is not highly available any more: its id is free, its ports on the HA network go, and the network, where it
   * was the last there.
   */
  async removeIn(
    change: Change,
    { id, project_id, ha_vr_id }: HaRouter & { ha_vr_id: number },
    events: HaNetworkEvent[],
  ): Promise<void> {
    const { tx } = change;
    for (const { port_id } of await haPortsOf(tx, [id])) await this.#machine.ports.deleteIn(elevated(change), port_id);
    const network = await haNetworkOf(tx, project_id);
    if (network === null) return;
    await freeVrId(tx, network, ha_vr_id);
    await dropHaNetwork(change, this.#machine, network, events);
  }

  /**
   * A router becomes highly available, or ceases to be. It loses its agents, so that it can get others when it is scheduled
   * after the row is written.
   *
   * @returns its VRRP id from now on: 0 for none
   */
  async switchIn(
    change: Change,
    router: HaRouter & { ha_vr_id: number },
    ha: boolean,
    events: HaNetworkEvent[],
  ): Promise<number> {
    const { tx } = change;
    const { forwarding } = this.#machine;
    const places = await placesOfRouter(change, this.#machine, router.id);
    const agents = await agentsOfRouters(tx, [router.id]);
    for (const agent of agents) await unbindRouter(tx, router.id, agent.id);
    if (agents.length > 0) {
      await change.todo('router', router.id, 'unscheduled', { hosts: agents.map(({ host }) => host) });
    }
    const [from, to] = ha ? ([INTERFACE, REPLICATED_INTERFACE] as const) : ([REPLICATED_INTERFACE, INTERFACE] as const);
    await changeInterfaceOwner(tx, router.id, { from, to, updated_at: change.time });
    for (const [id, was] of places) await forwarding.moved(change, id, was);
    if (ha) return this.addIn(change, router, events);
    await this.removeIn(change, router, events);
    return 0;
  }
}
