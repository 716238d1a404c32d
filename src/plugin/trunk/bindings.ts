import { getPort } from '../../db/read/ports.ts';
import { fullView } from '../../db/read/view.ts';
import { carrierOf, setTrunkStatus } from '../../db/write/trunks.ts';
import type { Context } from '../../lib/context.ts';
import type { Port } from '../../resources/shapes.ts';
import { trunkStatuses } from '../../resources/trunk.ts';
import {
  endpoint,
  TRUNK_NAMESPACE,
  TRUNK_VERSION,
  type TrunkMethods,
  type VersionedObject,
  type WirePort,
  type WireSubPort,
} from '../../rpc/contract.ts';
import type { Endpoint } from '../../rpc/transport.ts';
import type { Change } from '../changes.ts';
import type { Machine } from '../machine.ts';
import { messageView } from '../parts.ts';
import { wirePort } from '../rpc/wire.ts';
import type { StoredReads } from '../stored/reads.ts';
import { trunkErrors } from './errors.ts';
import { type Trunk, trunkReads } from './storage.ts';

/** Whose a port on a trunk is, once it is wired. */
const SUBPORT_OWNER = 'trunk:subport';

/** What agents report of trunks (upstream: services/trunk/rpc/server.py `TrunkSkeleton`). */
export function trunkEndpoint(machine: Machine): Endpoint {
  const bindings = new TrunkBindings(machine);
  return {
    ...endpoint<TrunkMethods>(TRUNK_VERSION, {
      update_subport_bindings: ({ subports }, context) => bindings.bind(subports.map(plain), context),
      update_trunk_status: async ({ trunk_id, status }, context) => {
        await bindings.setStatus(trunk_id, status, context);
        return null;
      },
    }),
    namespace: TRUNK_NAMESPACE,
  };
}

/** Python agents send objects as they are or as dictionaries, by what their serializer knows of them. */
function plain(subPort: WireSubPort | VersionedObject): WireSubPort {
  return 'versioned_object.data' in subPort
    ? (subPort['versioned_object.data'] as unknown as WireSubPort)
    : (subPort as WireSubPort);
}

/** Sub-ports follow their trunk's parent from host to host. */
class TrunkBindings {
  readonly #machine: Machine;
  readonly #reads: StoredReads<Trunk>;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#reads = trunkReads(machine.shared);
  }

  /** Binds ports to where their trunks are. @returns the ports as they are now, by trunk */
  async bind(subPorts: readonly WireSubPort[], context: Context): Promise<Record<string, WirePort[]>> {
    const answer: Record<string, WirePort[]> = {};
    for (const [trunkId, asked] of Map.groupBy(subPorts, ({ trunk_id }) => trunk_id)) {
      const trunk = await this.#reads.whole(this.#machine.shared.database.db, trunkId);
      // It may have been deleted meanwhile, and its sub-ports have changed.
      if (trunk === null) continue;
      const present = new Set(trunk.sub_ports.map(({ port_id }) => port_id));
      const ids = asked.map(({ port_id }) => port_id).filter((id) => present.has(id));
      answer[trunkId] = await this.#bindThose(trunk, ids, { ...context, isAdmin: true });
    }
    return answer;
  }

  async setStatus(id: string, status: string, context: Context): Promise<void> {
    if (!trunkStatuses.some((one) => one === status)) {
      throw trunkErrors.InvalidInput({ error_message: `'${status}' is no status of a trunk` });
    }
    const { changes } = this.#machine;
    await changes.run(context, async ({ tx, time }) => void (await setTrunkStatus(tx, id, status, time)), null);
  }

  async #bindThose({ id, port_id }: Trunk, subPorts: readonly string[], context: Context): Promise<WirePort[]> {
    const { logger } = this.#machine.shared;
    const host = await this.#hostOf(port_id);
    await this.setStatus(id, 'BUILD', context);
    const bound: WirePort[] = [];
    let left = 0;
    for (const port of subPorts) {
      try {
        const current = await this.#bindOne(port, { trunk: id, host }, context);
        if (current === null) {
          left += 1;
          continue;
        }
        if (current['binding:vif_type'] === 'binding_failed') {
          logger.error({ trunk: id, port, host }, 'a sub-port could not be bound where its trunk is');
          await this.setStatus(id, 'ERROR', context);
          return [];
        }
        bound.push(wirePort(current));
      } catch (error) {
        logger.error({ trunk: id, port, host, error }, 'a sub-port could not be bound where its trunk is');
      }
    }
    if (bound.length + left < subPorts.length) await this.setStatus(id, 'DEGRADED', context);
    return bound;
  }

  /** Where the trunk's parent is, or is about to be. */
  async #hostOf(portId: string): Promise<string> {
    const parent = await getPort(this.#machine.shared.database.db, portId, fullView);
    const goesTo = parent?.['binding:profile'].migrating_to;
    return typeof goesTo === 'string' && goesTo !== '' ? goesTo : (parent?.['binding:host_id'] ?? '');
  }

  /**
   * One that is there already is left as it is.
   * @returns null for one that the trunk lost meanwhile: it is its owner's again, and stays where it is
   */
  async #bindOne(id: string, to: { trunk: string; host: string }, context: Context): Promise<Port | null> {
    const { ports, shared } = this.#machine;
    const { trunk, host } = to;
    const port = await getPort(shared.database.db, id, messageView(shared));
    const there =
      port?.['binding:host_id'] === host &&
      port.device_owner === SUBPORT_OWNER &&
      port['binding:vif_type'] !== 'binding_failed' &&
      port['binding:vif_type'] !== 'unbound';
    if (there) return port;
    const provided = async ({ tx }: Change) => {
      // Trunks change alone, ports beside each other: what is read here holds until the commit.
      if ((await carrierOf(tx, id))?.trunk_id !== trunk) throw new NoLongerCarried();
    };
    const changes = { 'binding:host_id': host, device_owner: SUBPORT_OWNER };
    try {
      return await ports.updateFull(context, id, changes, { provided });
    } catch (error) {
      if (error instanceof NoLongerCarried) return null;
      throw error;
    }
  }
}

class NoLongerCarried extends Error {}
