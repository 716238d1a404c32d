import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../lib/context.ts';
import { silentLogger } from '../lib/log.ts';
import { keystoneAuthentication } from './authentication.ts';
import { KeystoneClient } from './client.ts';
import { authBody } from './credentials.ts';
import { FakeKeystone } from './fake.ts';
import { type AuthOptions, credentialsFrom } from './options.ts';
import type { SecondCache } from './second-cache.ts';
import { ServiceToken } from './service-token.ts';
import { endpointOf } from './token.ts';
import { TokenCheck } from './token-check.ts';

const none: AuthOptions = {
  auth_type: null,
  username: null,
  user_id: null,
  password: null,
  token: null,
  project_name: null,
  project_id: null,
  project_domain_name: null,
  project_domain_id: null,
  user_domain_name: null,
  user_domain_id: null,
  default_domain_name: null,
  default_domain_id: null,
  domain_id: null,
  domain_name: null,
  system_scope: null,
  application_credential_id: null,
  application_credential_name: null,
  application_credential_secret: null,
};

let keystone: FakeKeystone;
let client: KeystoneClient;
let nowMs: number;
beforeEach(async () => {
  keystone = await FakeKeystone.start();
  client = new KeystoneClient(keystone.url);
  nowMs = Date.now();
});
afterEach(async () => {
  client.close();
  await keystone[Symbol.asyncDispose]();
});

const password = credentialsFrom({ ...none, username: 'neutron', password: 'p', project_name: 'service' });

/** A second server's memory. */
class Shared implements SecondCache {
  readonly entries = new Map<string, string>();
  async get(key: string) {
    return this.entries.get(key) ?? null;
  }
  async set(key: string, value: string) {
    this.entries.set(key, value);
  }
  close() {}
}

function makeCheck(more: { second?: SecondCache; cacheSeconds?: number } = {}): TokenCheck {
  return new TokenCheck({
    client,
    service: new ServiceToken(client, password, () => nowMs),
    second: more.second ?? null,
    cacheSeconds: more.cacheSeconds ?? 300,
    now: () => nowMs,
  });
}

describe('credentials of a section', () => {
  it.each<[string, Partial<AuthOptions>, object]>([
    [
      'a password, as old files have it',
      { username: 'n', password: 'p', project_name: 's', user_domain_name: 'default', project_domain_name: 'default' },
      {
        identity: {
          methods: ['password'],
          password: { user: { name: 'n', domain: { name: 'default' }, password: 'p' } },
        },
        scope: { project: { name: 's', domain: { name: 'default' } } },
      },
    ],
    [
      'ids',
      { auth_type: 'v3password', user_id: 'u', password: 'p', project_id: 'x' },
      {
        identity: { methods: ['password'], password: { user: { id: 'u', password: 'p' } } },
        scope: { project: { id: 'x' } },
      },
    ],
    [
      'the whole system',
      { auth_type: 'password', username: 'n', password: 'p', system_scope: 'all' },
      {
        identity: {
          methods: ['password'],
          password: { user: { name: 'n', domain: { id: 'default' }, password: 'p' } },
        },
        scope: { system: { all: true } },
      },
    ],
    [
      'an application credential, which has its scope',
      { auth_type: 'v3applicationcredential', application_credential_id: 'c', application_credential_secret: 's' },
      { identity: { methods: ['application_credential'], application_credential: { id: 'c', secret: 's' } } },
    ],
    ['a token', { auth_type: 'token', token: 't' }, { identity: { methods: ['token'], token: { id: 't' } } }],
  ])('%s', (_, options, auth) => {
    expect(authBody(credentialsFrom({ ...none, ...options }))).toEqual({ auth });
  });

  it.each<[Partial<AuthOptions>, string]>([
    [{}, 'username'],
    [{ username: 'n' }, 'password'],
    [{ auth_type: 'kerberos' }, 'auth_type'],
    [{ auth_type: 'token' }, 'token'],
    [{ application_credential_secret: 's' }, 'application_credential_id'],
  ])('that lack something name the option: %j', (options, option) => {
    expect(() => credentialsFrom({ ...none, ...options })).toThrow(expect.objectContaining({ option }));
  });
});

describe('a client', () => {
  it.each(['', '/', '/v3', '/v3/', '/v2.0'])('finds version 3 behind "%s"', async (path) => {
    const other = new KeystoneClient(keystone.url + path);
    const token = await other.issue(password);
    expect(token).toMatchObject({ userName: 'neutron', roles: ['service'] });
    expect(endpointOf(token.catalog, { type: 'network', interface: 'publicURL' })).toBe('http://127.0.0.1:9696');
    expect(endpointOf(token.catalog, { type: 'network', interface: 'public', region: 'Two' })).toBeNull();
    other.close();
  });

  it('tells a refusal from an outage', async () => {
    keystone.broken = 401;
    await expect(client.issue(password)).rejects.toMatchObject({ name: 'KeystoneRefusal', status: 401 });
    keystone.broken = 503;
    await expect(client.issue(password)).rejects.toMatchObject({ name: 'KeystoneUnavailable' });
    const nobody = new KeystoneClient('http://127.0.0.1:9');
    await expect(nobody.issue(password)).rejects.toMatchObject({ name: 'KeystoneUnavailable' });
  });
});

describe('checking tokens', () => {
  it('asks once for many requests with the same one, and then knows it', async () => {
    const check = makeCheck();
    const token = keystone.add();
    const all = await Promise.all(Array.from({ length: 20 }, () => check.facts(token)));
    expect(new Set(all.map((facts) => facts?.userName))).toEqual(new Set(['demo']));
    expect(keystone.validations).toBe(1);
    expect(check.known(token)).toMatchObject({ projectId: 'p1', roles: ['member', 'reader'] });
  });

  it('asks again when the cache or the token has ended, and refuses what was revoked', async () => {
    const check = makeCheck({ cacheSeconds: 10 });
    const token = keystone.add();
    await check.facts(token);
    keystone.tokens.delete(token);
    expect(await check.facts(token)).not.toBeNull();
    nowMs += 11_000;
    expect(await check.facts(token)).toBeNull();
    const short = keystone.add({ expiresAtMs: nowMs + 2_000 });
    await check.facts(short);
    nowMs += 3_000;
    expect(check.known(short)).toBeUndefined();
  });

  it('does not ask again and again for what is no token', async () => {
    const check = makeCheck();
    expect([await check.facts('guess'), await check.facts('guess')]).toEqual([null, null]);
    expect(keystone.validations).toBe(1);
  });

  it('asks every time where nothing may be kept', async () => {
    const check = makeCheck({ cacheSeconds: -1 });
    const token = keystone.add();
    await check.facts(token);
    await check.facts(token);
    expect(keystone.validations).toBe(2);
  });

  it('gets itself another token when Keystone forgot ours', async () => {
    const check = makeCheck();
    await check.facts(keystone.add());
    keystone.tokens.clear();
    const token = keystone.add();
    expect(await check.facts(token)).toMatchObject({ userName: 'demo' });
    expect(keystone.issued).toHaveLength(2);
  });

  it('believes another server, but not what it cannot read', async () => {
    const second = new Shared();
    const token = keystone.add();
    await makeCheck({ second }).facts(token);
    await makeCheck({ second }).facts(token);
    expect(keystone.validations).toBe(1);
    for (const key of second.entries.keys()) second.entries.set(key, '{"userId": 5}');
    expect(await makeCheck({ second }).facts(token)).not.toBeNull();
    expect(keystone.validations).toBe(2);
    expect([...second.entries.keys()].join()).not.toContain(token);
  });
});

describe('who sends a request', () => {
  const identify = (headers: Record<string, string>, more: { required?: boolean } = {}) => {
    const authenticate = keystoneAuthentication({
      check: makeCheck(),
      serviceRoles: ['service'],
      serviceRolesRequired: more.required ?? false,
      logger: silentLogger,
    });
    return Promise.resolve(authenticate(headers, 'req-1')) as Promise<Context | null>;
  };

  it('is nobody without a token, or with a wrong one', async () => {
    expect(await identify({})).toBeNull();
    expect(await identify({ 'x-auth-token': 'guess' })).toBeNull();
  });

  it('is whom Keystone names', async () => {
    expect(await identify({ 'x-auth-token': keystone.add() })).toMatchObject({
      userId: 'demo-id',
      projectId: 'p1',
      roles: ['member', 'reader'],
      isAdmin: false,
      userDomainId: 'default',
    });
  });

  it('may be somebody whose token has ended, when a service says so', async () => {
    const ended = keystone.add({ expiresAtMs: Date.now() - 1_000 });
    const service = keystone.add({ user: 'nova', roles: ['service'] });
    const user = keystone.add({ user: 'other' });
    expect(await identify({ 'x-auth-token': ended })).toBeNull();
    expect(await identify({ 'x-auth-token': ended, 'x-service-token': user })).toBeNull();
    expect(await identify({ 'x-auth-token': ended, 'x-service-token': service })).toMatchObject({
      userId: 'demo-id',
      serviceRoles: ['service'],
    });
    const good = keystone.add();
    expect(await identify({ 'x-auth-token': good, 'x-service-token': 'guess' })).toBeNull();
    expect(await identify({ 'x-auth-token': good, 'x-service-token': user }, { required: true })).toBeNull();
  });

  it('cannot be told while Keystone is away: unavailable, and well again afterwards', async () => {
    const token = keystone.add();
    keystone.broken = 502;
    await expect(identify({ 'x-auth-token': token })).rejects.toMatchObject({
      type: 'ServiceUnavailable',
      kind: 'unavailable',
    });
    keystone.broken = null;
    expect(await identify({ 'x-auth-token': token })).toMatchObject({ userId: 'demo-id' });
  });
});
