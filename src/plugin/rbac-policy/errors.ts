import { defineErrors } from '../../lib/errors.ts';

export const rbacErrors = defineErrors({
  InvalidInput: ['bad_request', 'Invalid input for operation: {error_message}.'],
  InvalidActionForType: [
    'bad_request',
    "Invalid action '{action}' for object type '{object_type}'. Valid actions: {valid_actions}",
  ],
  RbacPolicyNotFound: ['not_found', 'RBAC policy of type unknown with ID {id} not found'],
  RbacPolicyInUse: [
    'conflict',
    'RBAC policy on object {object_id} cannot be removed because other objects depend on it.\nDetails: {details}',
  ],
  // Upstream's has no status of its own and comes out as a 500.
  RbacPolicyInitError: ['conflict', 'Failed to create RBAC policy on object {object_id} because {reason}.'],
  DuplicateRbacPolicy: ['conflict', 'An RBAC policy already exists with those values.'],
});
