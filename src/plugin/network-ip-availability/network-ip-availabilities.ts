import { networkIpAvailabilities as definitions } from '../../db/read/network-ip-availabilities.ts';
import { type Reader, reader } from '../../db/read/resource.ts';
import { UnknownMarkerError } from '../../db/read/view.ts';
import type { Context } from '../../lib/context.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import type { NetworkIpAvailability } from '../../resources/shapes.ts';
import type { Collection } from '../contract.ts';
import { networkErrors } from '../network/errors.ts';
import { type Shared, wholeView } from '../parts.ts';

type Name = keyof typeof definitions;
const readers = Object.fromEntries(
  Object.entries(definitions).map(([name, definition]) => [name, reader(name, definition)]),
) as unknown as Readonly<Record<Name, Reader<NetworkIpAvailability>>>;

/**
 * How many addresses of networks there are and are taken (upstream: services/network_ip_availability/plugin.py). Whoever the
 * policy lets look sees every network, as upstream.
 */
export class NetworkIpAvailabilities implements Collection<NetworkIpAvailability> {
  readonly #shared: Shared;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  /** A filter by IP version leaves out the other subnets, and networks that have none left. */
  async list(_: Context, query: ListQuery): Promise<Page<NetworkIpAvailability>> {
    const versions = new Set(query.filters.ip_version);
    const name: Name =
      versions.size !== 1
        ? 'network_ip_availabilities'
        : versions.has(4)
          ? 'network_ip_availabilities_v4'
          : 'network_ip_availabilities_v6';
    try {
      return await readers[name].list(this.#shared.database, query, wholeView(this.#shared));
    } catch (error) {
      if (error instanceof UnknownMarkerError) throw networkErrors.NetworkNotFound({ net_id: error.marker });
      throw error;
    }
  }

  /** @throws NetworkNotFound */
  async get(_: Context, id: string, fields: readonly string[] | null = null): Promise<NetworkIpAvailability> {
    const { network_ip_availabilities: read } = readers;
    const found = await read.get(this.#shared.database.db, id, wholeView(this.#shared), fields);
    if (found === null) throw networkErrors.NetworkNotFound({ net_id: id });
    return found;
  }
}
