import type { Ids, Stage } from './stage.ts';

export type Attack = readonly [method: string, path: string, body?: object];

/** What somebody is after: with the ids of others, or with ids that nothing has. */
export type Reach = (ids: Ids, own: Stage['own']) => Attack;

const tcp = { direction: 'ingress', protocol: 'tcp' };
const rbac = (object_type: string, object_id: string, more = {}): Attack => [
  'POST',
  'rbac-policies',
  { rbac_policy: { object_type, object_id, action: 'access_as_shared', target_tenant: 'attacker', ...more } },
];
const port = (input: object): Attack => ['POST', 'ports', { port: input }];
const vlan = (port_id: string) => ({ port_id, segmentation_type: 'vlan', segmentation_id: 101 });
const subnet = (input: object): Attack => ['POST', 'subnets', { subnet: { ip_version: 4, ...input } }];

/** Ids of others in every attribute, and every part of a path, that takes an id. */
export const reaches: Readonly<Record<string, readonly [expected: string, reach: Reach]>> = {
  'a port on their network': ['404 NetworkNotFound', (of) => port({ network_id: of.network })],
  'a port on their network, among others': [
    '404 NetworkNotFound',
    (of, own) => ['POST', 'ports', { ports: [{ network_id: own.network }, { network_id: of.network }] }],
  ],
  'a port with an address of their subnet': [
    '404 SubnetNotFound',
    (of, own) => port({ network_id: own.network, fixed_ips: [{ subnet_id: of.subnet }] }),
  ],
  'a port in their group': [
    '404 SecurityGroupNotFound',
    (of, own) => port({ network_id: own.network, security_groups: [of.group] }),
  ],
  'a port in a group of ours and theirs': [
    '404 SecurityGroupNotFound',
    (of, own) => port({ network_id: own.network, security_groups: [own.group, of.group] }),
  ],
  'our port into their group': [
    '404 SecurityGroupNotFound',
    (of, own) => ['PUT', `ports/${own.port}`, { port: { security_groups: [of.group] } }],
  ],
  'our port into their subnet': [
    '404 SubnetNotFound',
    (of, own) => ['PUT', `ports/${own.port}`, { port: { fixed_ips: [{ subnet_id: of.subnet }] } }],
  ],
  'our port onto their network': [
    '400 HTTPBadRequest',
    (of, own) => ['PUT', `ports/${own.port}`, { port: { network_id: of.network } }],
  ],
  'a subnet on their network': [
    '404 NetworkNotFound',
    (of) => subnet({ network_id: of.network, cidr: '10.99.0.0/24' }),
  ],
  'a subnet from their pool': [
    '404 SubnetPoolNotFound',
    (of, own) => subnet({ network_id: own.network, subnetpool_id: of.pool }),
  ],
  'a subnet in their segment': [
    '403 PolicyNotAuthorized',
    (of, own) => subnet({ network_id: own.network, cidr: '10.98.0.0/24', segment_id: of.segment }),
  ],
  'our subnet into their segment': [
    '403 PolicyNotAuthorized',
    (of, own) => ['PUT', `subnets/${own.subnet}`, { subnet: { segment_id: of.segment } }],
  ],
  'a pool in their scope': [
    '404 AddressScopeNotFound',
    (of) => [
      'POST',
      'subnetpools',
      { subnetpool: { name: 'x', prefixes: ['10.97.0.0/16'], address_scope_id: of.scope } },
    ],
  ],
  'our pool into their scope': [
    '404 AddressScopeNotFound',
    (of, own) => ['PUT', `subnetpools/${own.pool}`, { subnetpool: { address_scope_id: of.scope } }],
  ],
  'their subnets into our pool': [
    '404 NetworkNotFound',
    (of, own) => ['PUT', `subnetpools/${own.pool}/onboard_network_subnets`, { network_id: of.network }],
  ],
  'a rule in their group': [
    '404 SecurityGroupNotFound',
    (of) => ['POST', 'security-group-rules', { security_group_rule: { ...tcp, security_group_id: of.group } }],
  ],
  'a rule about their group': [
    '404 SecurityGroupNotFound',
    (of, own) => [
      'POST',
      'security-group-rules',
      { security_group_rule: { ...tcp, security_group_id: own.group, remote_group_id: of.group } },
    ],
  ],
  'a rule about their addresses': [
    '404 AddressGroupNotFound',
    (of, own) => [
      'POST',
      'security-group-rules',
      { security_group_rule: { ...tcp, security_group_id: own.group, remote_address_group_id: of.addressGroup } },
    ],
  ],
  'a segment of their network': [
    '404 NetworkNotFound',
    (of) => ['POST', 'segments', { segment: { network_id: of.network, network_type: 'local' } }],
  ],
  'their network for us': ['400 InvalidInput', (of) => rbac('network', of.network)],
  'their network, to lead outside': [
    '403 PolicyNotAuthorized',
    (of) => rbac('network', of.network, { action: 'access_as_external', target_tenant: '*' }),
  ],
  'their group for us': ['400 InvalidInput', (of) => rbac('security_group', of.group)],
  'their pool for us': ['400 InvalidInput', (of) => rbac('subnetpool', of.pool)],
  'their scope for us': ['400 InvalidInput', (of) => rbac('address_scope', of.scope)],
  'their addresses for us': ['400 InvalidInput', (of) => rbac('address_group', of.addressGroup)],
  'their entry for us': [
    '404 RbacPolicyNotFound',
    (of) => ['PUT', `rbac-policies/${of.rbac}`, { rbac_policy: { target_tenant: 'attacker' } }],
  ],
  'a router of ours on their subnet': [
    '404 SubnetNotFound',
    (of, own) => ['PUT', `routers/${own.router}/add_router_interface`, { subnet_id: of.subnet }],
  ],
  'a router of ours with their port': [
    '404 PortNotFound',
    (of, own) => ['PUT', `routers/${own.router}/add_router_interface`, { port_id: of.port }],
  ],
  'their router on our subnet': [
    '404 RouterNotFound',
    (of, own) => ['PUT', `routers/${of.router}/add_router_interface`, { subnet_id: own.subnet }],
  ],
  'their router off their subnet': [
    '404 RouterNotFound',
    (of) => ['PUT', `routers/${of.router}/remove_router_interface`, { subnet_id: of.subnet }],
  ],
  'their interface off our router': [
    '404 RouterInterfaceNotFound',
    (of, own) => ['PUT', `routers/${own.router}/remove_router_interface`, { port_id: of.leg }],
  ],
  'our router leads to their network': [
    '404 NetworkNotFound',
    (of, own) => ['PUT', `routers/${own.router}`, { router: { external_gateway_info: { network_id: of.network } } }],
  ],
  'a router that leads to their network': [
    '404 NetworkNotFound',
    (of) => ['POST', 'routers', { router: { external_gateway_info: { network_id: of.network } } }],
  ],
  'routes of their router': [
    '404 RouterNotFound',
    (of) => ['PUT', `routers/${of.router}/add_extraroutes`, { router: { routes: [] } }],
  ],
  'a trunk on their port': ['404 PortNotFound', (of) => ['POST', 'trunks', { trunk: { port_id: of.port } }]],
  'a trunk on what theirs carries': [
    '404 PortNotFound',
    (of) => ['POST', 'trunks', { trunk: { port_id: of.carried } }],
  ],
  'their port on our trunk': [
    '404 PortNotFound',
    (of, own) => ['PUT', `trunks/${own.trunk}/add_subports`, { sub_ports: [vlan(of.port)] }],
  ],
  'their sub-port on our trunk': [
    '404 PortNotFound',
    (of, own) => ['PUT', `trunks/${own.trunk}/add_subports`, { sub_ports: [vlan(of.carried)] }],
  ],
  'our port on their trunk': [
    '404 TrunkNotFound',
    (of, own) => ['PUT', `trunks/${of.trunk}/add_subports`, { sub_ports: [vlan(own.port)] }],
  ],
  'their sub-port off their trunk': [
    '404 TrunkNotFound',
    (of) => ['PUT', `trunks/${of.trunk}/remove_subports`, { sub_ports: [{ port_id: of.carried }] }],
  ],
  'the sub-ports of their trunk': ['404 TrunkNotFound', (of) => ['GET', `trunks/${of.trunk}/get_subports`]],
  'addresses into their address group': [
    '404 AddressGroupNotFound',
    (of) => ['PUT', `address-groups/${of.addressGroup}/add_addresses`, { addresses: ['10.96.0.0/24'] }],
  ],
  'addresses out of their address group': [
    '404 AddressGroupNotFound',
    (of) => ['PUT', `address-groups/${of.addressGroup}/remove_addresses`, { addresses: ['10.16.9.0/24'] }],
  ],
  'prefixes into their pool': [
    '404 SubnetPoolNotFound',
    (of) => ['PUT', `subnetpools/${of.pool}/add_prefixes`, { prefixes: ['10.95.0.0/16'] }],
  ],
  'prefixes out of their pool': [
    '404 SubnetPoolNotFound',
    (of) => ['PUT', `subnetpools/${of.pool}/remove_prefixes`, { prefixes: ['172.16.0.0/16'] }],
  ],
  'our subnets into their pool': [
    '404 SubnetPoolNotFound',
    (of, own) => ['PUT', `subnetpools/${of.pool}/onboard_network_subnets`, { network_id: own.network }],
  ],
  'where their port works': ['404 PortNotFound', (of) => ['GET', `ports/${of.port}/explain`]],
  'what carries their network': ['404 NetworkNotFound', (of) => ['GET', `networks/${of.network}/explain`]],
  'where their port is bound': ['200', (of) => ['GET', `ports/${of.port}/bindings`]],
  'a binding of their port': [
    '403 PolicyNotAuthorized',
    (of) => ['POST', `ports/${of.port}/bindings`, { binding: { host: 'h' } }],
  ],
  'their binding, changed': [
    '404 PortNotFound',
    (of) => ['PUT', `ports/${of.port}/bindings/h`, { binding: { vnic_type: 'direct' } }],
  ],
  'their binding, activated': ['404 PortNotFound', (of) => ['PUT', `ports/${of.port}/bindings/h/activate`]],
  'their binding, removed': ['404 PortNotFound', (of) => ['DELETE', `ports/${of.port}/bindings/h`]],
  'who serves their network': ['404 NetworkNotFound', (of) => ['GET', `networks/${of.network}/dhcp-agents`]],
  'a profile for a flavor': [
    '404 FlavorNotFound',
    (of) => ['POST', `flavors/${of.profile}/service_profiles`, { service_profile: { id: of.profile } }],
  ],
  'a flavor with a profile': [
    '403 PolicyNotAuthorized',
    (of) => ['POST', 'flavors', { flavor: { service_type: 'CORE', service_profiles: [of.profile] } }],
  ],
};

/**
 * What no project ever sees, whosever it is: upstream looks for it before it asks whether one may, and says in other words
 * that one may not than that there is nothing. So an id tells whether it is there, if nothing else.
 */
export const administrators: ReadonlySet<string> = new Set(['segment', 'range', 'profile']);

/** Where each thing is, and the type of error where it is not. */
export const places: Readonly<Record<keyof Ids, readonly [collection: string, member: string, missing: string]>> = {
  network: ['networks', 'network', 'NetworkNotFound'],
  subnet: ['subnets', 'subnet', 'SubnetNotFound'],
  port: ['ports', 'port', 'PortNotFound'],
  group: ['security-groups', 'security_group', 'SecurityGroupNotFound'],
  rule: ['security-group-rules', 'security_group_rule', 'SecurityGroupRuleNotFound'],
  addressGroup: ['address-groups', 'address_group', 'AddressGroupNotFound'],
  scope: ['address-scopes', 'address_scope', 'AddressScopeNotFound'],
  pool: ['subnetpools', 'subnetpool', 'SubnetPoolNotFound'],
  trunk: ['trunks', 'trunk', 'TrunkNotFound'],
  carried: ['ports', 'port', 'PortNotFound'],
  router: ['routers', 'router', 'RouterNotFound'],
  leg: ['ports', 'port', 'PortNotFound'],
  rbac: ['rbac-policies', 'rbac_policy', 'RbacPolicyNotFound'],
  segment: ['segments', 'segment', 'SegmentNotFound'],
  range: ['network-segment-ranges', 'network_segment_range', 'NetworkSegmentRangeNotFound'],
  profile: ['service_profiles', 'service_profile', 'ServiceProfileNotFound'],
};
