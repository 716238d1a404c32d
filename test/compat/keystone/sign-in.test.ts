import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { project } from '../../support/programs.ts';
import { Keystone } from '../openstack/keystone.ts';
import { makeOurs } from '../openstack/ours.ts';
import { type Account, startPeer } from '../openstack/peer.ts';

/** Every way in which our client signs in, at a real Keystone; the answer says as whose project it came through. */
const undo = new AsyncDisposableStack();
let folder: string;
let keystone: Keystone;
let url: string;
let endpoint: string;
let demo: Account;
let projectId: string;

beforeAll(async () => {
  const peer = await startPeer(undo, 'keystone');
  keystone = new Keystone(peer);
  demo = peer.accounts.demo;
  url = peer.keystoneUrl;
  folder = await mkdtemp(join(tmpdir(), 'neutrino-sign-in-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const token = await keystone.token(peer.accounts.admin);
  const ours = undo.use(await makeOurs(peer, { folder: join(folder, 'ours'), token }));
  await ours.start();
  endpoint = `http://127.0.0.1:${ours.port}`;
  projectId = (await keystone.sessionOf(demo)).body.project.id;
});
afterAll(() => undo.disposeAsync());

/** Makes a network by `bin/neutron` with this environment and nothing else of it, and removes it: the project it was made in. */
async function projectAs(env: Record<string, string>): Promise<string> {
  const network = JSON.parse((await neutron(env, 'net-create', 'signed-in', '-f', 'json')).out);
  expect((await neutron(env, 'net-delete', network.id)).code).toBe(0);
  return network.project_id;
}

function neutron(env: Record<string, string>, ...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const all = { PATH: process.env.PATH!, HOME: folder, OS_ENDPOINT: endpoint, ...env };
  return new Promise((resolve) => {
    execFile(join(project, 'bin/neutron'), argv, { env: all, cwd: folder }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

const passwordOf = ({ user, password, project }: Account): Record<string, string> => ({
  OS_AUTH_URL: url,
  OS_USERNAME: user,
  OS_PASSWORD: password,
  OS_PROJECT_NAME: project,
  OS_USER_DOMAIN_NAME: 'Default',
  OS_PROJECT_DOMAIN_NAME: 'Default',
});

async function credentialOf(account: Account): Promise<{ id: string; secret: string }> {
  const { token, body } = await keystone.sessionOf(account);
  const name = randomUUID();
  const path = `/users/${body.user.id}/application_credentials`;
  const { application_credential: made } = await keystone.ask(token, 'POST', path, {
    application_credential: { name },
  });
  // One test takes its own back before.
  undo.defer(() => keystone.ask(token, 'DELETE', `${path}/${made.id}`).then(undefined, () => undefined));
  return made;
}

/** A `clouds.yaml` where the client looks for it, in its working folder. */
async function cloud(auth: Record<string, string>, authType = 'password'): Promise<Record<string, string>> {
  const lines = Object.entries(auth).map(([key, value]) => `      ${key}: "${value}"\n`);
  const head = `clouds:\n  lab:\n    auth_type: ${authType}\n    network_endpoint_override: ${endpoint}\n    auth:\n`;
  await writeFile(join(folder, 'clouds.yaml'), `${head}${lines.join('')}`);
  return { OS_CLOUD: 'lab' };
}

describe('the client signs in', () => {
  it('with a password in the environment', async () => {
    expect(await projectAs(passwordOf(demo))).toBe(projectId);
  });

  it('with a password and ids instead of names', async () => {
    const { OS_PROJECT_NAME: _, OS_PROJECT_DOMAIN_NAME: __, ...rest } = passwordOf(demo);
    expect(await projectAs({ ...rest, OS_PROJECT_ID: projectId })).toBe(projectId);
  });

  it('with a token in the environment', async () => {
    const { OS_USERNAME: _, OS_PASSWORD: __, ...rest } = passwordOf(demo);
    const token = await keystone.token(demo);
    expect(await projectAs({ ...rest, OS_AUTH_TYPE: 'token', OS_TOKEN: token })).toBe(projectId);
  });

  it('with an application credential in the environment', async () => {
    const { id, secret } = await credentialOf(demo);
    const env = {
      OS_AUTH_URL: url,
      OS_AUTH_TYPE: 'v3applicationcredential',
      OS_APPLICATION_CREDENTIAL_ID: id,
      OS_APPLICATION_CREDENTIAL_SECRET: secret,
    };
    expect(await projectAs(env)).toBe(projectId);
  });

  it('with a password of clouds.yaml', async () => {
    const auth = {
      auth_url: url,
      username: demo.user,
      password: demo.password,
      project_name: demo.project,
      user_domain_name: 'Default',
      project_domain_name: 'Default',
    };
    expect(await projectAs(await cloud(auth))).toBe(projectId);
  });

  it('with an application credential of clouds.yaml', async () => {
    const { id, secret } = await credentialOf(demo);
    const auth = { auth_url: url, application_credential_id: id, application_credential_secret: secret };
    expect(await projectAs(await cloud(auth, 'v3applicationcredential'))).toBe(projectId);
  });

  it('not with a wrong password, and is told so in one line', async () => {
    const { code, out, err } = await neutron({ ...passwordOf(demo), OS_PASSWORD: 'wrong' }, 'net-list');
    expect([code === 0, out]).toEqual([false, '']);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(err).not.toContain('wrong');
  });

  it('not with an application credential that was taken back', async () => {
    const { token, body } = await keystone.sessionOf(demo);
    const { id, secret } = await credentialOf(demo);
    await keystone.ask(token, 'DELETE', `/users/${body.user.id}/application_credentials/${id}`);
    const env = { OS_AUTH_URL: url, OS_APPLICATION_CREDENTIAL_ID: id, OS_APPLICATION_CREDENTIAL_SECRET: secret };
    expect((await neutron(env, 'net-list')).code).not.toBe(0);
  });
});
