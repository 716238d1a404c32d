import { defineErrors } from '../../lib/errors.ts';

export const tagErrors = defineErrors({
  InvalidInput: ['bad_request', 'Invalid input for operation: {error_message}.'],
  BadRequest: ['bad_request', 'Bad {resource} request: {msg}.'],
  TagResourceNotFound: ['not_found', 'Resource {resource} {resource_id} could not be found.'],
  TagNotFound: ['not_found', 'Tag {tag} could not be found.'],
});
