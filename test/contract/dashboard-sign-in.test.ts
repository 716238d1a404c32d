import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeKeystone } from '../../src/keystone/fake.ts';
import { ApiClient, type HttpAnswer } from '../support/api.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { EventReader } from '../support/events.ts';
import { authtoken, memberOf } from '../support/identity.ts';

/** How a browser comes by a token: `neutron-server` passes three questions on to Keystone, and only for its own pages. */
const PASSWORD = 'dont-write-this-down-1234';
let folder: string;
let keystone: FakeKeystone;
let server: Deployment;
let client: ApiClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-sign-in-'));
  keystone = await FakeKeystone.start();
  keystone.people.set('ann', { password: PASSWORD, facts: memberOf('one') });
  server = await makeDeployment({
    folder,
    server: {
      DEFAULT: { auth_strategy: 'keystone', debug: true },
      keystone_authtoken: { ...authtoken(keystone), token_cache_time: -1, http_connect_timeout: 1 },
    },
  });
  server.server.start();
  client = new ApiClient(server);
  await server.server.ready('an answer', async () => (await client.request('GET', '/')).status === 200);
});
afterAll(async () => {
  await server?.close();
  await keystone?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  Object.assign(keystone, { broken: null, hangs: false, garbage: null });
  if (keystone.away) await keystone.up();
});

const signIn = (password = PASSWORD, headers: Record<string, string | null> = {}): Promise<HttpAnswer> => {
  const user = { name: 'ann', domain: { name: 'Default' }, password };
  const auth = { identity: { methods: ['password'], password: { user } } };
  return client.request('POST', '/dashboard/auth/tokens', { auth }, headers);
};

describe('a browser', () => {
  it('is told how one signs in, gets a token for a password, and looks on and asks with it', async () => {
    expect((await client.request('GET', '/dashboard/config.json')).body.sign_in).toBe('keystone');
    const answer = await signIn(PASSWORD, {
      origin: `http://127.0.0.1:${server.port}`,
      host: `127.0.0.1:${server.port}`,
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.body.token.project.id).toBe('one');
    const token = answer.headers['x-subject-token'] as string;
    expect((await new ApiClient(server, token).request('GET', '/v2.0/networks')).status).toBe(200);
    using reader = await EventReader.open(`http://127.0.0.1:${server.port}`, { 'x-auth-token': token });
    expect(reader.status).toBe(200);
    const projects = await client.request('GET', '/dashboard/auth/projects', undefined, { 'x-auth-token': token });
    expect(projects.body.projects.map(({ id }: { id: string }) => id)).toEqual(['one']);
    const both = { 'x-auth-token': token, 'x-subject-token': token };
    expect((await client.request('DELETE', '/dashboard/auth/tokens', undefined, both)).status).toBe(204);
    expect((await new ApiClient(server, token).request('GET', '/v2.0/networks')).status).toBe(401);
  });

  it('with a wrong password is told what Keystone says', async () => {
    const answer = await signIn('wrong');
    expect([answer.status, answer.body.error.message]).toEqual([401, 'wrong password']);
    expect(answer.headers['x-subject-token']).toBeUndefined();
  });

  it('leaves no password and no token in the log, though that says everything', async () => {
    const token = (await signIn()).headers['x-subject-token'] as string;
    await client.request('GET', '/dashboard/auth/projects', undefined, { 'x-auth-token': token });
    await signIn('wrong-but-secret');
    await keystone.down();
    await signIn();
    await client.request('GET', '/v2.0/networks');
    const { output } = server.server;
    expect(output).toContain('/dashboard/auth/tokens');
    for (const secret of [PASSWORD, 'wrong-but-secret', token]) expect(output).not.toContain(secret);
  });
});

describe('a page of somebody else', () => {
  it.each<Record<string, string | null>>([
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': null },
  ])('cannot have anybody signed in: %o', async (headers) => {
    const before = keystone.issued.length;
    expect([403, 415]).toContain((await signIn(PASSWORD, headers)).status);
    expect(keystone.issued.length).toBe(before);
  });
});

describe('what is passed on', () => {
  const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    client.request(method, path, body, headers).then(({ status }) => status);

  it('are three questions, and nothing else', async () => {
    const headers = { 'x-auth-token': 't', 'x-subject-token': 't' };
    for (const path of ['users', 'tokens/../users', 'tokens/', 'tokens%2f..%2fusers', 'catalog', 'projects/x', '']) {
      expect(await ask('GET', `/dashboard/auth/${path}`, undefined, headers), path).toBe(404);
      expect(await ask('POST', `/dashboard/auth/${path}`, { auth: {} }, headers), path).toBe(405);
    }
    for (const method of ['PUT', 'PATCH', 'GET', 'HEAD']) {
      expect(await ask(method, '/dashboard/auth/tokens', undefined, headers), method).toBe(405);
    }
    expect(await ask('POST', '/dashboard/auth/projects', { auth: {} }, headers)).toBe(405);
  });

  it('is checked: a body of an object with auth, of 16 KiB at most, and tokens that can be headers', async () => {
    const before = keystone.issued.length;
    for (const body of [{}, { auth: null }, { auth: 'x' }, '[]', '{', '']) {
      expect(await ask('POST', '/dashboard/auth/tokens', body, { 'content-type': 'application/json' })).toBe(400);
    }
    expect(await ask('POST', '/dashboard/auth/tokens', { auth: { x: 'y'.repeat(17_000) } })).toBe(413);
    expect(await ask('POST', '/dashboard/auth/tokens', { auth: { x: 'y'.repeat(2_000_000) } })).toBe(413);
    expect(await ask('GET', '/dashboard/auth/projects')).toBe(400);
    expect(await ask('GET', '/dashboard/auth/projects', undefined, { 'x-auth-token': 'a b' })).toBe(400);
    expect(await ask('DELETE', '/dashboard/auth/tokens', undefined, { 'x-auth-token': 'a' })).toBe(400);
    expect(keystone.issued.length).toBe(before);
  });
});

describe('while Keystone fails', () => {
  it.each([
    ['is away', () => keystone.down()],
    ['is broken', () => Object.assign(keystone, { broken: 500 })],
    ['takes its time', () => Object.assign(keystone, { hangs: true })],
    ['leads elsewhere', () => Object.assign(keystone, { broken: 302 })],
  ])('(%s) a sign-in is told to try again, and nothing about where Keystone is', async (_how, fail) => {
    await fail();
    const answer = await signIn();
    expect([answer.status, answer.body.NeutronError.type]).toEqual([503, 'IdentityUnavailable']);
    expect(answer.text).not.toContain(new URL(keystone.url).port);
  });

  it('so many sign-ins at a time that its answers wait are refused, the others go on', async () => {
    keystone.hangs = true;
    const answers = await Promise.all(Array.from({ length: 40 }, () => signIn()));
    const types = answers.map(({ body }) => body.NeutronError.type);
    expect(types.filter((type) => type === 'TooManySignIns').length).toBe(8);
    keystone.hangs = false;
    expect((await signIn()).status).toBe(201);
  });
});
