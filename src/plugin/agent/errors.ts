import { defineErrors } from '../../lib/errors.ts';

export const agentErrors = defineErrors({
  AgentNotFound: ['not_found', 'Agent {id} could not be found.'],
  AvailabilityZoneNotFound: ['not_found', 'AvailabilityZone {availability_zone} could not be found.'],
});
