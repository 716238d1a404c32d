import { describe, expect, it } from 'vitest';
import { type ErrorKind, NeutronError } from '../lib/errors.ts';
import { renderError } from './errors.ts';

describe('renderError', () => {
  it.each<[ErrorKind, number]>([
    ['bad_request', 400],
    ['unauthorized', 401],
    ['forbidden', 403],
    ['not_found', 404],
    ['method_not_allowed', 405],
    ['not_acceptable', 406],
    ['conflict', 409],
    ['precondition_failed', 412],
    ['too_large', 413],
    ['unsupported_media_type', 415],
    ['internal', 500],
    ['unavailable', 503],
  ])('answers %s with %d and the type of the error', (kind, status) => {
    const rendered = renderError(new NeutronError('SomeType', kind, 'what is wrong', { detail: 'more' }));
    expect(rendered.status).toBe(status);
    expect(JSON.parse(rendered.body)).toEqual({
      NeutronError: { type: 'SomeType', message: 'what is wrong', detail: 'more' },
    });
  });

  it('names what is not implemented under a key of its own', () => {
    const { status, body } = renderError(new NeutronError('NotImplementedError', 'not_implemented', 'no'));
    expect(status).toBe(501);
    expect(JSON.parse(body)).toHaveProperty('NotImplementedError.type', 'NotImplementedError');
  });

  it.each([new Error('table secrets has no column x'), 'a string', null, undefined, { message: 'x' }])(
    'says nothing of a bug (%s)',
    (bug) => {
      expect(renderError(bug)).toEqual({
        status: 500,
        body: '{"NeutronError":{"type":"HTTPInternalServerError","message":"Request Failed: internal server error while processing your request.","detail":""}}',
      });
    },
  );
});
