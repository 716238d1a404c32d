import { defineErrors } from '../../lib/errors.ts';

export const subnetErrors = defineErrors({
  InvalidInput: ['bad_request', 'Invalid input for operation: {error_message}.'],
  BadRequest: ['bad_request', 'Bad subnets request: {msg}.'],
  SubnetNotFound: ['not_found', 'Subnet {subnet_id} could not be found.'],
  SubnetInUse: ['conflict', 'Unable to complete operation on subnet {subnet_id}: {reason}.'],
  DNSNameServersExhausted: [
    'bad_request',
    'Unable to complete operation for {subnet_id}. The number of DNS nameservers exceeds the limit {quota}.',
  ],
  HostRoutesExhausted: [
    'bad_request',
    'Unable to complete operation for {subnet_id}. The number of host routes exceeds the limit {quota}.',
  ],
  InvalidAllocationPool: ['bad_request', 'The allocation pool {pool} is not valid.'],
  OutOfBoundsAllocationPool: ['bad_request', 'The allocation pool {pool} spans beyond the subnet cidr {subnet_cidr}.'],
  OverlappingAllocationPools: [
    'conflict',
    'Found overlapping allocation pools: {pool_1} {pool_2} for subnet {subnet_cidr}.',
  ],
  GatewayConflictWithAllocationPools: ['conflict', 'Gateway ip {ip_address} conflicts with allocation pool {pool}.'],
  GatewayIpInUse: ['conflict', 'Current gateway ip {ip_address} already in use by port {port_id}. Unable to update.'],
});
