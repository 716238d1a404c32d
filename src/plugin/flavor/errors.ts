import { defineErrors } from '../../lib/errors.ts';

export const flavorErrors = defineErrors({
  FlavorNotFound: ['not_found', 'Flavor {flavor_id} could not be found.'],
  FlavorInUse: ['conflict', 'Flavor {flavor_id} is used by some service instance.'],
  ServiceProfileNotFound: ['not_found', 'Service Profile {sp_id} could not be found.'],
  ServiceProfileInUse: ['conflict', 'Service Profile {sp_id} is used by some service instance.'],
  FlavorServiceProfileBindingExists: ['conflict', 'Service Profile {sp_id} is already associated with flavor {fl_id}.'],
  FlavorServiceProfileBindingNotFound: ['not_found', 'Service Profile {sp_id} is not associated with flavor {fl_id}.'],
  ServiceProfileDriverNotFound: ['not_found', 'Service Profile driver {driver} could not be found.'],
  ServiceProfileEmpty: ['bad_request', 'Service Profile needs either a driver or metainfo.'],
  ServiceProfileDisabled: ['unavailable', 'Service Profile is not enabled.'],
  InvalidServiceType: ['bad_request', 'Invalid service type: {service_type}.'],
  HTTPNotFound: ['not_found', 'The resource could not be found.'],
});
