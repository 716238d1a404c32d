import { describe, expect, it } from 'vitest';
import { defaultValues } from '../lib/options.ts';
import { FakePlugin } from './fake-plugin.ts';
import { fixedToken, noAuthentication } from './identity.ts';
import { apiOptions } from './options.ts';
import { createApi } from './server.ts';

const globalId = 'req-11111111-1111-1111-1111-111111111111';

describe('noAuthentication', () => {
  it('makes everyone admin of a project', () => {
    expect(noAuthentication()({}, 'req-1')).toEqual({
      requestId: 'req-1',
      globalRequestId: null,
      userId: null,
      userName: null,
      projectId: 'admin',
      projectName: null,
      roles: ['admin'],
      isAdmin: true,
      authToken: null,
    });
  });

  it('takes who and where from the headers Neutron reads', () => {
    const headers = {
      'x-project-id': 'p',
      'x-project-name': 'pn',
      'x-user-id': 'u',
      'x-user-name': 'un',
      'x-roles': 'member, reader',
      'x-openstack-request-id': globalId,
    };
    expect(noAuthentication()(headers, 'req-1')).toMatchObject({
      projectId: 'p',
      projectName: 'pn',
      userId: 'u',
      userName: 'un',
      roles: ['member', 'reader'],
      globalRequestId: globalId,
    });
    expect(noAuthentication('lab')({ 'x-tenant-id': 't' }, 'r').projectId).toBe('t');
    expect(noAuthentication('lab')({}, 'r').projectId).toBe('lab');
  });

  it('ignores a global request id that is none, and refuses a project nobody could store', () => {
    expect(noAuthentication()({ 'x-openstack-request-id': 'x y' }, 'r').globalRequestId).toBeNull();
    expect(() => noAuthentication()({ 'x-project-id': 'p'.repeat(256) }, 'r')).toThrow('255');
  });
});

describe('fixedToken', () => {
  const api = createApi({
    plugin: new FakePlugin(),
    authenticate: fixedToken('s3cret'),
    options: defaultValues(apiOptions, { bind_host: '127.0.0.1' }),
  });
  const get = (url: string, headers = {}) => api.inject({ url, headers: { host: 'localhost:9696', ...headers } });

  it('lets the token in', async () => {
    expect((await get('/v2.0/networks', { 'x-auth-token': 's3cret' })).statusCode).toBe(200);
  });

  it.each([undefined, '', 's3cre', 's3cret ', 'S3CRET', 'x'.repeat(1000)])(
    'answers %s with 401 in the shape of keystonemiddleware, also where nothing is',
    async (token) => {
      for (const url of ['/v2.0/networks', '/v2.0', '/v2.0/nothing']) {
        const answer = await get(url, token === undefined ? {} : { 'x-auth-token': token });
        expect(answer.statusCode).toBe(401);
        expect(answer.headers['www-authenticate']).toBe('Keystone uri="http://localhost:9696"');
        expect(answer.json()).toEqual({
          error: {
            code: 401,
            title: 'Unauthorized',
            message: 'The request you have made requires authentication.',
          },
        });
      }
    },
  );

  it('needs none for versions and health', async () => {
    for (const url of ['/', '/healthcheck']) expect((await get(url)).statusCode).toBe(200);
  });
});
