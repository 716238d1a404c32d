import { describe, expect, it } from 'vitest';
import { errorOf } from './client.ts';

describe('an error of the API', () => {
  it.each([
    [{ NeutronError: { type: 'PortInUse', message: 'In use', detail: 'more' } }, 'PortInUse', 'In use'],
    [{ type: 'HTTPNotFound', message: 'Not here', detail: '' }, 'HTTPNotFound', 'Not here'],
    [{ error: { code: 401, title: 'Unauthorized', message: 'Sign in' } }, 'HTTP 409', 'Sign in'],
    [{ error: 'plain' }, 'Error', 'plain'],
    [null, 'HTTP 409', 'the bytes'],
  ])('%j is read as %s', (body, type, message) => {
    expect(errorOf(409, body, 'req-1', 'the bytes')).toMatchObject({ status: 409, type, message, requestId: 'req-1' });
  });
});
