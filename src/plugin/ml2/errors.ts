import { defineErrors } from '../../lib/errors.ts';

export const ml2Errors = defineErrors({
  InvalidInput: ['bad_request', 'Invalid input for operation: {error_message}.'],
  FlatNetworkInUse: ['conflict', 'Unable to create the flat network. Physical network {physical_network} is in use.'],
  VlanIdInUse: [
    'conflict',
    'Unable to create the network. The VLAN {vlan_id} on physical network {physical_network} is in use.',
  ],
  TunnelIdInUse: ['conflict', 'Unable to create the network. The tunnel ID {tunnel_id} is in use.'],
  SegmentsSetInConjunctionWithProviders: ['bad_request', 'Segments and provider values cannot both be set.'],
  SegmentsContainDuplicateEntry: ['bad_request', 'Duplicate segment entry in request.'],
  NoNetworkAvailable: ['unavailable', 'Unable to create the network. No tenant network is available for allocation.'],
  MechanismDriverError: ['internal', '{method} failed.'],
  ExtensionDriverError: ['internal', 'Extension {driver} failed.'],
});

/** What is wrong with the configuration; the program prints it as its one line and stops. */
export class DriverConfigurationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DriverConfigurationError';
  }
}
