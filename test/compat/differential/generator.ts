import fc from 'fast-check';
import type { Attribute, ResourceDefinition, Schema } from '../../../src/resources/contract.ts';
import { resources } from '../../../src/resources/registry.ts';
import type { Step } from './both.ts';
import { oddValues } from './scenario.ts';

type Body = Record<string, unknown>;

/** What each generated scenario starts from: one of every kind that requests can refer to. */
export const world: readonly Step[] = [
  made('net', 'networks', { name: 'a', 'provider:network_type': 'local' }),
  // The ids of the project's default group are learnt here: they stand in answers ever after.
  { method: 'GET', path: '/v2.0/security-groups?project_id=<project>&name=default' },
  made('net2', 'networks', { name: 'b', 'provider:network_type': 'local', shared: true, description: 'second' }),
  made('net3', 'networks', { name: 'c', 'provider:network_type': 'local', admin_state_up: false }),
  made('sub', 'subnets', { name: 'a', network_id: '<net>', ip_version: 4, cidr: '10.70.0.0/24', enable_dhcp: false }),
  made('six', 'subnets', {
    name: 'b',
    network_id: '<net>',
    ip_version: 6,
    cidr: '2001:db8:70::/64',
    enable_dhcp: false,
  }),
  made('group', 'security-groups', { name: 'a', description: 'first' }),
  made('port', 'ports', { name: 'a', network_id: '<net>', fixed_ips: [{ ip_address: '10.70.0.50' }] }),
  made('port2', 'ports', { name: 'b', network_id: '<net2>', security_groups: [], device_id: 'x' }),
  made('rule', 'security-group-rules', { security_group_id: '<group>', direction: 'ingress', protocol: 'tcp' }),
  made('scope', 'address-scopes', { name: 'a', ip_version: 4 }),
  made('pool', 'subnetpools', { name: 'a', prefixes: ['10.71.0.0/16'], default_prefixlen: 26 }),
  made('block', 'address-groups', { name: 'a', addresses: ['192.0.2.0/24'] }),
  made('rbac', 'rbac-policies', {
    object_type: 'network',
    object_id: '<net3>',
    action: 'access_as_shared',
    target_tenant: 'x',
  }),
];

function made(as: string, path: string, attributes: Body): Step {
  return { as, method: 'POST', path: `/v2.0/${path}`, body: { [memberOf(path)]: attributes } };
}

function memberOf(path: string): string {
  return path === 'rbac-policies' ? 'rbac_policy' : path.replaceAll('-', '_').replace(/s$/, '');
}

interface Kind {
  definition: ResourceDefinition;
  path: string;
  /** Names of the world that are of this kind. */
  known: readonly string[];
  /** The least that makes one. */
  base: Body;
}

/** Everything that both servers have: network segment ranges and templates of default rules are not served there. */
const kinds: readonly Kind[] = [
  kind('network', ['net', 'net2', 'net3'], { 'provider:network_type': 'local' }),
  kind('subnet', ['sub', 'six'], { network_id: '<net3>', ip_version: 4, cidr: '10.72.0.0/24' }),
  kind('port', ['port', 'port2'], { network_id: '<net>' }),
  kind('security_group', ['group'], { name: 'x' }),
  kind('security_group_rule', ['rule'], { security_group_id: '<group>', direction: 'egress', protocol: 'udp' }),
  kind('address_scope', ['scope'], { name: 'x', ip_version: 4 }),
  kind('subnetpool', ['pool'], { name: 'x', prefixes: ['10.73.0.0/16'] }),
  kind('address_group', ['block'], { name: 'x' }),
  kind('rbac_policy', ['rbac'], {
    object_type: 'network',
    object_id: '<net>',
    action: 'access_as_shared',
    target_tenant: 'y',
  }),
  kind('flavor', [], { name: 'x', service_type: 'TAG' }),
  kind('service_profile', [], { description: 'x', metainfo: '{}' }),
];

function kind(member: string, known: readonly string[], base: Body): Kind {
  const definition = resources.find((resource) => resource.member === member)!;
  return { definition, path: definition.collection.replaceAll('_', '-'), known, base };
}

const nobody = '11111111-1111-1111-1111-111111111111';
const references: Readonly<Record<string, readonly string[]>> = {
  network_id: ['<net>', '<net2>', '<net3>'],
  subnet_id: ['<sub>', '<six>'],
  security_group_id: ['<group>'],
  remote_group_id: ['<group>'],
  remote_address_group_id: ['<block>'],
  address_scope_id: ['<scope>'],
  subnetpool_id: ['<pool>'],
  object_id: ['<net>', '<group>', '<pool>', '<scope>', '<block>'],
};

/** Good and half-good values of attributes whose schema says too little of them. */
const likely: Readonly<Record<string, readonly unknown[]>> = {
  cidr: ['10.72.0.0/24', '10.72.0.5/24', '2001:db8:72::/64', '10.72.0.0/31', '0.0.0.0/0', '10.72.0.0'],
  gateway_ip: ['10.72.0.1', '10.72.0.254', '10.70.0.9', '2001:db8:72::1', null],
  ip_version: [4, 6, '4', 5],
  allocation_pools: [[{ start: '10.72.0.10', end: '10.72.0.20' }], [{ start: '10.70.0.40', end: '10.70.0.90' }], []],
  dns_nameservers: [['192.0.2.1'], ['2001:db8::1', '192.0.2.1'], []],
  host_routes: [[{ destination: '10.9.0.0/16', nexthop: '10.72.0.9' }], []],
  service_types: [['compute:nova'], ['network:dhcp'], ['nonsense'], []],
  prefixes: [
    ['10.73.0.0/16'],
    ['10.73.0.0/16', '10.74.0.0/16'],
    ['2001:db8::/32'],
    ['10.71.0.0/16', '10.70.0.0/16'],
    [],
  ],
  addresses: [['192.0.2.1'], ['192.0.2.0/24', '2001:db8::/64'], []],
  fixed_ips: [[{ ip_address: '10.70.0.60' }], [{ subnet_id: '<sub>' }], [{ subnet_id: '<six>' }], []],
  allowed_address_pairs: [[{ ip_address: '10.70.0.0/16' }], [{ ip_address: '10.70.0.7' }], []],
  extra_dhcp_opts: [[{ opt_name: 'mtu', opt_value: '1400' }], []],
  security_groups: [['<group>'], [], [nobody]],
  mac_address: ['fa:16:3e:70:00:01', '00:00:00:00:00:00'],
  device_owner: ['compute:nova', 'network:dhcp', ''],
  'binding:host_id': ['host1', ''],
  'binding:profile': [{}, { a: 'b' }, null],
  'provider:network_type': ['local', 'flat', 'vlan', 'gre', 'nonsense'],
  'provider:physical_network': ['physnet1', 'elsewhere'],
  'provider:segmentation_id': [120, 0, 4095],
  protocol: ['tcp', 'udp', 'icmp', 6, 'ipv6-icmp', '300', null],
  port_range_min: [1, 80, 0, 65536, null],
  port_range_max: [1, 80, 443, null],
  remote_ip_prefix: ['192.0.2.0/24', '2001:db8::/64', '192.0.2.9', null],
  object_type: ['network', 'security_group', 'subnetpool', 'qos_policy', 'nonsense'],
  action: ['access_as_shared', 'access_as_external'],
  target_tenant: ['x', '*', '<project>'],
  service_type: ['TAG', 'L3_ROUTER_NAT'],
  metainfo: ['{}', "{'a': 1}"],
  tags: [['red'], [], ['red', 'blue']],
  mtu: [1400, 0, 68, 9000],
};

const attributesOf = ({ definition }: Kind, verb: 'C' | 'U') =>
  Object.entries(definition.attributes).filter(([, { ops }]) => ops.includes(verb));

function anyValue(name: string, { type }: Attribute): fc.Arbitrary<unknown> {
  const good = [
    ...(likely[name] ?? []),
    ...(references[name] ?? []),
    ...(references[name] ? [nobody] : []),
    ...ofSchema(type.schema),
  ];
  const odd = fc.constantFrom(...oddValues);
  return good.length === 0
    ? odd
    : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: odd });
}

function ofSchema(schema: Schema): readonly unknown[] {
  if (Array.isArray(schema.enum)) return schema.enum;
  const types = [schema.type].flat();
  return [
    ...(types.includes('boolean') ? [true, false, 'false'] : []),
    ...(types.includes('integer') ? [schema.minimum ?? 0, schema.maximum ?? 30, '7'] : []),
    ...(types.includes('string') && schema.format === undefined ? ['a', 'ü', ''] : []),
    ...(types.includes('null') ? [null] : []),
  ];
}

/** A few attributes with values, now and then one that is not there. */
function changesOf(one: Kind, verb: 'C' | 'U'): fc.Arbitrary<Body> {
  const pairs = fc
    .constantFrom(...attributesOf(one, verb))
    .chain(([name, attribute]) => fc.tuple(fc.constant(name), anyValue(name, attribute)));
  const foreign = fc.constantFrom<[string, unknown]>(
    ['nonsense', 1],
    ['id', nobody],
    ['status', 'ACTIVE'],
    ['revision_number', 5],
  );
  return fc
    .array(fc.oneof({ weight: 12, arbitrary: pairs }, { weight: 1, arbitrary: foreign }), {
      minLength: 1,
      maxLength: 3,
    })
    .map((entries) => Object.fromEntries(entries));
}

const create = (one: Kind): fc.Arbitrary<Step> =>
  fc
    .tuple(changesOf(one, 'C'), fc.constantFrom(...Object.keys(one.base), ...Array(8).fill(null)))
    .map(([changes, left]) => {
      const body = { ...one.base, ...changes };
      if (left !== null) delete body[left];
      return { as: 'case', method: 'POST', path: `/v2.0/${one.path}`, body: { [one.definition.member]: body } };
    });

const update = (one: Kind): fc.Arbitrary<Step> =>
  fc
    .tuple(fc.constantFrom(...one.known.map((name) => `<${name}>`), nobody), changesOf(one, 'U'), fc.nat({ max: 9 }))
    .map(([id, body, dice]) => ({
      method: 'PUT',
      path: `/v2.0/${one.path}/${id}`,
      body: { [one.definition.member]: body },
      ...(dice === 0 ? { headers: { 'if-match': 'revision_number=99' } } : {}),
    }));

function list(one: Kind): fc.Arbitrary<Step> {
  const shown = Object.entries(one.definition.attributes);
  const name = fc.constantFrom(...shown.map(([key]) => key), 'nonsense');
  const filter = fc
    .constantFrom(...shown.filter(([, { filter: is }]) => is))
    .chain(([key, attribute]) => anyValue(key, attribute).map((value) => `${key}=${text(value)}`));
  const part = fc.oneof(
    { weight: 4, arbitrary: filter },
    { weight: 2, arbitrary: name.map((key) => `fields=${key}`) },
    { weight: 1, arbitrary: name.map((key) => `sort_key=${key}&sort_dir=asc`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'limit=2&sort_key=name',
        'limit=-1',
        'limit=x',
        'sort_dir=up',
        'marker=x',
        'page_reverse=True',
        'fields=',
        'nonsense=1',
      ),
    },
  );
  const own = 'project_id' in one.definition.attributes ? ['project_id=<project>'] : [];
  return fc
    .array(part, { maxLength: 3 })
    .map((parts) => ({ method: 'GET', path: `/v2.0/${one.path}?${[...own, ...parts].join('&')}` }));
}

const text = (value: unknown): string =>
  encodeURIComponent(typeof value === 'object' ? 'x' : String(value)).replace(/%3C(\w+)%3E/g, '<$1>');

const single = (one: Kind): fc.Arbitrary<Step> =>
  fc
    .tuple(
      fc.constantFrom('GET', 'GET', 'DELETE'),
      fc.constantFrom(...one.known.map((name) => `<${name}>`), nobody, 'x'),
      fc.constantFrom('', '?fields=id', '?fields=name&fields=nonsense', '?nonsense=1'),
    )
    .map(([method, id, query]) => ({
      method: id.startsWith('<') ? 'GET' : method,
      path: `/v2.0/${one.path}/${id}${method === 'GET' ? query : ''}`,
    }));

/** What is no plain collection: tags, members of address groups and pools, use of addresses, quotas, agents. */
const others: fc.Arbitrary<Step> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('GET', 'PUT', 'DELETE'),
      fc.constantFrom('networks/<net>', 'ports/<port>', 'subnets/<sub>', 'networks/x', 'nonsense/x'),
      fc.constantFrom('red', 'blue', 'a'.repeat(61)),
    )
    .map(([method, path, tag]): Step => ({ method, path: `/v2.0/${path}/tags/${tag}` })),
  fc
    .tuple(
      fc.constantFrom('networks/<net>', 'security-groups/<group>', `ports/${nobody}`),
      fc.constantFrom<unknown>(['red'], [], 'red', [1], ['x', 'x'], null, ['a'.repeat(61)]),
    )
    .map(([path, tags]): Step => ({ method: 'PUT', path: `/v2.0/${path}/tags`, body: { tags } })),
  fc
    .tuple(
      fc.constantFrom('add', 'remove'),
      fc.constantFrom('<block>', nobody),
      fc.constantFrom<unknown>(...likely.addresses!, 'x', null, [1]),
    )
    .map(
      ([verb, id, addresses]): Step => ({
        method: 'PUT',
        path: `/v2.0/address-groups/${id}/${verb}_addresses`,
        body: { address_group: { addresses } },
      }),
    ),
  fc
    .tuple(
      fc.constantFrom('add', 'remove'),
      fc.constantFrom('<pool>', nobody),
      fc.constantFrom<unknown>(...likely.prefixes!, 'x', null),
    )
    .map(
      ([verb, id, prefixes]): Step => ({
        method: 'PUT',
        path: `/v2.0/subnetpools/${id}/${verb}_prefixes`,
        body: { prefixes },
      }),
    ),
  fc
    .constantFrom(
      'network-ip-availabilities/<net>',
      `network-ip-availabilities/${nobody}`,
      'network-ip-availabilities?network_id=<net>',
      'quotas/<project>',
      'quotas/<project>/default',
      'quotas/<project>/details.json',
      'agents?binary=nonsense',
      'agents?fields=binary',
      `agents/${nobody}`,
      'availability_zones?resource=network',
      'availability_zones?name=x',
      'extensions/nonsense',
      `networks/<net>/dhcp-agents`,
      `agents/${nobody}/dhcp-networks`,
      'ports/<port>/bindings',
      `ports/${nobody}/bindings`,
      'auto-allocated-topology/<project>?fields=dry-run',
    )
    .map((path): Step => ({ method: 'GET', path: `/v2.0/${path}` })),
  fc
    .tuple(
      fc.constantFrom('network', 'port', 'nonsense', 'security_group_rule'),
      fc.constantFrom<unknown>(10, -1, 0, '5', 'x', null, 2 ** 31, 1.5, []),
    )
    .map(
      ([name, limit]): Step => ({ method: 'PUT', path: '/v2.0/quotas/<project>', body: { quota: { [name]: limit } } }),
    ),
);

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  ...kinds.map((one) => ({
    weight: one.known.length > 0 ? 4 : 1,
    arbitrary: fc.oneof(
      { weight: 4, arbitrary: create(one) },
      { weight: 3, arbitrary: update(one) },
      { weight: 3, arbitrary: list(one) },
      { weight: 1, arbitrary: single(one) },
    ),
  })),
  { weight: 6, arbitrary: others },
);
