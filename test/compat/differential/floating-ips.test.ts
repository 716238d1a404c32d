import { describe } from 'vitest';
import { attach, detach, floating, nobody, outside, routed, router, setRouter } from './routed.ts';
import { createEach, get, network, oddValues, port, put, remove, scenario, subnet } from './scenario.ts';

const set = (changes: unknown, id = '<fip>') => put('floatingip', id, changes);

describe('creating floating IPs', () => {
  for (const attribute of [
    'floating_network_id',
    'subnet_id',
    'floating_ip_address',
    'port_id',
    'fixed_ip_address',
    'description',
    'qos_policy_id',
    'router_id',
    'status',
    'id',
    'nonsense',
  ]) {
    scenario(`with odd values of ${attribute}`, async (both) => {
      await both.steps(outside);
      await createEach(
        both,
        oddValues.map((value) => floating({ [attribute]: value })),
      );
    });
  }

  scenario('outside of all kinds', async (both) => {
    await both.steps([...outside, network({ 'router:external': true }, 'bare'), network(), subnet()]);
    await createEach(both, [
      floating({ floating_network_id: '<net>' }),
      floating({ floating_network_id: '<bare>' }),
      floating({ floating_network_id: nobody }),
      floating({ floating_network_id: undefined }),
      floating({ subnet_id: '<extsub>' }),
      floating({ subnet_id: '<sub>' }),
      floating({ subnet_id: nobody }),
      floating({ floating_ip_address: '198.18.222.77' }),
      floating({ floating_ip_address: '198.18.222.250' }),
      floating({ floating_ip_address: '198.18.222.1' }),
      floating({ floating_ip_address: '192.0.2.1' }),
      floating({ floating_ip_address: '2001:db8::1' }),
      floating({ floating_ip_address: '198.18.222.77', subnet_id: '<extsub>' }),
      floating({ qos_policy_id: nobody }),
    ]);
    await both.steps([
      floating({ floating_ip_address: '198.18.222.78' }),
      floating({ floating_ip_address: '198.18.222.78' }, 'second'),
    ]);
  });

  scenario('with ports of all kinds', async (both) => {
    await both.steps([
      ...routed,
      network({}, 'far'),
      subnet({ network_id: '<far>', cidr: '10.44.0.0/24' }, 'farsub'),
      port({ network_id: '<far>', fixed_ips: [{ subnet_id: '<farsub>' }] }, 'lost'),
      port({ fixed_ips: [] }, 'bare'),
    ]);
    await createEach(both, [
      floating({ port_id: '<guest>' }),
      floating({ port_id: '<guest>', fixed_ip_address: '10.40.0.21' }),
      floating({ port_id: '<guest>', fixed_ip_address: '10.40.0.99' }),
      floating({ port_id: '<guest>', fixed_ip_address: 'x' }),
      floating({ port_id: '<other>' }),
      floating({ port_id: '<lost>' }),
      floating({ port_id: '<bare>' }),
      floating({ port_id: nobody }),
      floating({ port_id: '<if.port_id>' }),
      floating({ fixed_ip_address: '10.40.0.20' }),
    ]);
    await both.steps([
      floating({ port_id: '<other>' }),
      floating({ port_id: '<other>' }, 'second'),
      floating({ port_id: '<guest>', fixed_ip_address: '10.40.0.21' }, 'third'),
      floating({ port_id: '<guest>', fixed_ip_address: '10.40.0.20' }, 'fourth'),
      get('floatingips?project_id=<project>&port_id=<guest>'),
    ]);
  });
});

describe('changing floating IPs', () => {
  for (const attribute of ['port_id', 'fixed_ip_address', 'description', 'floating_network_id', 'status', 'nonsense']) {
    scenario(`odd values of ${attribute}`, async (both) => {
      await both.steps([...outside, floating()]);
      for (const value of oddValues) await both.step(set({ [attribute]: value }));
    });
  }

  // Not an address that one leads to taken from its port, which is refused since the release after the real server's.
  scenario('what they lead to', (both) =>
    both.steps([
      ...routed,
      floating(),
      set({ port_id: '<other>' }),
      get('floatingips/<fip>'),
      set({ description: 'x' }),
      set({ fixed_ip_address: '10.40.0.30' }),
      set({ fixed_ip_address: '10.40.0.21' }),
      set({ port_id: '<guest>' }),
      set({ port_id: '<guest>', fixed_ip_address: '10.40.0.21' }),
      set({ port_id: '<guest>' }),
      detach({ subnet_id: '<sub>' }),
      setRouter({ external_gateway_info: null }),
      remove('routers/<r>'),
      set({}),
      set({ port_id: null }),
      set({ port_id: '<other>' }),
      remove('ports/<other>'),
      get('floatingips/<fip>'),
      set({ port_id: nobody }),
      set({ port_id: '<guest>' }, nobody),
      remove('floatingips/<fip>'),
      remove('floatingips/<fip>'),
      get('floatingips/<fip>'),
    ]),
  );

  scenario('their ports are theirs', (both) =>
    both.steps([
      ...outside,
      floating({ floating_ip_address: '198.18.222.88' }),
      { as: 'its', ...get('ports?device_owner=network:floatingip&device_id=<fip>') },
      remove('ports/<its>'),
      put('port', '<its>', { name: 'x' }),
      remove('subnets/<extsub>'),
      remove('networks/<ext>'),
      get('floatingips/<fip>'),
    ]),
  );

  scenario('through two routers', (both) =>
    both.steps([
      ...routed,
      router({ external_gateway_info: { network_id: '<ext>' } }, 'second'),
      port({ fixed_ips: [{ ip_address: '10.40.0.9' }] }, 'way'),
      attach({ port_id: '<way>' }, '<second>', 'beside'),
      floating({ port_id: '<guest>' }),
      get('floatingips?router_id=<r>'),
      get('floatingips?router_id=<second>'),
    ]),
  );

  scenario('lists', (both) =>
    both.steps([
      ...routed,
      floating({ floating_ip_address: '198.18.222.81', description: 'one' }, 'a'),
      floating({ floating_ip_address: '198.18.222.82', port_id: '<other>' }, 'b'),
      ...[
        'sort_key=floating_ip_address&sort_dir=desc',
        'sort_key=fixed_ip_address&sort_dir=asc',
        'sort_key=router_id',
        'sort_key=port_id',
        'sort_key=status&sort_dir=asc',
        'floating_ip_address=198.18.222.81',
        'fixed_ip_address=10.40.0.30',
        'floating_network_id=<ext>&fields=floating_ip_address',
        'router_id=<r>',
        'port_id=<other>',
        'port_id=',
        'status=DOWN',
        'description=one',
        'fields=port_details',
        'fields=port_forwardings&fields=id',
        'nonsense=1',
      ].map((query) => get(`floatingips?project_id=<project>&${query}`)),
      get('floatingip_pools?subnet_id=<extsub>'),
    ]),
  );
});
