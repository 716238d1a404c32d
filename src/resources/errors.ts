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
  InvalidInputSubnetServiceType: ['bad_request', 'Subnet service type {service_type} is not a string.'],
});
