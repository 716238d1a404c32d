import { describe, expect, it, vi } from 'vitest';
import { ask, errorOf } from './client.ts';

it('an answer that does not come is given up, so that its connection is free again', async () => {
  vi.useFakeTimers();
  vi.stubGlobal('location', { origin: 'http://server', pathname: '/dashboard/' });
  vi.stubGlobal('fetch', (_: string, { signal }: RequestInit) => {
    return new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)));
  });
  try {
    const asked = expect(ask('GET', '/v2.0/networks')).rejects.toMatchObject({ type: 'NoAnswer', status: 0 });
    await vi.advanceTimersByTimeAsync(30_000);
    await asked;
  } finally {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  }
});

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
