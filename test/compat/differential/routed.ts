import type { Both, Step } from './both.ts';
import { network, port, post, put, subnet } from './scenario.ts';

/** What scenarios of routers are written with. */

export const nobody = '11111111-1111-1111-1111-111111111111';

export const router = (attributes: Record<string, unknown> = {}, as = 'r'): Step => ({
  as,
  ...post('router', { name: 'r', ...attributes }),
});

export const setRouter = (changes: unknown, id = '<r>'): Step => put('router', id, changes);

/** Attaches something; what it is answered is kept as `if`. */
export const attach = (body: unknown, id = '<r>', as = 'if'): Step => ({
  as,
  method: 'PUT',
  path: `/v2.0/routers/${id}/add_router_interface`,
  body,
});

export const detach = (body: unknown, id = '<r>'): Step => ({
  method: 'PUT',
  path: `/v2.0/routers/${id}/remove_router_interface`,
  body,
});

export const floating = (attributes: Record<string, unknown> = {}, as = 'fip'): Step => ({
  as,
  ...post('floatingip', { floating_network_id: '<ext>', ...attributes }),
});

/** A network outside with one subnet of small pool, so that addresses above .99 are free to ask for. */
export const outside: readonly Step[] = [
  network({ 'router:external': true }, 'ext'),
  subnet(
    {
      network_id: '<ext>',
      cidr: '198.18.222.0/24',
      enable_dhcp: false,
      allocation_pools: [{ start: '198.18.222.10', end: '198.18.222.240' }],
    },
    'extsub',
  ),
];

/** A network inside with a guest at `.20`, a router between, and the network outside. */
export const routed: readonly Step[] = [
  ...outside,
  network(),
  subnet(),
  port({ fixed_ips: [{ ip_address: '10.40.0.20' }, { ip_address: '10.40.0.21' }] }, 'guest'),
  port({ fixed_ips: [{ ip_address: '10.40.0.30' }] }, 'other'),
  router({ external_gateway_info: { network_id: '<ext>' } }),
  attach({ subnet_id: '<sub>' }),
];

/** Attaches each and takes it off again where it was taken. */
export async function attachEach(both: Both, bodies: readonly unknown[]): Promise<void> {
  for (const body of bodies) {
    const { real, ours } = await both.step(attach(body, '<r>', 'case'));
    if (real === 200 && ours === 200) await both.step(detach({ port_id: '<case.port_id>' }));
    else await both.undo();
  }
}
