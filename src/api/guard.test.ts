import { describe, expect, it } from 'vitest';
import { defaultValues } from '../lib/options.ts';
import { FakePlugin } from './fake-plugin.ts';
import { isLoopbackHost, loopbackGuard } from './guard.ts';
import { apiOptions } from './options.ts';
import { createApi } from './server.ts';

const guard = loopbackGuard('127.0.0.1');
const json = 'application/json';

describe('loopbackGuard', () => {
  it.each([
    [{}, false],
    [{ host: '127.0.0.1:9696' }, false],
    [{ host: 'LOCALHOST' }, false],
    [{ host: '[::1]:9696' }, false],
    [{ host: '127.8.9.1:1' }, false],
    [{ host: 'localhost:9696', origin: 'http://localhost:9696' }, false],
    [{ host: 'localhost', 'content-type': json }, true],
    [{ host: 'localhost', 'content-type': 'application/json; charset=UTF-8' }, true],
  ])('lets %j through', (headers, hasBody) => expect(() => guard(headers, hasBody)).not.toThrow());

  it.each([
    ['a rebound name', { host: 'evil.example:9696' }, false, 'HTTPForbidden'],
    ['a name that only begins like ours', { host: 'localhost.evil.example' }, false, 'HTTPForbidden'],
    ['another address', { host: '192.0.2.1:9696' }, false, 'HTTPForbidden'],
    ['127 as a name', { host: '127.0.0.1.evil.example' }, false, 'HTTPForbidden'],
    ['a malformed host', { host: 'localhost:9696@evil' }, false, 'HTTPForbidden'],
    ['an empty host', { host: '' }, false, 'HTTPForbidden'],
    ['a foreign page', { host: 'localhost:9696', origin: 'https://evil.example' }, false, 'HTTPForbidden'],
    ['a page of another port', { host: 'localhost:9696', origin: 'http://localhost:8080' }, false, 'HTTPForbidden'],
    ['a page without origin', { host: 'localhost:9696', origin: 'null' }, false, 'HTTPForbidden'],
    [
      'a form',
      { host: 'localhost', 'content-type': 'application/x-www-form-urlencoded' },
      true,
      'HTTPUnsupportedMediaType',
    ],
    ['a form as text', { host: 'localhost', 'content-type': 'text/plain' }, true, 'HTTPUnsupportedMediaType'],
    ['a body without type', { host: 'localhost' }, true, 'HTTPUnsupportedMediaType'],
    [
      'a type that begins like ours',
      { host: 'localhost', 'content-type': 'application/jsonp' },
      true,
      'HTTPUnsupportedMediaType',
    ],
  ])('refuses %s', (_, headers, hasBody, type) => {
    expect(() => guard(headers, hasBody)).toThrow(expect.objectContaining({ type }));
  });

  it('takes the configured name, and any where the operator opened it', () => {
    expect(() => loopbackGuard('lab.test')({ host: 'LAB.test:9696' }, false)).not.toThrow();
    expect(() => loopbackGuard(null)({ host: 'anything' }, false)).not.toThrow();
    expect(() => loopbackGuard(null)({ host: 'anything', origin: 'http://else' }, false)).toThrow();
  });
});

it.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['::1', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['::', false],
  ['127.evil', false],
  ['192.0.2.1', false],
])('isLoopbackHost(%s) is %s', (host, loopback) => expect(isLoopbackHost(host)).toBe(loopback));

describe('a server without Keystone', () => {
  const plugin = new FakePlugin();
  const api = (bind_host: string, protection?: 'open') =>
    createApi({ plugin, protection, options: defaultValues(apiOptions, { bind_host, bind_port: 0 }) });

  it('does not listen beyond loopback unless told to', async () => {
    await expect(api('0.0.0.0').listen()).rejects.toThrow('--insecure-open-api');
    const open = api('0.0.0.0', 'open');
    await open.listen();
    await open.close();
  });

  it('serves a real connection, and refuses a rebound name before anything else', async () => {
    const server = api('127.0.0.1');
    const base = await server.listen();
    try {
      expect((await fetch(`${base}/v2.0/networks`)).status).toBe(200);
      const foreign = await fetch(`${base}/v2.0/networks`, { headers: { origin: 'http://evil.example' } });
      expect(foreign.status).toBe(403);
      expect(await foreign.json()).toMatchObject({ NeutronError: { type: 'HTTPForbidden' } });
      const form = await fetch(`${base}/v2.0/networks`, { method: 'POST', body: '{"network": {}}' });
      expect(form.status).toBe(415);
      expect(plugin.networks.rows).toEqual([]);
    } finally {
      await server.close();
    }
  });
});
