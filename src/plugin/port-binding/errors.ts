import { defineErrors } from '../../lib/errors.ts';

export const bindingErrors = defineErrors({
  BadRequest: ['bad_request', 'Bad {resource} request: {msg}.'],
  PortBindingNotFound: ['not_found', 'Binding for port {port_id} for host {host} could not be found.'],
  PortBindingAlreadyActive: ['conflict', 'Binding for port {port_id} on host {host} is already active.'],
  PortBindingAlreadyExists: ['conflict', 'Binding for port {port_id} on host {host} already exists.'],
  // Upstream's 500: Nova takes any other answer than 201 for "this host cannot have the guest", and this one for that alone.
  PortBindingError: ['internal', 'Binding for port {port_id} on host {host} could not be created or updated.'],
});
