import type { Tx } from '../../db/database.ts';
import type { RouterFacts } from '../../db/write/routers.ts';
import { subnetFacts } from '../../db/write/subnets.ts';
import { cidrsOverlap, parseCidr } from '../../lib/ip/cidr.ts';
import { METADATA_ADDRESS } from '../../lib/ip/metadata.ts';
import { routerInterfaceOwners } from '../ipam/owners.ts';
import { PROVISIONAL_PREFIX } from '../subnet/block-source.ts';
import { routerErrors as errors } from './errors.ts';

/** What a router is on, and that it can be on something more (upstream: db/l3_db.py `_check_for_dup_router_subnets`). */

export const GATEWAY_OWNER = 'network:router_gateway';

interface Block {
  id: string;
  cidr: string;
}

/** The entries of its interfaces, without gateway and the ports that routers have among themselves. */
export function interfacesOf({ attached }: Pick<RouterFacts, 'attached'>): RouterFacts['attached'] {
  return attached.filter(({ port_type }) => routerInterfaceOwners.has(port_type));
}

/** The network it leads to; null for none. */
export function gatewayNetwork({ attached, gw_port_id }: RouterFacts): string | null {
  return attached.find(({ port_id }) => port_id === gw_port_id)?.network_id ?? null;
}

/** Subnets of its interfaces, and all of the network it leads to: their addresses are next to it. */
async function connectedBlocks(tx: Tx, router: RouterFacts): Promise<Block[]> {
  const inside = interfacesOf(router).flatMap(({ subnet_id, cidr }) =>
    subnet_id !== null && cidr !== null ? [{ id: subnet_id, cidr }] : [],
  );
  const network = gatewayNetwork(router);
  return network === null ? inside : [...inside, ...(await subnetFacts(tx, network))];
}

/**
 * That a router is on none of these subnets, and on none with the same addresses.
 * @param haCidr where HA routers speak to each other
 * @throws BadRequest
 */
export async function checkDisjoint(
  tx: Tx,
  router: RouterFacts,
  added: readonly Block[],
  haCidr: string,
): Promise<void> {
  const ids = new Set(added.map(({ id }) => id));
  const twice = router.attached.find(({ subnet_id }) => subnet_id !== null && ids.has(subnet_id));
  if (twice) throw errors.BadRequest({ msg: `Router already has a port on subnet ${twice.subnet_id}` });
  // Subnets whose prefix is delegated later have a provisional one until then.
  const real = added.filter(({ cidr }) => cidr !== PROVISIONAL_PREFIX);
  if (real.length === 0) return;
  if (router.ha) checkBesideHa(real, haCidr);
  for (const present of await connectedBlocks(tx, router)) {
    for (const block of real) {
      if (!cidrsOverlap(parseCidr(present.cidr)!, parseCidr(block.cidr)!)) continue;
      throw errors.BadRequest({
        msg: `Cidr ${block.cidr} of subnet ${block.id} overlaps with cidr ${present.cidr} of subnet ${present.id}`,
      });
    }
  }
}

/** That a router can become highly available where it is. @throws BadRequest */
export async function checkMayBeHa(tx: Tx, router: RouterFacts, haCidr: string): Promise<void> {
  checkBesideHa(await connectedBlocks(tx, router), haCidr);
}

/**
 * That no port of a router is where guests find their metadata: it would answer for it, and rewrite senders to it.
 * @throws BadRequest
 */
export function checkBesideMetadata(addresses: readonly { ip_address?: string }[]): void {
  const met = addresses.find(({ ip_address }) => ip_address === METADATA_ADDRESS);
  if (met) throw errors.BadRequest({ msg: `${met.ip_address} is where guests find their metadata` });
}

/** That none of these is where HA routers speak to each other. @throws BadRequest */
export function checkBesideHa(blocks: readonly Block[], haCidr: string): void {
  const reserved = parseCidr(haCidr)!;
  const met = blocks.find(({ cidr }) => cidrsOverlap(parseCidr(cidr)!, reserved));
  if (!met) return;
  throw errors.BadRequest({
    msg: `Cidr ${met.cidr} of subnet ${met.id} overlaps with ${haCidr}, over which HA routers speak to each other`,
  });
}
