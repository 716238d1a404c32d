import { defineErrors } from '../../lib/errors.ts';

export const conntrackHelperErrors = defineErrors({
  BadRequest: ['bad_request', 'Bad conntrack_helper request: {msg}.'],
  ConntrackHelperNotFound: ['not_found', 'Conntrack Helper {id} could not be found.'],
  ConntrackHelperNotAllowed: ['bad_request', 'Conntrack Helper {helper} is not allowed.'],
  InvalidProtocolForHelper: [
    'bad_request',
    'Conntrack Helper {helper} does not support: {protocol}. Supported protocols are: {supported_protocols}',
  ],
});
