import { defineErrors } from '../../lib/errors.ts';

export const autoAllocateErrors = defineErrors({
  BadRequest: ['bad_request', 'Bad auto_allocate request: {msg}.'],
  NotAuthorized: ['forbidden', 'Not authorized.'],
  AutoAllocationFailure: ['conflict', 'Deployment error: {reason}.'],
});
