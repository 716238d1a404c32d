import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient, type HttpAnswer, type Json } from '../../support/api.ts';
import type { Deployment } from '../../support/deployment.ts';
import { until } from '../../support/wait.ts';
import { Keystone } from '../openstack/keystone.ts';
import { makeOurs } from '../openstack/ours.ts';
import { type Account, type Peer, startPeer } from '../openstack/peer.ts';

/** Tokens of a real Keystone at our server: one that asks Keystone every time, and two that share a memcached. */
const undo = new AsyncDisposableStack();
let peer: Peer;
let keystone: Keystone;
let asking: Deployment;
let caching: Deployment;
let sharing: Deployment;
let admin: string;

beforeAll(async () => {
  peer = await startPeer(undo, 'keystone');
  keystone = new Keystone(peer);
  admin = await keystone.token(peer.accounts.admin);
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-keystone-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const start = async (name: string, options: Record<string, string | number>) => {
    const server = { keystone_authtoken: options };
    const ours = undo.use(await makeOurs(peer, { folder: join(folder, name), token: admin, server }));
    await ours.start();
    return ours;
  };
  asking = await start('asking', { memcached_servers: '', token_cache_time: -1 });
  caching = await start('caching', {});
  sharing = await start('sharing', {});
});
afterAll(() => undo.disposeAsync());

const as = (server: Deployment, token: string | null) => new ApiClient({ port: server.port }, token);
const list = (server: Deployment, token: string | null, headers: Record<string, string> = {}): Promise<HttpAnswer> =>
  as(server, token).request('GET', '/v2.0/networks', undefined, headers);
const status = async (server: Deployment, token: string | null, headers: Record<string, string> = {}) =>
  (await list(server, token, headers)).status;

/** A network of its project, made by an account, gone after the test. */
async function networkOf(account: Account, attributes: Json = {}): Promise<Json & AsyncDisposable> {
  const network = await as(asking, await keystone.token(account)).create('network', { name: 'n', ...attributes });
  return { ...network, [Symbol.asyncDispose]: () => as(asking, admin).remove('network', network.id) };
}

describe('roles', () => {
  it('admin sees and makes what belongs to any project', async () => {
    await using network = await networkOf(peer.accounts.demo);
    expect((await as(asking, admin).show('network', network.id)).name).toBe('n');
    await using other = await networkOf(peer.accounts.admin, { project_id: network.project_id });
    expect(other.project_id).toBe(network.project_id);
  });

  it('a member has the own project, and no more', async () => {
    const [demo, alt] = [await keystone.token(peer.accounts.demo), await keystone.token(peer.accounts.alt)];
    await using network = await networkOf(peer.accounts.demo);
    const path = `/v2.0/networks/${network.id}`;
    expect((await as(asking, demo).list('network')).map(({ id }) => id)).toEqual([network.id]);
    expect(await as(asking, alt).list('network')).toEqual([]);
    for (const method of ['GET', 'DELETE']) {
      const { status, body } = await as(asking, alt).request(method, path);
      expect([status, body.NeutronError.type], method).toEqual([404, 'NetworkNotFound']);
    }
    const provider = { network: { 'provider:network_type': 'local' } };
    const refused = await as(asking, demo).request('POST', '/v2.0/networks', provider);
    expect([refused.status, refused.body.NeutronError.type]).toEqual([403, 'PolicyNotAuthorized']);
    expect((await as(asking, demo).request('POST', '/v2.0/flavors', { flavor: { service_type: 'TAG' } })).status).toBe(
      403,
    );
  });

  it('a reader looks and changes nothing', async () => {
    const viewer = await keystone.token(peer.accounts.viewer);
    await using network = await networkOf(peer.accounts.demo);
    expect((await as(asking, viewer).show('network', network.id)).name).toBe('n');
    for (const [method, path, body] of [
      ['POST', '/v2.0/networks', { network: {} }],
      ['PUT', `/v2.0/networks/${network.id}`, { network: { name: 'x' } }],
      ['DELETE', `/v2.0/networks/${network.id}`, undefined],
    ] as const) {
      const answer = await as(asking, viewer).request(method, path, body);
      expect([answer.status, answer.body.NeutronError.type], method).toEqual([403, 'PolicyNotAuthorized']);
    }
  });

  it('a service may write what Nova writes, an administrator may not', async () => {
    const service = await keystone.token(peer.accounts.neutron);
    await using network = await networkOf(peer.accounts.demo);
    const port = { port: { network_id: network.id, 'binding:profile': { a: 'b' } } };
    expect((await as(asking, admin).request('POST', '/v2.0/ports', port)).status).toBe(403);
    const made = await as(asking, service).expect('POST', '/v2.0/ports', port);
    expect(made.port['binding:profile']).toEqual({ a: 'b' });
    await as(asking, service).remove('port', made.port.id);
  });
});

describe('what is no token', () => {
  it.each([
    ['none', null],
    ['nonsense', 'x'],
    ['a token of another Keystone', `gAAAAAB${'A'.repeat(170)}`],
  ])('%s: 401, and where to ask for one', async (_, token) => {
    for (const server of [asking, caching]) {
      const answer = await list(server, token);
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe(`Keystone uri="${peer.keystoneUrl.replace(/\/v3$/, '')}"`);
    }
  });

  it('versions need none', async () => {
    expect((await as(asking, null).request('GET', '/')).status).toBe(200);
  });
});

it('a revoked token: refused at once without a cache; known to servers that share a memcached until the cache ends', async () => {
  const token = await keystone.token(peer.accounts.demo);
  expect([await status(asking, token), await status(caching, token)]).toEqual([200, 200]);
  await keystone.revoke(token);
  expect(await status(asking, token)).toBe(401);
  expect(await status(caching, token)).toBe(200);
  // It was never asked before: what it knows is from memcached.
  expect(await status(sharing, token)).toBe(200);
});

/** Made by demo for itself, gone after the test. */
async function credential(limits: Json): Promise<AsyncDisposable & { credentialId: string; secret: string }> {
  const { token, body } = await keystone.sessionOf(peer.accounts.demo);
  const path = `/users/${body.user.id}/application_credentials`;
  const name = `neutrino-${process.pid}-${performance.now()}`;
  const made = await keystone.ask(token, 'POST', path, { application_credential: { name, ...limits } });
  const { id, secret } = made.application_credential;
  return {
    credentialId: id,
    secret,
    [Symbol.asyncDispose]: () => keystone.ask(token, 'DELETE', `${path}/${id}`).catch(() => undefined),
  };
}

describe('application credentials', () => {
  it('have the roles they were made with, and end with their removal', async () => {
    let token: string;
    {
      await using reading = await credential({ roles: [{ name: 'reader' }] });
      token = await keystone.token(reading);
      expect(await status(asking, token)).toBe(200);
      const refused = await as(asking, token).request('POST', '/v2.0/networks', { network: {} });
      expect([refused.status, refused.body.NeutronError.type]).toEqual([403, 'PolicyNotAuthorized']);
    }
    expect(await status(asking, token)).toBe(401);
  });

  it('a token that has ended is refused by every server, and counts when a service sends it along', async () => {
    const service = { 'x-service-token': await keystone.token(peer.accounts.neutron) };
    const plain = { 'x-service-token': await keystone.token(peer.accounts.alt) };
    const expires_at = new Date(Date.now() + 10_000).toISOString().replace('Z', '');
    await using short = await credential({ expires_at });
    const token = await keystone.token(short);
    expect([await status(asking, token), await status(caching, token)]).toEqual([200, 200]);
    await until('it has ended', async () => (await status(asking, token)) === 401, { timeoutMs: 30_000 });
    expect(await status(caching, token)).toBe(401);
    expect([await status(asking, token, service), await status(caching, token, service)]).toEqual([200, 200]);
    expect([await status(asking, token, plain), await status(caching, token, plain)]).toEqual([401, 401]);
  });
});

it('a service token that is none is refused', async () => {
  expect(await status(asking, admin, { 'x-service-token': 'nonsense' })).toBe(401);
});

it('headers of identity from a client count for nothing', async () => {
  const demo = await keystone.token(peer.accounts.demo);
  const forged = {
    'x-roles': 'admin',
    'x-project-id': 'x',
    'x-identity-status': 'Confirmed',
    'x-is-admin-project': 'True',
  };
  const provider = { network: { 'provider:network_type': 'local' } };
  expect((await as(asking, demo).request('POST', '/v2.0/networks', provider, forged)).status).toBe(403);
  expect(await status(asking, null, forged)).toBe(401);
});
