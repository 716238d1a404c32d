import { defineErrors } from '../lib/errors.ts';

/** What is wrong with a value before any plugin sees it; types and texts are upstream's. */
export const resourceErrors = defineErrors({
  InvalidInput: ['bad_request', 'Invalid input for operation: {error_message}.'],
  HTTPBadRequest: ['bad_request', '{message}'],
  AllowedAddressPairsMissingIP: ['bad_request', 'AllowedAddressPair must contain ip_address'],
  DuplicateAddressPairInRequest: [
    'bad_request',
    'Request contains duplicate address pair: mac_address {mac_address} ip_address {ip_address}.',
  ],
  InvalidSubnetServiceType: [
    'bad_request',
    'Subnet service type {service_type} does not correspond to a valid device owner.',
  ],
  InvalidCIDR: ['bad_request', 'Invalid CIDR {input} given as IP prefix.'],
  SecurityGroupDefaultAlreadyExists: ['conflict', 'Default security group already exists.'],
  SecurityGroupInvalidPortValue: ['bad_request', 'Invalid value for port {port}'],
  SecurityGroupRuleInvalidEtherType: [
    'bad_request',
    "Security group rule for ethertype '{ethertype}' not supported. Allowed values are {values}.",
  ],
  SecurityGroupRuleInvalidProtocol: [
    'bad_request',
    'Security group rule protocol {protocol} not supported. Only protocol values {values} and integer representations [0 to 255] are supported.',
  ],
  InvalidInputSubnetServiceType: ['bad_request', 'Subnet service type {service_type} is not a string.'],
});
