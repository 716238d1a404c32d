import { describe } from 'vitest';
import type { Step } from './both.ts';
import { createEach, get, network, oddValues, post, put, remove, scenario, subnet } from './scenario.ts';

const pool = (attributes: Record<string, unknown> = {}, as = 'pool'): Step => ({
  as,
  ...post('subnetpool', { name: 'p', prefixes: ['10.40.0.0/16'], default_prefixlen: 26, ...attributes }),
});

const scope = (attributes: Record<string, unknown> = {}, as = 'scope'): Step => ({
  as,
  method: 'POST',
  path: '/v2.0/address-scopes',
  body: { address_scope: { name: 's', ip_version: 4, ...attributes } },
});

const setScope = (id: string, changes: unknown): Step => ({
  method: 'PUT',
  path: `/v2.0/address-scopes/${id}`,
  body: { address_scope: changes },
});

const prefixes = (what: 'add' | 'remove', body: unknown, id = '<pool>'): Step => ({
  method: 'PUT',
  path: `/v2.0/subnetpools/${id}/${what}_prefixes`,
  body,
});

/** Of the pool, without a CIDR. */
const taken = (attributes: Record<string, unknown> = {}, as = 'sub'): Step => ({
  as,
  ...post('subnet', { network_id: '<net>', ip_version: 4, subnetpool_id: '<pool>', ...attributes }),
});

const unknown = '11111111-1111-1111-1111-111111111111';

describe('creating subnet pools', () => {
  for (const attribute of [
    'name',
    'description',
    'prefixes',
    'default_prefixlen',
    'min_prefixlen',
    'max_prefixlen',
    'default_quota',
    'is_default',
    'shared',
    'address_scope_id',
    'ip_version',
    'id',
    'nonsense',
  ]) {
    scenario(`with odd values of ${attribute}`, (both) =>
      createEach(
        both,
        oddValues.map((value) => pool({ [attribute]: value })),
      ),
    );
  }

  scenario('with prefixes of all kinds', (both) =>
    createEach(
      both,
      [
        ['10.40.0.0/16', '10.41.0.0/16'],
        ['10.40.0.0/16', '10.40.0.0/16'],
        ['10.40.0.0/16', '10.40.1.0/24'],
        ['10.43.0.0/16', '10.40.0.0/16', '10.42.0.0/16'],
        ['10.40.0.7/16'],
        ['10.40.0.0'],
        ['10.40.0.0/33'],
        ['0.0.0.0/0'],
        ['2001:db8::/32'],
        ['2001:DB8::1/32'],
        ['2001:db8::/32', '10.40.0.0/16'],
        ['x'],
        [''],
        [null],
        '10.40.0.0/16',
      ].map((given) => pool({ prefixes: given, default_prefixlen: undefined })),
    ),
  );

  scenario('with lengths that do not go together', (both) =>
    createEach(
      both,
      [
        { min_prefixlen: 24, max_prefixlen: 20 },
        { max_prefixlen: 33 },
        { min_prefixlen: 0, default_prefixlen: 0 },
        { default_prefixlen: 4 },
        { default_prefixlen: 28, max_prefixlen: 27 },
        { default_prefixlen: 16, min_prefixlen: 17 },
        { default_prefixlen: 8 },
        { default_prefixlen: undefined },
        { default_prefixlen: undefined, min_prefixlen: 20, max_prefixlen: 28 },
        { prefixes: ['2001:db8::/32'], default_prefixlen: 64 },
        { prefixes: ['2001:db8::/32'], default_prefixlen: 48 },
        { prefixes: ['2001:db8::/32'], default_prefixlen: 129 },
        { prefixes: ['2001:db8::/32'], default_prefixlen: undefined, max_prefixlen: 96 },
      ].map((lengths) => pool(lengths)),
    ),
  );
});

describe('changing subnet pools', () => {
  scenario('with odd values', async (both) => {
    await both.step(pool());
    for (const attribute of ['name', 'prefixes', 'default_prefixlen', 'default_quota', 'shared', 'address_scope_id'])
      await both.steps(oddValues.map((value) => put('subnetpool', '<pool>', { [attribute]: value })));
    await both.step(get('subnetpools/<pool>'));
  });

  scenario('prefixes can only grow', (both) =>
    both.steps([
      pool({ prefixes: ['10.40.0.0/16', '10.42.0.0/16'] }),
      put('subnetpool', '<pool>', { prefixes: ['10.40.0.0/16'] }),
      put('subnetpool', '<pool>', { prefixes: ['10.40.0.0/15', '10.42.0.0/16'] }),
      put('subnetpool', '<pool>', { prefixes: ['10.40.0.0/14'] }),
      put('subnetpool', '<pool>', { prefixes: ['2001:db8::/32'] }),
      put('subnetpool', '<pool>', { prefixes: [] }),
      put('subnetpool', '<pool>', { default_prefixlen: 12, min_prefixlen: 12 }),
      put('subnetpool', '<pool>', { min_prefixlen: 30 }),
      put('subnetpool', '<pool>', { max_prefixlen: 10 }),
      put('subnetpool', '<pool>', { default_quota: 512 }),
      get('subnetpools/<pool>'),
      put('subnetpool', unknown, { name: 'x' }),
      remove(`subnetpools/${unknown}`),
      remove('subnetpools/<pool>'),
      get('subnetpools/<pool>'),
    ]),
  );

  scenario('by adding and removing prefixes', (both) =>
    both.steps([
      network(),
      pool({ prefixes: ['10.40.0.0/16'] }),
      taken(),
      ...[
        { prefixes: ['10.41.0.0/16'] },
        { prefixes: ['10.41.0.0/24', '10.43.0.0/24'] },
        { prefixes: ['2001:db8::/32'] },
        { prefixes: [] },
        { prefixes: null },
        { prefixes: 'x' },
        {},
      ].map((body) => prefixes('add', body)),
      prefixes('add', { prefixes: ['10.50.0.0/16'] }, unknown),
      ...[
        { prefixes: ['10.43.0.0/25'] },
        { prefixes: ['10.99.0.0/16'] },
        { prefixes: ['10.40.0.0/26'] },
        { prefixes: ['10.40.0.0/16'] },
        { prefixes: ['10.40.128.0/17'] },
        { prefixes: [] },
        {},
      ].map((body) => prefixes('remove', body)),
      prefixes('remove', { prefixes: ['10.41.0.0/16'] }, unknown),
      get('subnetpools/<pool>?fields=prefixes'),
    ]),
  );

  scenario('the default one', (both) =>
    both.steps([
      pool({ is_default: true }, 'first'),
      pool({ is_default: true }, 'second'),
      pool({ is_default: true, prefixes: ['2001:db8::/32'], default_prefixlen: 64 }, 'six'),
      pool({}, 'third'),
      put('subnetpool', '<third>', { is_default: true }),
      put('subnetpool', '<first>', { is_default: true }),
      put('subnetpool', '<first>', { is_default: false }),
      put('subnetpool', '<third>', { is_default: true }),
      get('subnetpools?is_default=true&project_id=<project>&fields=id'),
    ]),
  );
});

describe('subnets of pools', () => {
  scenario('take the first block that is free', (both) =>
    both.steps([
      network(),
      network({}, 'other'),
      pool({ prefixes: ['10.40.0.0/23'], min_prefixlen: 24, max_prefixlen: 28 }),
      ...[
        {},
        { prefixlen: 28 },
        { prefixlen: 24 },
        { prefixlen: 23 },
        { prefixlen: 29 },
        { prefixlen: '28' },
        { prefixlen: 'x' },
        { prefixlen: -1 },
        { prefixlen: 26, cidr: '10.40.0.64/26' },
        { cidr: '10.40.0.128/26' },
        { cidr: '10.40.0.128/26' },
        { cidr: '10.40.0.0/25' },
        { cidr: '10.99.0.0/24' },
        { cidr: '10.40.0.0/29' },
        { ip_version: 6 },
        { allocation_pools: [{ start: '10.40.0.10', end: '10.40.0.20' }] },
        { gateway_ip: '10.40.1.1' },
        { gateway_ip: '10.99.1.1' },
        { gateway_ip: '2001:db8::1' },
        { subnetpool_id: unknown },
        { subnetpool_id: null },
        { use_default_subnetpool: true },
      ].map((attributes, i) => taken(attributes, `sub${i}`)),
      put('subnet', '<sub0>', { subnetpool_id: null }),
      put('subnet', '<sub0>', { cidr: '10.40.0.0/25' }),
      remove('subnetpools/<pool>'),
      get('subnets?network_id=<net>&fields=id&fields=cidr&fields=gateway_ip&fields=subnetpool_id'),
    ]),
  );

  scenario('of IPv6', (both) =>
    both.steps([
      network(),
      pool({ prefixes: ['2001:db8:40::/48'], default_prefixlen: 64 }),
      taken({ ip_version: 6 }),
      taken({ ip_version: 6, prefixlen: 80 }, 'small'),
      taken({ ip_version: 6, ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' }, 'auto'),
      taken({ ip_version: 4 }, 'four'),
      taken({ ip_version: 6, cidr: '2001:db8:40:ff::/64' }, 'own'),
    ]),
  );

  scenario('are all from one pool on a network', (both) =>
    both.steps([
      network(),
      pool(),
      pool({ prefixes: ['10.50.0.0/16'] }, 'second'),
      taken(),
      subnet({ cidr: '10.60.0.0/24' }, 'plain'),
      taken({ subnetpool_id: '<second>' }, 'foreign'),
      subnet({ ip_version: 6, cidr: '2001:db8::/64' }, 'six'),
      network({}, 'net'),
      subnet({ cidr: '10.60.0.0/24' }, 'plain'),
      taken({}, 'late'),
    ]),
  );

  scenario('up to the quota of the pool', (both) =>
    both.steps([
      network(),
      pool({ default_quota: 100, default_prefixlen: 26 }),
      taken({}, 'one'),
      taken({}, 'two'),
      taken({ prefixlen: 27 }, 'three'),
      taken({ prefixlen: 29 }, 'four'),
      put('subnetpool', '<pool>', { default_quota: 200 }),
      taken({}, 'two'),
    ]),
  );

  scenario('when the pool is used up', (both) =>
    both.steps([network(), pool({ prefixes: ['10.40.0.0/25'] }), taken({}, 'a'), taken({}, 'b'), taken({}, 'c')]),
  );

  scenario('of the default pool', (both) =>
    both.steps([
      network(),
      taken({ subnetpool_id: undefined, use_default_subnetpool: true }),
      pool({ is_default: true }),
      taken({ subnetpool_id: undefined, use_default_subnetpool: true }),
      taken({ use_default_subnetpool: true }),
      taken({ subnetpool_id: undefined, use_default_subnetpool: true, ip_version: 6 }),
      taken({ subnetpool_id: undefined, use_default_subnetpool: true, cidr: '10.40.9.0/24' }),
      taken({ subnetpool_id: undefined, use_default_subnetpool: true, prefixlen: 28 }),
      taken({ subnetpool_id: undefined, use_default_subnetpool: 'x' }),
      taken({ subnetpool_id: undefined, use_default_subnetpool: false }),
    ]),
  );

  scenario('that are onboarded', (both) =>
    both.steps([
      network(),
      pool(),
      subnet({ cidr: '10.60.0.0/24' }, 'a'),
      subnet({ cidr: '10.61.0.0/24' }, 'b'),
      ...[{ network_id: '<net>' }, { network_id: unknown }, { network_id: null }, {}].map(
        (body): Step => ({ method: 'PUT', path: '/v2.0/subnetpools/<pool>/onboard_network_subnets', body }),
      ),
      get('subnets/<a>'),
      get('subnetpools/<pool>'),
    ]),
  );
});

describe('address scopes', () => {
  for (const attribute of ['name', 'ip_version', 'shared', 'id', 'nonsense', 'description']) {
    scenario(`with odd values of ${attribute}`, async (both) => {
      await createEach(
        both,
        oddValues.map((value) => scope({ [attribute]: value })),
      );
    });
  }

  scenario('changing', (both) =>
    both.steps([
      scope(),
      ...oddValues.map((name) => setScope('<scope>', { name })),
      setScope('<scope>', { ip_version: 6 }),
      setScope('<scope>', { shared: true }),
      setScope('<scope>', { shared: false }),
      setScope(unknown, { name: 'x' }),
      get('address-scopes/<scope>'),
      get('address-scopes?project_id=<project>&ip_version=4&shared=true'),
      get('address-scopes?project_id=<project>&ip_version=6'),
      get('address-scopes?nonsense=1'),
      remove(`address-scopes/${unknown}`),
      remove('address-scopes/<scope>'),
    ]),
  );

  scenario('hold pools whose addresses are theirs alone', (both) =>
    both.steps([
      scope(),
      scope({ ip_version: 6 }, 'six'),
      pool({ address_scope_id: '<scope>' }),
      pool({ address_scope_id: '<scope>', prefixes: ['10.40.5.0/24'] }, 'second'),
      pool({ address_scope_id: '<scope>', prefixes: ['10.41.0.0/16'] }, 'second'),
      pool({ address_scope_id: '<six>' }, 'third'),
      pool({ address_scope_id: unknown }, 'third'),
      put('subnetpool', '<second>', { prefixes: ['10.40.0.0/15'] }),
      put('subnetpool', '<second>', { address_scope_id: '<six>' }),
      prefixes('add', { prefixes: ['10.40.7.0/24'] }, '<second>'),
      remove('address-scopes/<scope>'),
      network(),
      taken(),
      taken({ subnetpool_id: '<second>' }, 'other'),
      get('networks/<net>'),
      pool({ prefixes: ['10.50.0.0/16'] }, 'outside'),
      taken({ subnetpool_id: '<outside>' }, 'x'),
      put('subnetpool', '<pool>', { address_scope_id: null }),
      scope({}, 'free'),
      put('subnetpool', '<pool>', { address_scope_id: '<free>' }),
    ]),
  );

  scenario('and networks show them', (both) =>
    both.steps([
      scope(),
      network(),
      pool(),
      taken(),
      get('networks/<net>'),
      put('subnetpool', '<pool>', { address_scope_id: '<scope>' }),
      get('networks/<net>?fields=ipv4_address_scope&fields=ipv6_address_scope'),
      put('subnetpool', '<pool>', { address_scope_id: null }),
      get('networks/<net>?fields=ipv4_address_scope&fields=ipv6_address_scope'),
    ]),
  );
});

describe('lists', () => {
  scenario('of pools', (both) =>
    both.steps([
      pool({ name: 'a', shared: true }, 'a'),
      pool({ name: 'b', prefixes: ['2001:db8::/32'], default_prefixlen: 64 }, 'b'),
      ...[
        'sort_key=name&sort_dir=desc',
        'sort_key=ip_version&sort_dir=asc&sort_key=name&sort_dir=asc',
        'sort_key=default_prefixlen&sort_dir=asc',
        'sort_key=prefixes&sort_dir=asc',
        'ip_version=6',
        'ip_version=x',
        'default_prefixlen=x',
        'default_prefixlen=26',
        'min_prefixlen=8',
        'shared=true',
        'shared=false',
        'is_default=false',
        'name=a&name=b&fields=name',
        'prefixes=10.40.0.0/16',
        'address_scope_id=',
        'default_quota=5',
        'limit=1&sort_key=name&sort_dir=asc',
      ].map((query) => get(`subnetpools?project_id=<project>&${query}`)),
    ]),
  );

  scenario('of used addresses', (both) =>
    both.steps([
      network({ name: 'n' }),
      subnet({ cidr: '10.60.0.0/24' }, 'a'),
      subnet({ ip_version: 6, cidr: '2001:db8::/64', enable_dhcp: false }, 'b'),
      post('port', { network_id: '<net>' }),
      get('network-ip-availabilities/<net>'),
      get(`network-ip-availabilities/${unknown}`),
      get('network-ip-availabilities/<net>?fields=network_id&fields=total_ips'),
      get('network-ip-availabilities?network_id=<net>&ip_version=4'),
      get('network-ip-availabilities?network_id=<net>&ip_version=6'),
      get('network-ip-availabilities?network_id=<net>&ip_version=5'),
      get('network-ip-availabilities?network_id=<net>&ip_version=x'),
      get('network-ip-availabilities?network_name=n&project_id=<project>'),
      get('network-ip-availabilities?nonsense=1'),
      get('network-ip-availabilities?network_id=<net>&limit=1'),
      get('network-ip-availabilities?network_id=<net>&sort_key=network_name&sort_dir=asc'),
      { method: 'POST', path: '/v2.0/network-ip-availabilities', body: { network_ip_availability: {} } },
      { method: 'PUT', path: '/v2.0/network-ip-availabilities/<net>', body: { network_ip_availability: {} } },
      remove('network-ip-availabilities/<net>'),
    ]),
  );
});
