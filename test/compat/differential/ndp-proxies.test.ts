import { describe } from 'vitest';
import type { Step } from './both.ts';
import { attach, detach, nobody, router, setRouter } from './routed.ts';
import { createEach, get, network, oddValues, port, post, put, remove, scenario, subnet } from './scenario.ts';

const proxy = (attributes: Record<string, unknown> = {}, as = 'ndp'): Step => ({
  as,
  method: 'POST',
  path: '/v2.0/ndp_proxies',
  body: { ndp_proxy: { project_id: '<project>', router_id: '<r>', port_id: '<guest>', ...attributes } },
});

const set = (changes: unknown, id = '<ndp>'): Step => ({
  method: 'PUT',
  path: `/v2.0/ndp_proxies/${id}`,
  body: { ndp_proxy: changes },
});

const pool = (attributes: Record<string, unknown>, as: string): Step => ({
  as,
  ...post('subnetpool', { name: as, address_scope_id: '<scope>', ...attributes }),
});

const inside6 = { network_id: '<net>', ip_version: 6, cidr: undefined, subnetpool_id: '<inner>', prefixlen: 64 };

/** An IPv6 address scope in which lie a network outside and one inside; each has IPv4 beside it. */
const scoped: readonly Step[] = [
  { as: 'scope', ...post('address_scope', { name: 'scope', ip_version: 6 }) },
  pool({ prefixes: ['2001:db8:7::/56'] }, 'outer'),
  pool({ prefixes: ['2001:db8:8::/56'] }, 'inner'),
  network({ 'router:external': true }, 'ext'),
  subnet({ ...inside6, network_id: '<ext>', subnetpool_id: '<outer>' }, 'ext6'),
  subnet({ network_id: '<ext>', cidr: '198.18.223.0/24', enable_dhcp: false }, 'ext4'),
  network(),
  subnet(),
  subnet(inside6, 'sub6'),
];

/** The same with a router between that answers, and guests inside. */
const proxied: readonly Step[] = [
  ...scoped,
  port({ fixed_ips: [{ subnet_id: '<sub6>', ip_address: '2001:db8:8::20' }, { subnet_id: '<sub>' }] }, 'guest'),
  port({ fixed_ips: [{ subnet_id: '<sub6>', ip_address: '2001:db8:8::30' }] }, 'other'),
  router({ external_gateway_info: { network_id: '<ext>' }, enable_ndp_proxy: true }),
  attach({ subnet_id: '<sub6>' }),
];

describe('routers that answer for addresses inside', () => {
  scenario('whether they can', async (both) => {
    await both.steps([
      ...scoped,
      network({ 'router:external': true }, 'unscoped'),
      subnet({ network_id: '<unscoped>', ip_version: 6, cidr: '2001:db8:99::/64' }, 'unscoped6'),
      network({ 'router:external': true }, 'old'),
      subnet({ network_id: '<old>', cidr: '198.18.224.0/24' }, 'old4'),
    ]);
    const outside = ['<ext>', '<unscoped>', '<old>'];
    await createEach(both, [
      router({ enable_ndp_proxy: true }),
      router({ enable_ndp_proxy: false }),
      ...outside.flatMap((network_id) =>
        [true, false, undefined].map((enable_ndp_proxy) =>
          router({ enable_ndp_proxy, external_gateway_info: { network_id } }),
        ),
      ),
      router({
        enable_ndp_proxy: true,
        external_gateway_info: { network_id: '<ext>', external_fixed_ips: [{ subnet_id: '<ext4>' }] },
      }),
      ...oddValues.map((enable_ndp_proxy) =>
        router({ enable_ndp_proxy, external_gateway_info: { network_id: '<ext>' } }),
      ),
    ]);
    await both.steps([
      router(),
      setRouter({ enable_ndp_proxy: true }),
      setRouter({ enable_ndp_proxy: true, external_gateway_info: { network_id: '<unscoped>' } }),
      setRouter({ enable_ndp_proxy: false, external_gateway_info: { network_id: '<ext>' } }),
      setRouter({ enable_ndp_proxy: true }),
      setRouter({ enable_ndp_proxy: false }),
      setRouter({ enable_ndp_proxy: true }),
      setRouter({ external_gateway_info: null }),
      get('routers/<r>?fields=enable_ndp_proxy'),
      setRouter({ enable_ndp_proxy: true, external_gateway_info: { network_id: '<ext>' } }),
    ]);
  });

  scenario('while they do', (both) =>
    both.steps([
      ...proxied,
      proxy(),
      setRouter({ enable_ndp_proxy: false }),
      get('ndp_proxies/<ndp>'),
      proxy({ port_id: '<other>' }, 'refused'),
      setRouter({ enable_ndp_proxy: true }),
      setRouter({ external_gateway_info: null }),
      detach({ subnet_id: '<sub6>' }),
      remove('routers/<r>'),
      remove('ndp_proxies/<ndp>'),
      detach({ subnet_id: '<sub6>' }),
      setRouter({ external_gateway_info: null }),
      remove('routers/<r>'),
    ]),
  );
});

describe('creating NDP proxies', () => {
  for (const attribute of ['name', 'description', 'router_id', 'port_id', 'ip_address', 'id', 'nonsense']) {
    scenario(`with odd values of ${attribute}`, async (both) => {
      await both.steps(proxied);
      await createEach(
        both,
        oddValues.map((value) => proxy({ [attribute]: value })),
      );
    });
  }

  scenario('with values of their own', async (both) => {
    await both.steps([
      ...proxied,
      port({ fixed_ips: [{ subnet_id: '<sub>' }] }, 'old'),
      network({}, 'far'),
      subnet({ ...inside6, network_id: '<far>' }, 'far6'),
      port({ network_id: '<far>' }, 'lost'),
      network({}, 'alien'),
      subnet({ network_id: '<alien>', ip_version: 6, cidr: '2001:db8:77::/64' }, 'alien6'),
      port({ network_id: '<alien>' }, 'stranger'),
      attach({ subnet_id: '<alien6>' }, '<r>', 'alienif'),
      router({}, 'lonely'),
    ]);
    await createEach(both, [
      proxy({ ip_address: '2001:db8:8::20' }),
      proxy({ ip_address: '2001:DB8:8:0::20' }),
      proxy({ ip_address: '2001:db8:8::30' }),
      proxy({ ip_address: '<guest.fixed_ips.1.ip_address>' }),
      proxy({ ip_address: '10.40.0.99' }),
      proxy({ ip_address: '2001:db8:8::/64' }),
      proxy({ router_id: undefined }),
      proxy({ port_id: undefined }),
      proxy({ router_id: nobody }),
      proxy({ port_id: nobody }),
      proxy({ port_id: '<old>' }),
      proxy({ port_id: '<lost>' }),
      proxy({ port_id: '<stranger>' }),
      proxy({ router_id: '<lonely>' }),
    ]);
  });

  scenario('beside others', (both) =>
    both.steps([
      ...proxied,
      proxy(),
      // The real server tries this again and again: once is enough.
      proxy({}, 'again'),
      proxy({ port_id: '<other>' }, 'second'),
      get('ndp_proxies'),
      remove('ndp_proxies/<ndp>'),
      proxy({}, 'third'),
    ]),
  );
});

describe('changing NDP proxies', () => {
  scenario('odd values', async (both) => {
    await both.steps([...proxied, proxy()]);
    for (const attribute of ['name', 'description'])
      await both.steps(oddValues.map((value) => set({ [attribute]: value })));
    await both.steps([
      set({ router_id: nobody }),
      set({ port_id: '<other>' }),
      set({ ip_address: '2001:db8:8::30' }),
      set({ nonsense: 1 }),
      set({}),
      set({ name: 'x' }, nobody),
      get('ndp_proxies/<ndp>'),
    ]);
  });

  scenario('that are there, and are not', (both) =>
    both.steps([
      ...proxied,
      proxy({ name: 'a', description: 'one' }),
      proxy({ name: 'b', port_id: '<other>' }, 'second'),
      ...[
        '',
        'name=b',
        'description=one',
        'port_id=<guest>',
        'router_id=<r>',
        'ip_address=2001:db8:8::30',
        'fields=name',
        'sort_key=name&sort_dir=desc',
        'sort_key=ip_address&sort_dir=asc',
        'limit=1&sort_key=name&sort_dir=asc',
        'nonsense=1',
      ].map((query) => get(`ndp_proxies?${query}`)),
      get('ndp_proxies/<ndp>?fields=ip_address'),
      get(`ndp_proxies/${nobody}`),
      remove(`ndp_proxies/${nobody}`),
      remove('ndp_proxies/<ndp>'),
      remove('ndp_proxies/<ndp>'),
    ]),
  );

  scenario('whose port goes', (both) =>
    both.steps([
      ...proxied,
      proxy({ port_id: '<other>' }),
      put('port', '<other>', { name: 'renamed' }),
      get('ndp_proxies/<ndp>'),
      remove('ports/<other>'),
      get('ndp_proxies'),
    ]),
  );
});
