import { describe } from 'vitest';
import type { Step } from './both.ts';
import { detach, floating, nobody, routed, setRouter } from './routed.ts';
import { createEach, get, network, oddValues, port, put, remove, scenario, subnet } from './scenario.ts';

const base = {
  protocol: 'tcp',
  external_port: 2222,
  internal_port: 22,
  internal_port_id: '<guest>',
  internal_ip_address: '10.40.0.20',
};

const forward = (attributes: Record<string, unknown> = {}, as = 'pf', fip = '<fip>'): Step => ({
  as,
  method: 'POST',
  path: `/v2.0/floatingips/${fip}/port_forwardings`,
  body: { port_forwarding: { ...base, ...attributes } },
});

const set = (changes: unknown, id = '<pf>', fip = '<fip>'): Step => ({
  method: 'PUT',
  path: `/v2.0/floatingips/${fip}/port_forwardings/${id}`,
  body: { port_forwarding: changes },
});

const ports = { external_port: undefined, internal_port: undefined };

describe('creating port forwardings', () => {
  for (const attribute of [
    'protocol',
    'external_port',
    'internal_port',
    'external_port_range',
    'internal_port_range',
    'internal_port_id',
    'internal_ip_address',
    'description',
    'id',
    'nonsense',
  ]) {
    scenario(`with odd values of ${attribute}`, async (both) => {
      await both.steps([...routed, floating()]);
      const without = attribute.endsWith('_range') ? ports : {};
      await createEach(
        both,
        oddValues.map((value) => forward({ ...without, [attribute]: value })),
      );
    });
  }

  scenario('with values of their own', async (both) => {
    await both.steps([
      ...routed,
      floating(),
      network({}, 'far'),
      subnet({ network_id: '<far>', cidr: '10.44.0.0/24' }, 'farsub'),
      port({ network_id: '<far>', fixed_ips: [{ ip_address: '10.44.0.9' }] }, 'lost'),
    ]);
    await createEach(both, [
      ...[0, 1, 65_535, 65_536, '22', ' 22', 'x', -1].map((external_port) => forward({ external_port })),
      ...[0, 1, 65_535, 65_536, '22'].map((internal_port) => forward({ internal_port })),
      ...['udp', 'TCP', 'sctp', 'dccp', 'icmp', 'ipv6-icmp', 'esp', '6', 6, 17, 256, 'any'].map((protocol) =>
        forward({ protocol }),
      ),
      ...[
        ['8000:8010', '80:90'],
        ['8000:8010', '80:80'],
        ['8000:8010', '80'],
        ['8000:8010', '80:81'],
        ['8000', '80:90'],
        ['8010:8000', '80:90'],
        ['0:10', '1:11'],
        ['65530:65536', '1:7'],
        ['8000-8010', '80:90'],
        ['8000:8010:8020', '80:90'],
        [8000, 80],
      ].map(([external_port_range, internal_port_range]) =>
        forward({ ...ports, external_port_range, internal_port_range }),
      ),
      forward({ external_port_range: '2222:2222' }),
      forward({ ...ports }),
      forward({ ...ports, external_port_range: '8000:8010' }),
      forward({ external_port: undefined }),
      forward({ internal_port: undefined }),
      forward({ protocol: undefined }),
      forward({ internal_port_id: undefined }),
      forward({ internal_ip_address: undefined }),
      forward({ internal_ip_address: '10.40.0.21' }),
      forward({ internal_ip_address: '10.40.0.99' }),
      forward({ internal_ip_address: '2001:db8::1' }),
      forward({ internal_port_id: nobody }),
      forward({ internal_port_id: '<lost>', internal_ip_address: '10.44.0.9' }),
      forward({}, 'pf', nobody),
      forward({}, 'pf', 'x'),
    ]);
  });

  scenario('beside others', (both) =>
    both.steps([
      ...routed,
      floating(),
      floating({}, 'second'),
      forward(),
      forward({}, 'again'),
      forward({ internal_port: 23 }, 'again'),
      forward({ external_port: 2223 }, 'again'),
      forward({ protocol: 'udp' }, 'udp'),
      forward({ external_port: 2224, internal_ip_address: '10.40.0.21' }, 'again'),
      forward({ ...ports, external_port_range: '2220:2230', internal_port_range: '20:30' }, 'again'),
      forward({ external_port: 80 }, 'again', '<second>'),
      get('floatingips/<fip>'),
      put('floatingip', '<fip>', { port_id: '<other>' }),
      put('floatingip', '<second>', { port_id: '<guest>' }),
      put('floatingip', '<second>', { port_id: '<other>' }),
      forward({ internal_port_id: '<other>', internal_ip_address: '10.40.0.30', external_port: 99 }, 'mixed'),
      forward({ external_port: 81 }, 'again', '<second>'),
      detach({ subnet_id: '<sub>' }),
      setRouter({ external_gateway_info: null }),
      put('port', '<guest>', { fixed_ips: [{ ip_address: '10.40.0.21' }] }),
      get('floatingips/<fip>?fields=port_forwardings&fields=router_id'),
      remove('floatingips/<fip>'),
      get('floatingips/<fip>/port_forwardings'),
    ]),
  );
});

describe('changing port forwardings', () => {
  scenario('odd values', async (both) => {
    await both.steps([...routed, floating(), forward()]);
    for (const attribute of ['protocol', 'external_port', 'internal_port', 'internal_ip_address', 'description'])
      await both.steps(oddValues.map((value) => set({ [attribute]: value })));
    await both.step(get('floatingips/<fip>/port_forwardings/<pf>'));
  });

  scenario('what they lead to', (both) =>
    both.steps([
      ...routed,
      floating(),
      forward(),
      set({ internal_port_id: '<other>' }),
      set({ internal_port_id: '<guest>', internal_ip_address: '10.40.0.21' }),
      set({ internal_ip_address: '10.40.0.20' }),
      set({ internal_ip_address: '10.40.0.30' }),
      set({ internal_port_id: nobody }),
      set({ external_port: 80 }),
      set({ internal_port: 8080 }),
      set({ external_port_range: '8000:8010' }),
      set({ external_port_range: '8000:8010', internal_port_range: '80:90' }),
      set({ internal_port_range: '443:443' }),
      set({ external_port: 80 }),
      set({ protocol: 'udp' }),
      set({ description: 'x' }),
      set({}),
      forward({ protocol: 'udp', external_port: 5353, internal_port: 53 }, 'second'),
      set({ external_port: 5353 }, '<pf>'),
      set({ external_port: 1 }, nobody),
      set({ external_port: 1 }, '<pf>', nobody),
      get('floatingips/<fip>/port_forwardings/<pf>'),
      remove('floatingips/<fip>/port_forwardings/<pf>'),
      remove('floatingips/<fip>/port_forwardings/<pf>'),
      get('floatingips/<fip>/port_forwardings/<pf>'),
      remove('ports/<guest>'),
      get('floatingips/<fip>'),
    ]),
  );

  scenario('lists', (both) =>
    both.steps([
      ...routed,
      floating(),
      forward({ description: 'one' }, 'a'),
      forward({ ...ports, external_port_range: '8000:8010', internal_port_range: '80:90' }, 'b'),
      ...[
        '',
        '?external_port=2222',
        '?external_port=8005',
        '?external_port=x',
        '?external_port_range=8000:8010',
        '?internal_port=22',
        '?internal_port_id=<guest>',
        '?internal_ip_address=10.40.0.20',
        '?protocol=tcp',
        '?protocol=x',
        '?description=one',
        '?fields=external_port',
        '?sort_key=external_port&sort_dir=asc',
        '?nonsense=1',
      ].map((query) => get(`floatingips/<fip>/port_forwardings${query}`)),
      get(`floatingips/${nobody}/port_forwardings`),
    ]),
  );
});
