import { defineErrors } from '../../lib/errors.ts';

export const ipamErrors = defineErrors({
  InvalidInput: ['bad_request', 'Invalid input for operation: {error_message}.'],
  InvalidIpForNetwork: [
    'bad_request',
    'IP address {ip_address} is not a valid IP for any of the subnets on the specified network.',
  ],
  InvalidIpForSubnet: ['bad_request', 'IP address {ip_address} is not a valid IP for the specified subnet.'],
  AllocationOnAutoAddressSubnet: [
    'bad_request',
    'IPv6 address {ip} cannot be directly assigned to a port on subnet {subnet_id} as the subnet is configured for automatic addresses',
  ],
  SubnetNotFound: ['not_found', 'Subnet {subnet_id} could not be found.'],
  IpAddressAlreadyAllocated: ['conflict', 'IP address {ip} already allocated in subnet {subnet_id}'],
  IpAddressGenerationFailure: ['conflict', 'No more IP addresses available on network {net_id}.'],
  IpAddressGenerationFailureNoMatchingSubnet: [
    'conflict',
    'No valid service subnet for the given device owner, network {network_id}, service type {service_type}.',
  ],
});
