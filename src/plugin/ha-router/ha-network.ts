import { forgetHaNetwork, haNetworkOf, setHaNetwork } from '../../db/write/ha-routers.ts';
import { adminContext } from '../../lib/context.ts';
import { NeutronError } from '../../lib/errors.ts';
import type { Machine } from '../machine.ts';

/** Who makes one and then finds the project's network gone does it again this often. */
const MAX_TRIES = 10;

/**
 * The hidden network of a project over which its HA routers speak VRRP: no project's own, made for the first such router and
 * removed with the last (upstream: db/l3_hamode_db.py).
 */
export class HaNetworks {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /**
   * Does something that needs the project's HA network: makes the network first where there is none, and does it again when
   * the last other router took the network with it meanwhile. A network that was made for nothing goes again.
   */
  async within<T>(projectId: string, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const isNew = await this.#ensure(projectId);
      try {
        return await work();
      } catch (error) {
        const isGone = error instanceof NeutronError && error.type === 'HANetworkConcurrentDeletion';
        if (isGone && attempt < MAX_TRIES) continue;
        if (isNew) await this.removeUnused(projectId);
        throw error;
      }
    }
  }

  /** After a router ceased to be one of the project's HA routers: nothing happens while there are others. */
  async removeUnused(projectId: string): Promise<void> {
    const { changes, shared } = this.#machine;
    const network = await haNetworkOf(shared.database.db, projectId);
    if (network === null) return;
    const { result: isUnused } = await changes.run(adminContext(), ({ tx }) => forgetHaNetwork(tx, projectId));
    if (isUnused) await this.#delete(network);
  }

  /** @returns whether it is new */
  async #ensure(projectId: string): Promise<boolean> {
    const { changes, collections, shared } = this.#machine;
    if ((await haNetworkOf(shared.database.db, projectId)) !== null) return false;
    const context = adminContext();
    const { id } = await collections.networks!.create!(context, {
      name: `HA network tenant ${projectId}`,
      project_id: '',
      admin_state_up: true,
      shared: false,
      ...this.#provider(),
    });
    try {
      await collections.subnets!.create!(context, {
        network_id: id,
        project_id: '',
        name: `HA subnet tenant ${projectId}`,
        ip_version: 4,
        cidr: shared.options.l3Agent.l3_ha_net_cidr,
        enable_dhcp: false,
        gateway_ip: null,
      });
      const { result: isFirst } = await changes.run(context, async ({ tx }) => {
        if ((await haNetworkOf(tx, projectId)) !== null) return false;
        await setHaNetwork(tx, projectId, id);
        return true;
      });
      if (!isFirst) await this.#delete(id);
      return isFirst;
    } catch (error) {
      await this.#delete(id);
      throw error;
    }
  }

  #provider(): Record<string, string> {
    const { l3_ha_network_type: type, l3_ha_network_physical_name: physical } = this.#machine.shared.options.l3Agent;
    return {
      ...(type !== '' && { 'provider:network_type': type }),
      ...(physical !== '' && { 'provider:physical_network': physical }),
    };
  }

  async #delete(id: string): Promise<void> {
    try {
      await this.#machine.collections.networks!.delete!(adminContext(), id);
    } catch (error) {
      if (!(error instanceof NeutronError)) throw error;
      this.#machine.shared.logger.warn(
        { resource: 'network', id, error },
        'an HA network without routers is left behind',
      );
    }
  }
}
