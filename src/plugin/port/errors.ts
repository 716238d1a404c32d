import { defineErrors } from '../../lib/errors.ts';

export const portErrors = defineErrors({
  InvalidInput: ['bad_request', 'Invalid input for operation: {error_message}.'],
  HTTPBadRequest: ['bad_request', '{message}'],
  PortNotFound: ['not_found', 'Port {port_id} could not be found.'],
  MacAddressInUse: ['conflict', 'Unable to complete operation for network {net_id}. The mac address {mac} is in use.'],
  PortBound: [
    'conflict',
    'Unable to complete operation on port {port_id}, port is already bound, port type: {vif_type}, old_mac {old_mac}, new_mac {new_mac}.',
  ],
  PortBoundNUMAAffinityPolicy: [
    'conflict',
    'Unable to complete operation on port {port_id}, port is already bound to host {host_id}, numa_affinity_policy value given {numa_affinity_policy}.',
  ],
  AllowedAddressPairExhausted: ['bad_request', 'The number of allowed address pair exceeds the maximum {quota}.'],
  AddressPairMatchesPortFixedIPAndMac: ['bad_request', "Port's Fixed IP and Mac Address match an address pair entry."],
  AddressPairAndPortSecurityRequired: [
    'conflict',
    'Port Security must be enabled in order to have allowed address pairs on a port.',
  ],
  DuplicateAddressPairInRequest: [
    'bad_request',
    'Request contains duplicate address pair: mac_address {mac_address} ip_address {ip_address}.',
  ],
  PortSecurityAndIPRequiredForSecurityGroups: [
    'bad_request',
    'Port security must be enabled and port must have an IP address in order to use security groups.',
  ],
  PortSecurityPortHasSecurityGroup: [
    'conflict',
    'Port has security group associated. Cannot disable port security or IP address until security group is removed.',
  ],
});
