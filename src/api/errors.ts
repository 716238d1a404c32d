import { defineErrors, type ErrorKind, NeutronError } from '../lib/errors.ts';

/** What the API itself refuses; types are those of upstream's web framework, texts upstream's where clients see them. */
export const apiErrors = defineErrors({
  HTTPBadRequest: ['bad_request', '{message}'],
  BadRequest: ['bad_request', 'Bad {resource} request: {message}.'],
  PolicyNotAuthorized: ['forbidden', '{rules} is disallowed by policy'],
  HTTPForbidden: ['forbidden', '{message}'],
  HTTPNotFound: ['not_found', 'The resource could not be found.'],
  HTTPMethodNotAllowed: [
    'method_not_allowed',
    'The server could not comply with the request since it is either malformed or otherwise incorrect.',
  ],
  HTTPNotAcceptable: [
    'not_acceptable',
    'The server could not comply with the request since it is either malformed or otherwise incorrect.',
  ],
  HTTPRequestEntityTooLarge: ['too_large', 'Request is too large.'],
  HTTPUnsupportedMediaType: ['unsupported_media_type', 'The body must be application/json.'],
  HTTPInternalServerError: ['internal', 'Request Failed: internal server error while processing your request.'],
});

export function badRequest(message: string): NeutronError {
  return apiErrors.HTTPBadRequest({ message });
}

/** The one place where a kind of error becomes a status. */
export const statusOf: Readonly<Record<ErrorKind, number>> = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  conflict: 409,
  precondition_failed: 412,
  too_large: 413,
  unsupported_media_type: 415,
  internal: 500,
  not_implemented: 501,
  unavailable: 503,
};

/** What the rules hide of a show: upstream answers it outside of what wraps its other errors. */
export class HiddenError extends Error {
  override name = 'HiddenError';
}

/** Status and body of an error for the client. What is no NeutronError is a bug: the answer says nothing about it. */
export function renderError(error: unknown): { status: number; body: string } {
  if (error instanceof HiddenError) {
    const { type, message, detail } = apiErrors.HTTPNotFound();
    return { status: 404, body: JSON.stringify({ type, message, detail }) };
  }
  const known = error instanceof NeutronError ? error : apiErrors.HTTPInternalServerError();
  const fault = { type: known.type, message: known.message, detail: known.detail };
  const key = known.kind === 'not_implemented' ? 'NotImplementedError' : 'NeutronError';
  return { status: statusOf[known.kind], body: JSON.stringify({ [key]: fault }) };
}
