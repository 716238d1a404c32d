import type { Db } from '../database.ts';
import { handleOf } from '../handle.ts';
import { prepared } from '../prepared.ts';
import { ask } from '../question.ts';

/** Who depends on what routers have: asked before it is taken away. */

const floating = prepared((db, p: { router_id: string }) =>
  db.selectFrom('floatingips').select('id').where('router_id', '=', p.router_id).limit(1),
);

/** Whether floating addresses lead through a router. */
export async function servesFloatingIps(db: Db, router_id: string): Promise<boolean> {
  return (await floating.first(db, { router_id })) !== null;
}

const toSubnet = prepared((db, p: { router_id: string; subnet_id: string }) =>
  db
    .selectFrom('floatingips')
    .innerJoin('ipallocations as held', (join) =>
      join
        .onRef('held.port_id', '=', 'floatingips.fixed_port_id')
        .onRef('held.ip_address', '=', 'floatingips.fixed_ip_address'),
    )
    .select('floatingips.id')
    .where('floatingips.router_id', '=', p.router_id)
    .where('held.subnet_id', '=', p.subnet_id)
    .limit(1),
);

const forwardedToSubnet = prepared((db, p: { router_id: string; subnet_id: string }) =>
  db
    .selectFrom('floatingips')
    .innerJoin('portforwardings', 'portforwardings.floatingip_id', 'floatingips.id')
    .innerJoin('ipallocations as held', (join) =>
      join
        .onRef('held.port_id', '=', 'portforwardings.internal_port_id')
        .onRef('held.ip_address', '=', 'portforwardings.internal_ip_address'),
    )
    .select('floatingips.id')
    .where('floatingips.router_id', '=', p.router_id)
    .where('held.subnet_id', '=', p.subnet_id)
    .limit(1),
);

/** Whether a floating address, or a forwarding of one, leads through a router into a subnet. */
export async function floatsToSubnet(db: Db, router_id: string, subnet_id: string): Promise<boolean> {
  const p = { router_id, subnet_id };
  return (await toSubnet.first(db, p)) !== null || (await forwardedToSubnet.first(db, p)) !== null;
}

const attachedTo = prepared((db, p: { port_id: string }) =>
  db.selectFrom('routerports').select('router_id').where('port_id', '=', p.port_id),
);
const floatingOn = prepared((db, p: { port_id: string }) =>
  db.selectFrom('floatingips').select('id').where('floating_port_id', '=', p.port_id),
);

/** What has a port for its own: the router that it is attached to, and the floating address that it holds. */
export async function holdersOfPort(
  db: Db,
  port_id: string,
): Promise<{ router_id: string | null; floatingip_id: string | null }> {
  const handle = handleOf(db);
  const [holders] = await ask(db, {
    statements: [attachedTo, floatingOn].map((part) => part.statement(handle, { port_id })),
    answer: ([router, floatingip]) => ({
      router_id: (router!.rows[0]?.[0] as string | undefined) ?? null,
      floatingip_id: (floatingip!.rows[0]?.[0] as string | undefined) ?? null,
    }),
  });
  return holders;
}

const ofNetwork = prepared((db, p: { network_id: string }) =>
  db.selectFrom('floatingips').select('id').where('floating_network_id', '=', p.network_id).limit(1),
);

/** Whether a network has floating addresses. */
export async function hasFloatingIps(db: Db, network_id: string): Promise<boolean> {
  return (await ofNetwork.first(db, { network_id })) !== null;
}
