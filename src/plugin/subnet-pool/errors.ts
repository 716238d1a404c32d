import { defineErrors } from '../../lib/errors.ts';

export const subnetPoolErrors = defineErrors({
  InvalidInput: ['bad_request', 'Invalid input for operation: {error_message}.'],
  HTTPBadRequest: ['bad_request', '{message}'],
  NotAuthorized: ['forbidden', 'Not authorized.'],
  SubnetPoolNotFound: ['not_found', 'Subnet pool {subnetpool_id} could not be found.'],
  EmptySubnetPoolPrefixList: ['bad_request', 'Empty subnet pool prefix list.'],
  PrefixVersionMismatch: ['bad_request', 'Cannot mix IPv4 and IPv6 prefixes in a subnet pool.'],
  IllegalSubnetPoolPrefixBounds: [
    'bad_request',
    'Illegal prefix bounds: {prefix_type}={prefixlen}, {base_prefix_type}={base_prefixlen}.',
  ],
  IllegalSubnetPoolPrefixUpdate: ['bad_request', 'Illegal update to prefixes: {msg}.'],
  IllegalSubnetPoolUpdate: ['bad_request', 'Illegal subnetpool update : {reason}.'],
  IllegalSubnetPoolIpVersionAssociationToAddressScope: [
    'bad_request',
    'Illegal subnetpool association: subnetpool {subnetpool_id} cannot associate with address scope {address_scope_id} because subnetpool ip_version is not {ip_version}.',
  ],
  AddressScopePrefixConflict: [
    'conflict',
    'Failed to associate address scope: subnetpools within an address scope must have unique prefixes.',
  ],
  NetworkAddressScopeAffinityError: [
    'bad_request',
    'Subnets of the same address family hosted on the same network must all participate in the same address scope.',
  ],
  NetworkSubnetPoolAffinityError: [
    'bad_request',
    'Subnets hosted on the same network must be allocated from the same subnet pool.',
  ],
  // Upstream's has no status of its own and comes out as a 500.
  SubnetAllocationError: ['conflict', 'Failed to allocate subnet: {reason}.'],
  MinPrefixSubnetAllocationError: [
    'bad_request',
    'Unable to allocate subnet with prefix length {prefixlen}, minimum allowed prefix is {min_prefixlen}.',
  ],
  MaxPrefixSubnetAllocationError: [
    'bad_request',
    'Unable to allocate subnet with prefix length {prefixlen}, maximum allowed prefix is {max_prefixlen}.',
  ],
  SubnetPoolQuotaExceeded: ['conflict', 'Per-tenant subnet pool prefix quota exceeded.'],
  SubnetPoolDeleteError: ['bad_request', 'Unable to delete subnet pool: {reason}.'],
});
