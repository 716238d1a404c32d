import { defineErrors } from '../../lib/errors.ts';

export const networkErrors = defineErrors({
  BadRequest: ['bad_request', 'Bad {resource} request: {msg}.'],
  InvalidInput: ['bad_request', 'Invalid input for operation: {error_message}.'],
  NetworkNotFound: ['not_found', 'Network {net_id} could not be found.'],
  NetworkInUse: [
    'conflict',
    'Unable to complete operation on network {net_id}. There are one or more ports still in use on the network, id for these ports is: {ports}.',
  ],
  InvalidSharedSetting: [
    'conflict',
    'Unable to reconfigure sharing settings for network {network}. Multiple tenants are using it.',
  ],
  ExternalNetworkInUse: [
    'conflict',
    'External network {net_id} cannot be updated to be made non-external, since it has existing gateway ports.',
  ],
  DefaultExternalNetworkExists: ['conflict', 'A default external network already exists: {net_id}.'],
  NetworkMTUSubnetConflict: [
    'conflict',
    'Requested MTU {mtu} is below {minimum}, the least that subnets of network {net_id} need.',
  ],
  AvailabilityZoneNotFound: ['not_found', 'AvailabilityZone {availability_zone} could not be found.'],
});
