import type { Db } from '../database.ts';
import { prepared } from '../prepared.ts';

const forwardings = prepared((db, p: { router_id: string }) =>
  db
    .selectFrom('portforwardings as forwarding')
    .innerJoin('floatingips as floating', 'floating.id', 'forwarding.floatingip_id')
    .select([
      'forwarding.id',
      'floating.floating_ip_address',
      'forwarding.protocol',
      'forwarding.external_port_start',
      'forwarding.external_port_end',
      'forwarding.internal_ip_address',
      'forwarding.internal_port_start',
      'forwarding.internal_port_end',
    ])
    .where('floating.router_id', '=', p.router_id)
    .orderBy('forwarding.standard_attr_id'),
);

/** What a router forwards by ports of its floating IPs, oldest first. */
export function forwardingsOfRouter(db: Db, routerId: string) {
  return forwardings.all(db, { router_id: routerId });
}

const owner = prepared((db, p: { port_id: string }) =>
  db.selectFrom('floatingips').select('router_id').where('floating_port_id', '=', p.port_id),
);

/** The router that answers for a floating IP, by the port that holds its address; null: none does. */
export async function routerOfFloatingPort(db: Db, portId: string): Promise<string | null> {
  return (await owner.first(db, { port_id: portId }))?.router_id ?? null;
}
