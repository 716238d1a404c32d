import type { Db } from '../database.ts';
import { prepared } from '../prepared.ts';

/** Who on a network answers for an address. */
export interface AddressHolder {
  readonly port_id: string;
  /** `own`: one of the port's addresses; `pair`: one that its guest may take (an address pair). */
  readonly by: 'own' | 'pair';
}

type OnNetwork = { network_id: string; ip_address: string };

const own = prepared((db, p: OnNetwork) =>
  db
    .selectFrom('ipallocations')
    .select('port_id')
    .where('network_id', '=', p.network_id)
    .where('ip_address', '=', p.ip_address)
    .limit(1),
);

const paired = prepared((db, p: OnNetwork) =>
  db
    .selectFrom('allowedaddresspairs as pair')
    .innerJoin('ports', 'ports.id', 'pair.port_id')
    .select('pair.port_id')
    .where('ports.network_id', '=', p.network_id)
    .where('pair.ip_address', '=', p.ip_address)
    .limit(1),
);

/**
 * The port of a network that has an address, canonical; null: none. Pairs of whole blocks are not looked through: any
 * address of theirs may be taken, or none.
 */
export async function addressHolder(db: Db, networkId: string, address: string): Promise<AddressHolder | null> {
  const where = { network_id: networkId, ip_address: address };
  const row = await own.first(db, where);
  if (row !== null) return { port_id: row.port_id, by: 'own' };
  const pair = await paired.first(db, where);
  return pair && { port_id: pair.port_id, by: 'pair' };
}
