import type { Db } from '../../db/database.ts';
import { type PlacedPort, placesInNetworks } from '../../db/read/forwarding.ts';
import { type FdbNetwork, FLOODING_ENTRY } from '../../rpc/contract.ts';
import { Ends } from './messages.ts';
import { entriesOf } from './notes.ts';
import { type TunnelEnds, tunnelEnds } from './tunnel-ends.ts';

/** Everything that is in some networks, for hosts that must know all of it. */
export class NetworkLists {
  readonly #places: ReadonlyMap<string, readonly PlacedPort[]>;
  readonly #ends: TunnelEnds;

  private constructor(places: readonly PlacedPort[], ends: TunnelEnds) {
    this.#places = Map.groupBy(
      places.filter(({ present }) => present),
      ({ network_id }) => network_id,
    );
    this.#ends = ends;
  }

  /** @param host the only one that they are for; null: for several */
  static async read(db: Db, networkIds: readonly string[], host: string | null = null): Promise<NetworkLists> {
    const places = await placesInNetworks(db, networkIds, host);
    return new NetworkLists(
      places,
      await tunnelEnds(
        db,
        places.map(({ host }) => host),
        0,
      ),
    );
  }

  /** What is on other hosts than this one; null where nothing is. */
  without(host: string, networkId: string): FdbNetwork | null {
    const places = (this.#places.get(networkId) ?? []).filter(
      (place) => place.host !== host && this.#ends.get(place.host)?.types.includes(place.network_type),
    );
    const [first] = places;
    if (!first) return null;
    const found = new Ends();
    for (const place of places) found.add(this.#ends.get(place.host)!.ip, [FLOODING_ENTRY, ...entriesOf(place)]);
    return { segment_id: first.segmentation_id, network_type: first.network_type, ports: found.ports };
  }
}
