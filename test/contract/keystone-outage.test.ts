import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeKeystone } from '../../src/keystone/fake.ts';
import { ApiClient, type HttpAnswer } from '../support/api.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { administrator, authtoken, memberOf } from '../support/identity.ts';
import { freePort } from '../support/programs.ts';
import { Starvation } from '../support/starvation.ts';
import { until } from '../support/wait.ts';

/** The program `neutron-server` while Keystone or memcached fail in every way they can, and afterwards. */
const TIMEOUT_S = 1;

let folder: string;
let keystone: FakeKeystone;
let server: Deployment;
let memcachedPort: number;
let memcached: ChildProcess | null = null;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-outage-'));
  keystone = await FakeKeystone.start();
  memcachedPort = await freePort();
  await startMemcached();
  server = await startServer('one', {});
});

afterAll(async () => {
  await server?.close();
  await keystone?.[Symbol.asyncDispose]();
  await stopMemcached();
  await rm(folder, { recursive: true, force: true });
});

afterEach(async () => {
  Object.assign(keystone, { broken: null, hangs: false, garbage: null });
  if (keystone.away) await keystone.up();
});

async function startServer(name: string, more: Record<string, string | number | boolean>): Promise<Deployment> {
  const made = await makeDeployment({
    folder: join(folder, name),
    server: {
      DEFAULT: { auth_strategy: 'keystone' },
      keystone_authtoken: {
        ...authtoken(keystone),
        http_connect_timeout: TIMEOUT_S,
        memcached_servers: `127.0.0.1:${memcachedPort}`,
        www_authenticate_uri: 'http://keystone.example',
        ...more,
      },
    },
  });
  made.server.start();
  await made.server.ready('an answer', async () => (await new ApiClient(made).request('GET', '/')).status === 200);
  return made;
}

async function startMemcached(): Promise<void> {
  const argv = ['-l', '127.0.0.1', '-p', String(memcachedPort), '-U', '0', '-u', 'nobody'];
  memcached = spawn('memcached', argv, { stdio: 'ignore' });
  await until('memcached to listen', () => reaches(memcachedPort));
}

async function stopMemcached(): Promise<void> {
  if (memcached === null || memcached.exitCode !== null) return;
  memcached.kill();
  await once(memcached, 'close');
}

const reaches = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

const ask = (token: string | null, more: Record<string, string> = {}, of = server): Promise<HttpAnswer> =>
  new ApiClient(of, token).request('GET', '/v2.0/networks', undefined, more);
const statusOf = async (...of: Parameters<typeof ask>) => (await ask(...of)).status;

const unavailable = {
  status: 503,
  headers: expect.objectContaining({ 'retry-after': '1' }),
  body: {
    NeutronError: {
      type: 'ServiceUnavailable',
      message: 'The Keystone service is temporarily unavailable.',
      detail: '',
    },
  },
};

describe('while Keystone', () => {
  const failures: readonly (readonly [string, () => unknown])[] = [
    ['is down', () => keystone.down()],
    ['hangs', () => Object.assign(keystone, { hangs: true })],
    ['answers 500', () => Object.assign(keystone, { broken: 500 })],
    ['answers 503', () => Object.assign(keystone, { broken: 503 })],
    ['answers 429', () => Object.assign(keystone, { broken: 429 })],
    ['forbids everything', () => Object.assign(keystone, { broken: 403 })],
    ['sends a page instead of JSON', () => Object.assign(keystone, { garbage: { status: 200, text: '<html>' } })],
    ['sends nothing', () => Object.assign(keystone, { garbage: { status: 200, text: '' } })],
    ['sends JSON that is no token', () => Object.assign(keystone, { garbage: { status: 200, text: '{"token":{}}' } })],
    [
      'sends a token with nonsense in it',
      () => {
        const token = { user: { id: 'u' }, expires_at: '2099-01-01T00:00:00Z', roles: 'admin' };
        Object.assign(keystone, { garbage: { status: 200, text: JSON.stringify({ token }) } });
      },
    ],
    ['sends a null', () => Object.assign(keystone, { garbage: { status: 200, text: 'null' } })],
  ];

  it.each(failures)('%s: 503 that says so for new tokens, 200 for known ones, and well afterwards', async (_, fail) => {
    const known = keystone.add(memberOf('p1'));
    expect(await statusOf(known)).toBe(200);
    const fresh = keystone.add(memberOf('p2'));
    await fail();
    using starvation = await Starvation.watch();
    const began = performance.now();
    const answers = await Promise.all([ask(fresh), ask(fresh), ask(keystone.add(memberOf('p3')))]);
    for (const answer of answers) expect(answer).toMatchObject(unavailable);
    expect(performance.now() - began).toBeLessThan(TIMEOUT_S * 10_000 + starvation.allowanceMs);
    expect(await statusOf(known)).toBe(200);
    expect(await statusOf(null)).toBe(401);
    Object.assign(keystone, { broken: null, hangs: false, garbage: null });
    if (keystone.away) await keystone.up();
    expect(await statusOf(fresh)).toBe(200);
    expect(await statusOf('no token')).toBe(401);
  });

  it('hangs, requests with known tokens are not held up', async () => {
    const known = keystone.add(memberOf('p1'));
    await ask(known);
    keystone.hangs = true;
    // Were they held up, the first of them would be the last, each time. A slow machine may make it look so once.
    await until('others are answered while one waits', async () => {
      let waits = true;
      const waiting = ask(keystone.add(memberOf('p2'))).then(({ status }) => {
        waits = false;
        return status;
      });
      let answered = 0;
      for (; waits && answered < 20; answered++) expect(await statusOf(known)).toBe(200);
      expect(await waiting).toBe(503);
      return answered > 1;
    });
  });

  it('was away when the server started, the server starts, and works when it comes back', async () => {
    await keystone.down();
    await using other = await startServer('early', {});
    const token = keystone.add(memberOf('p1'));
    expect(await ask(token, {}, other)).toMatchObject(unavailable);
    await keystone.up();
    expect(await statusOf(token, {}, other)).toBe(200);
  });

  it('has forgotten everything, ours is asked for again', async () => {
    await ask(keystone.add(memberOf('p1')));
    keystone.tokens.clear();
    expect(await statusOf(keystone.add(memberOf('p1')))).toBe(200);
  });

  it('refuses our password, clients get 503 and the log names the section to mend', async () => {
    await using other = await startServer('refused', { memcached_servers: '' });
    keystone.broken = 401;
    expect(await ask(keystone.add(memberOf('p1')), {}, other)).toMatchObject(unavailable);
    expect(other.server.output).toContain('[keystone_authtoken]');
    expect(other.server.output).not.toContain('secret');
  });
});

describe('a token', () => {
  it('that was never one, or is missing, or is strange, is 401 and says where to go', async () => {
    for (const token of [null, '', 'guess', 'x'.repeat(8000), '../../v3/users', 'a b', "' or 1=1 --"]) {
      const answer = await ask(token);
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Keystone uri="http://keystone.example"');
    }
  });

  it('that has expired is 401, at the moment it expires, however often it was seen before', async () => {
    let token = '';
    // Seen before its end, even by a machine that takes seconds for a request.
    let lifeMs = 750;
    await until('a token that is taken', async () => {
      lifeMs *= 2;
      token = keystone.add({ ...memberOf('p1'), expiresAtMs: Date.now() + lifeMs });
      return (await statusOf(token)) === 200;
    });
    await until('the end of the token', async () => (await statusOf(token)) === 401);
    expect(await statusOf(keystone.add({ ...memberOf('p1'), expiresAtMs: Date.now() - 1 }))).toBe(401);
  });

  it('that was revoked is 401 at once where nothing is kept', async () => {
    await using other = await startServer('uncached', { token_cache_time: -1 });
    const token = keystone.add(memberOf('p1'));
    expect(await statusOf(token, {}, other)).toBe(200);
    keystone.tokens.delete(token);
    expect(await statusOf(token, {}, other)).toBe(401);
  });

  it('that was revoked is 401 after token_cache_time, as with keystonemiddleware', async () => {
    await using other = await startServer('short', { token_cache_time: 1, memcached_servers: '' });
    const token = keystone.add(memberOf('p1'));
    expect(await statusOf(token, {}, other)).toBe(200);
    keystone.tokens.delete(token);
    await until('the end of the cache', async () => (await statusOf(token, {}, other)) === 401);
  });

  it('of a service lets one that has expired count, and nobody else’s does', async () => {
    const service = keystone.add({ user: 'nova', project: 'service', roles: ['service'] });
    const expired = keystone.add({ ...memberOf('p1'), expiresAtMs: Date.now() - 1000 });
    const user = keystone.add(memberOf('p2'));
    expect(await statusOf(expired, { 'x-service-token': service })).toBe(200);
    // Not because it was remembered.
    expect(await statusOf(expired)).toBe(401);
    expect(await statusOf(expired, { 'x-service-token': user })).toBe(401);
    expect(await statusOf(expired, { 'x-service-token': 'guess' })).toBe(401);
    const good = keystone.add(memberOf('p1'));
    expect(await statusOf(good, { 'x-service-token': service })).toBe(200);
    expect(await statusOf(good, { 'x-service-token': 'guess' })).toBe(401);
    expect(await statusOf('guess', { 'x-service-token': service })).toBe(401);
  });

  it('says who somebody is; headers of a client that claim more do not', async () => {
    await new ApiClient(server, keystone.add(administrator)).create('network', { name: 'of admin' });
    const claims = {
      'x-roles': 'admin',
      'x-project-id': 'admins',
      'x-user-id': 'admin-id',
      'x-identity-status': 'Confirmed',
      'x-is-admin-project': 'True',
      'openstack-system-scope': 'all',
    };
    const { body } = await ask(keystone.add(memberOf('p9')), claims);
    expect(body).toEqual({ networks: [] });
    expect(await statusOf(null, claims)).toBe(401);
  });
});

describe('memcached', () => {
  it('that is down costs speed only, and is used again when it is back', async () => {
    await stopMemcached();
    for (let i = 0; i < 5; i++) expect(await statusOf(keystone.add(memberOf('p1')))).toBe(200);
    expect(server.server.output).toContain('memcached does not answer');
    await startMemcached();
    const back = async () => {
      expect(await statusOf(keystone.add(memberOf('p1')))).toBe(200);
      return server.server.output.includes('memcached answers again');
    };
    await until('memcached to be used again', back, { timeoutMs: 30_000 });
  });

  it('that hangs holds nobody up for long', async () => {
    using starvation = await Starvation.watch();
    memcached!.kill('SIGSTOP');
    try {
      const began = performance.now();
      for (let i = 0; i < 10; i++) expect(await statusOf(keystone.add(memberOf('p1')))).toBe(200);
      // One time-out, then it is left alone.
      expect(performance.now() - began).toBeLessThan(5_000 + starvation.allowanceMs);
    } finally {
      memcached!.kill('SIGCONT');
    }
  });

  it('tells a second server, which then does not ask Keystone', async () => {
    await using one = await startServer('first', {});
    const token = keystone.add(memberOf('p1'));
    expect(await statusOf(token, {}, one)).toBe(200);
    await using two = await startServer('second', {});
    const before = keystone.validations;
    expect(await statusOf(token, {}, two)).toBe(200);
    expect(keystone.validations).toBe(before);
  });
});
