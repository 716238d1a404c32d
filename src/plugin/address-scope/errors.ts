import { defineErrors } from '../../lib/errors.ts';

export const addressScopeErrors = defineErrors({
  AddressScopeNotFound: ['not_found', 'Address scope {address_scope_id} could not be found.'],
  AddressScopeInUse: [
    'conflict',
    'Unable to complete operation on address scope {address_scope_id}. There are one or more subnet pools in use on the address scope.',
  ],
  AddressScopeUpdateError: ['bad_request', 'Unable to update address scope {address_scope_id} : {reason}.'],
});
