import { defineErrors } from '../../lib/errors.ts';

export const addressGroupErrors = defineErrors({
  AddressGroupNotFound: ['not_found', 'Address group {address_group_id} could not be found.'],
  AddressGroupInUse: ['conflict', 'Address group {address_group_id} is in use on one or more security group rules.'],
  AddressesNotFound: ['not_found', 'Addresses {addresses} not found in the address group {address_group_id}.'],
  AddressesAlreadyExist: [
    'bad_request',
    'Addresses {addresses} already exist in the address group {address_group_id}.',
  ],
});
