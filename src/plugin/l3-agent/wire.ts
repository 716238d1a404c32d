import type { Db } from '../../db/database.ts';
import { floatingIpReader } from '../../db/read/floatingips.ts';
import { scopesOfFixedAddresses } from '../../db/read/router-surroundings.ts';
import { routerReader } from '../../db/read/routers.ts';
import type { WireFloatingIp, WireRouter } from '../../rpc/contract.ts';
import { messageView, type Shared } from '../parts.ts';

/** Routers as messages carry them: with every attribute there is. */
export async function wireRouters(shared: Shared, db: Db, ids: readonly string[]): Promise<WireRouter[]> {
  if (ids.length === 0) return [];
  return (await routerReader.find(db, { filters: { id: ids } }, messageView(shared))) as unknown as WireRouter[];
}

/** The floating IPs of routers, with the address scopes of what they lead to. */
export async function wireFloatingIps(shared: Shared, db: Db, routerIds: readonly string[]): Promise<WireFloatingIp[]> {
  const addresses = await floatingIpReader.find(db, { filters: { router_id: routerIds } }, messageView(shared));
  if (addresses.length === 0) return [];
  const scopes = await scopesOfFixedAddresses(db, routerIds);
  return addresses.map(
    (address) => ({ ...address, fixed_ip_address_scope: scopes.get(address.id) ?? null }) as unknown as WireFloatingIp,
  );
}
