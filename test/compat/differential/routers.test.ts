import { describe } from 'vitest';
import { nobody, outside, router, setRouter } from './routed.ts';
import { createEach, get, network, oddValues, remove, scenario, subnet } from './scenario.ts';

const attributes = [
  'name',
  'description',
  'admin_state_up',
  'external_gateway_info',
  'availability_zone_hints',
  'flavor_id',
  'routes',
  'ha',
  'status',
  'id',
  'nonsense',
];

describe('creating routers', () => {
  for (const attribute of attributes) {
    scenario(`with odd values of ${attribute}`, (both) =>
      createEach(
        both,
        oddValues.map((value) => router({ [attribute]: value })),
      ),
    );
  }

  scenario('with gateways of all kinds', async (both) => {
    await both.steps([...outside, network(), subnet()]);
    await createEach(
      both,
      [
        { network_id: '<ext>' },
        { network_id: '<ext>', enable_snat: false },
        { network_id: '<ext>', enable_snat: 'no' },
        { network_id: '<ext>', enable_snat: 'x' },
        { network_id: '<ext>', enable_snat: null },
        { network_id: '<ext>', external_fixed_ips: [] },
        { network_id: '<ext>', external_fixed_ips: null },
        { network_id: '<ext>', external_fixed_ips: {} },
        { network_id: '<ext>', external_fixed_ips: [{}] },
        { network_id: '<ext>', external_fixed_ips: [{ subnet_id: '<extsub>' }] },
        { network_id: '<ext>', external_fixed_ips: [{ ip_address: '198.18.222.50' }] },
        { network_id: '<ext>', external_fixed_ips: [{ ip_address: '198.18.222.250' }] },
        { network_id: '<ext>', external_fixed_ips: [{ ip_address: '198.18.222.50', subnet_id: '<extsub>' }] },
        {
          network_id: '<ext>',
          external_fixed_ips: [{ ip_address: '198.18.222.50' }, { ip_address: '198.18.222.51' }],
        },
        { network_id: '<ext>', external_fixed_ips: [{ ip_address: '198.18.222.1' }] },
        { network_id: '<ext>', external_fixed_ips: [{ ip_address: '192.0.2.1' }] },
        { network_id: '<ext>', external_fixed_ips: [{ ip_address: 'x' }] },
        { network_id: '<ext>', external_fixed_ips: [{ subnet_id: '<sub>' }] },
        { network_id: '<ext>', external_fixed_ips: [{ subnet_id: nobody }] },
        { network_id: '<ext>', qos_policy_id: nobody },
        { network_id: '<ext>', qos_policy_id: null },
        { network_id: '<ext>', qos_policy_id: 'x' },
        { network_id: '<ext>', nonsense: 1 },
        { network_id: '<net>' },
        { network_id: nobody },
        { network_id: 'x' },
        { network_id: null },
        { enable_snat: true },
        {},
      ].map((external_gateway_info) => router({ external_gateway_info })),
    );
  });

  scenario('outside without a subnet', (both) =>
    both.steps([
      network({ 'router:external': true }, 'ext'),
      router({ external_gateway_info: { network_id: '<ext>' } }),
      get('routers/<r>'),
    ]),
  );

  scenario('with hints of zones', (both) =>
    createEach(both, [
      router({ availability_zone_hints: ['nova'] }),
      router({ availability_zone_hints: ['nowhere'] }),
      router({ availability_zone_hints: ['x'.repeat(256)] }),
    ]),
  );
});

describe('changing routers', () => {
  for (const attribute of attributes.filter((name) => name !== 'ha')) {
    scenario(`odd values of ${attribute}`, async (both) => {
      await both.step(router());
      for (const value of oddValues) await both.step(setRouter({ [attribute]: value }));
      await both.step(get('routers/<r>'));
    });
  }

  scenario('the gateway', (both) =>
    both.steps([
      ...outside,
      network({ 'router:external': true }, 'ext2'),
      subnet({ network_id: '<ext2>', cidr: '198.18.223.0/24', enable_dhcp: false }, 'ext2sub'),
      network(),
      router(),
      setRouter({ external_gateway_info: { network_id: '<net>' } }),
      setRouter({ external_gateway_info: { network_id: nobody } }),
      setRouter({ external_gateway_info: { network_id: '<ext>' } }),
      setRouter({ external_gateway_info: { network_id: '<ext>' } }),
      setRouter({ external_gateway_info: { network_id: '<ext>', enable_snat: false } }),
      setRouter({ external_gateway_info: { network_id: '<ext>' } }),
      setRouter({
        external_gateway_info: { network_id: '<ext>', external_fixed_ips: [{ ip_address: '198.18.222.60' }] },
      }),
      get('ports?device_id=<r>&fields=device_owner&fields=status&fields=name&fields=tenant_id'),
      setRouter({ external_gateway_info: { network_id: '<ext2>' } }),
      setRouter({ external_gateway_info: {} }),
      setRouter({ external_gateway_info: { network_id: '<ext>' }, name: 'x', admin_state_up: false }),
      setRouter({ external_gateway_info: null }),
      get('ports?device_id=<r>&fields=device_owner'),
      setRouter({ external_gateway_info: { network_id: '<ext>' } }, nobody),
      remove('networks/<ext>'),
      get('routers/<r>'),
    ]),
  );

  scenario('high availability', (both) =>
    both.steps([
      router({ ha: true }),
      setRouter({ ha: false }),
      setRouter({ admin_state_up: false }),
      setRouter({ ha: true }),
      get('routers/<r>?fields=ha&fields=admin_state_up&fields=distributed'),
      setRouter({ ha: false }),
      remove('routers/<r>'),
    ]),
  );
});

describe('removing routers, and lists', () => {
  scenario('known, unknown, with a gateway', (both) =>
    both.steps([
      ...outside,
      router(),
      remove('routers/<r>'),
      remove('routers/<r>'),
      get('routers/<r>'),
      setRouter({ name: 'x' }),
      remove('routers/x'),
      router({ external_gateway_info: { network_id: '<ext>' } }),
      remove('subnets/<extsub>'),
      remove('networks/<ext>'),
      remove('routers/<r>'),
      remove('networks/<ext>'),
    ]),
  );

  scenario('of routers', (both) =>
    both.steps([
      router({ name: 'a', description: 'one' }, 'a'),
      router({ name: 'b', admin_state_up: false }, 'b'),
      ...[
        'sort_key=name&sort_dir=desc',
        'sort_key=status&sort_dir=asc',
        'sort_key=flavor_id&sort_dir=asc',
        'sort_key=ha',
        'sort_key=routes',
        'admin_state_up=true',
        'admin_state_up=x',
        'name=a&fields=name&fields=id',
        'description=one',
        'ha=false',
        'status=ACTIVE',
        'fields=nonsense',
        'fields=external_gateway_info',
        'nonsense=1',
        'limit=1&sort_key=name&sort_dir=asc',
        'limit=-1',
      ].map((query) => get(`routers?project_id=<project>&${query}`)),
    ]),
  );

  scenario('agents of routers that are not there', (both) =>
    both.steps([
      router(),
      get('routers/<r>/l3-agents'),
      get(`routers/${nobody}/l3-agents`),
      get(`agents/${nobody}/l3-routers`),
      { method: 'POST', path: `/v2.0/agents/${nobody}/l3-routers`, body: { router_id: '<r>' } },
      { method: 'POST', path: `/v2.0/agents/${nobody}/l3-routers`, body: {} },
      remove(`agents/${nobody}/l3-routers/<r>`),
      remove(`agents/${nobody}/l3-routers/${nobody}`),
    ]),
  );
});
