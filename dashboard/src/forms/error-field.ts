import type { ApiError } from '../api/client.ts';

type Refusal = Pick<ApiError, 'type' | 'message'>;

/** Refusals that are about an attribute which their text does not name; the first that the form has. */
const byType: Readonly<Record<string, readonly string[]>> = {
  OverlappingAllocationPools: ['allocation_pools'],
  OutOfBoundsAllocationPool: ['allocation_pools'],
  InvalidAllocationPool: ['allocation_pools'],
  GatewayConflictWithAllocationPools: ['gateway_ip'],
  GatewayIpInUse: ['gateway_ip'],
  IpAddressAlreadyAllocated: ['fixed_ips', 'ip_address'],
  IpAddressGenerationFailure: ['fixed_ips', 'network_id', 'floating_network_id'],
  InvalidIpForSubnet: ['fixed_ips'],
  InvalidIpForNetwork: ['fixed_ips'],
  MacAddressInUse: ['mac_address'],
  NetworkNotFound: ['network_id', 'floating_network_id'],
  SubnetNotFound: ['subnet_id', 'fixed_ips'],
  PortNotFound: ['port_id'],
  RouterNotFound: ['router_id'],
  SecurityGroupNotFound: ['security_groups', 'security_group_id', 'remote_group_id'],
  QosPolicyNotFound: ['qos_policy_id'],
  SubnetPoolNotFound: ['subnetpool_id'],
  ExternalGatewayForFloatingIPNotFound: ['port_id'],
  SecurityGroupInvalidPortRange: ['port_range_min'],
  SecurityGroupMissingIcmpType: ['port_range_min'],
  SecurityGroupInvalidIcmpValue: ['port_range_min'],
  SecurityGroupRuleInvalidProtocol: ['protocol'],
  SecurityGroupRuleParameterConflict: ['remote_ip_prefix'],
  VlanIdInUse: ['provider:segmentation_id'],
  TunnelIdInUse: ['provider:segmentation_id'],
  FlatNetworkInUse: ['provider:physical_network'],
  AllocationOnAutoAddressSubnet: ['fixed_ips', 'fixed_ip_address'],
  IpAddressGenerationFailureNoMatchingSubnet: ['fixed_ips', 'device_owner'],
  FloatingIPPortAlreadyAssociated: ['port_id', 'internal_port_id'],
  PortHasBindingFloatingIP: ['internal_port_id'],
  ExternalIpAddressExhausted: ['floating_network_id', 'external_gateway_info'],
  NetworkMTUSubnetConflict: ['mtu'],
  InvalidSharedSetting: ['shared'],
  ExternalNetworkInUse: ['router:external'],
  DefaultExternalNetworkExists: ['is_default'],
  AvailabilityZoneNotFound: ['availability_zone_hints'],
  DNSNameServersExhausted: ['dns_nameservers'],
  HostRoutesExhausted: ['host_routes'],
  InvalidRoutes: ['routes'],
  RoutesExhausted: ['routes'],
  RouterExternalGatewayInUseByFloatingIp: ['external_gateway_info'],
  DeviceIDNotOwnedByTenant: ['device_id'],
  AllowedAddressPairExhausted: ['allowed_address_pairs'],
  AddressPairMatchesPortFixedIPAndMac: ['allowed_address_pairs'],
  AddressPairAndPortSecurityRequired: ['allowed_address_pairs', 'port_security_enabled'],
  DuplicateAddressPairInRequest: ['allowed_address_pairs'],
  PortSecurityAndIPRequiredForSecurityGroups: ['security_groups', 'port_security_enabled'],
  PortSecurityPortHasSecurityGroup: ['port_security_enabled'],
  QoSPolicyDefaultAlreadyExists: ['is_default'],
  SecurityGroupProtocolRequiredWithPorts: ['protocol'],
  SecurityGroupInvalidPortValue: ['port_range_min'],
  SecurityGroupInvalidProtocolForPort: ['protocol'],
  SecurityGroupEthertypeConflictWithProtocol: ['ethertype'],
  SecurityGroupMultipleRemoteEntites: ['remote_ip_prefix'],
  EmptySubnetPoolPrefixList: ['prefixes'],
  PrefixVersionMismatch: ['prefixes'],
  IllegalSubnetPoolPrefixUpdate: ['prefixes'],
  AddressScopePrefixConflict: ['address_scope_id'],
  IllegalSubnetPoolIpVersionAssociationToAddressScope: ['address_scope_id'],
  NetworkSubnetPoolAffinityError: ['subnetpool_id'],
  MinPrefixSubnetAllocationError: ['prefixlen'],
  MaxPrefixSubnetAllocationError: ['prefixlen'],
  ParentPortInUse: ['port_id'],
  TrunkPortInUse: ['port_id'],
  DuplicateSubPort: ['sub_ports'],
  SubPortMtuGreaterThanTrunkPortMtu: ['sub_ports'],
  AddressScopeNotFound: ['address_scope_id'],
  AddressGroupNotFound: ['remote_address_group_id'],
  ConntrackHelperNotAllowed: ['helper'],
  InvalidProtocolForHelper: ['protocol'],
};

/** Refusals of many kinds in one type, told apart by their words. */
const byText: readonly (readonly [RegExp, readonly string[]])[] = [
  [/Gateway is not valid on subnet/, ['gateway_ip']],
  [
    /First IP|prefix length|in a CIDR format|Multicast IP subnet|Loopback IP subnet|overlaps with another/,
    ['cidr', 'prefixlen'],
  ],
  [/dns address|dns_nameserver /, ['dns_nameservers']],
  [/[Ii]nvalid route|(destination|nexthop) '[^']*' does not match/, ['host_routes']],
  [/Requested MTU/, ['mtu']],
  [/network_type/, ['provider:network_type', 'network_type']],
  [/physical_network|[Pp]hysical network/, ['provider:physical_network', 'physical_network']],
  [/segmentation_id|segmentation id|VLAN tag|tunnel ID/, ['provider:segmentation_id', 'segmentation_id']],
  [/IP allocation requires/, ['fixed_ips', 'network_id']],
  [/default pool/, ['is_default']],
];

/**
 * The field a refusal speaks of, or null when it is about the whole: by what the server calls invalid, by its type, by a
 * value that was sent and stands in its text, by an attribute's name in its text.
 *
 * @param fields names the form has
 * @param body what was sent
 */
export function fieldOfError(
  { type, message }: Refusal,
  fields: readonly string[],
  body: Readonly<Record<string, unknown>>,
): string | null {
  if (type === 'OverQuota') return null;
  const has = (name: string | undefined) => (name !== undefined && fields.includes(name) ? name : null);
  return (
    has(/Invalid input for ([\w:]+)\. Reason/.exec(message)?.[1]) ??
    has(/[Aa]ttribute(?:\(s\))? '([\w:]+)/.exec(message)?.[1]) ??
    has(byType[type]?.find((name) => fields.includes(name))) ??
    has(byText.find(([words]) => words.test(message))?.[1].find((name) => fields.includes(name))) ??
    fieldOfValue(message, fields, body) ??
    fieldNamed(message, fields)
  );
}

/** The one field whose value stands in the text; short values are words of any sentence. */
function fieldOfValue(
  message: string,
  fields: readonly string[],
  body: Readonly<Record<string, unknown>>,
): string | null {
  const holding = fields.filter((name) =>
    scalarsOf(body[name]).some((value) => value.length > 3 && hasWord(message, value)),
  );
  return holding.length === 1 ? holding[0]! : null;
}

function scalarsOf(value: unknown): string[] {
  if (typeof value === 'string' || typeof value === 'number') return [String(value)];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(scalarsOf);
}

/** The longest name in the text, so that `gateway_ip` is not taken for `ip`; plain words (`name`) only when quoted. */
function fieldNamed(message: string, fields: readonly string[]): string | null {
  const named = fields.filter((name) =>
    /[_:]/.test(name) ? hasWord(message, name) : hasWord(message, `'${name}'`) || hasWord(message, `"${name}"`),
  );
  return named.sort((a, b) => b.length - a.length)[0] ?? null;
}

function hasWord(text: string, word: string): boolean {
  const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\w:.-])${escaped}(?![\\w:/-]|\\.\\w)`).test(text);
}
