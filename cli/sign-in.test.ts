import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeKeystone } from '../src/keystone/fake.ts';
import { runNeutron } from './main.ts';
import { startTestApi, type TestApi } from './test-api.ts';

let api: TestApi;
let keystone: FakeKeystone;
let folder: string;

beforeEach(async () => {
  api = await startTestApi({ networks: [] });
  keystone = await FakeKeystone.start();
  keystone.networkUrl = api.url;
  folder = await mkdtemp(join(tmpdir(), 'neutrino-clouds-'));
});
afterEach(async () => {
  await api.close();
  await keystone.down();
  await rm(folder, { recursive: true });
});

function neutron(env: Record<string, string>, ...options: string[]) {
  return run([...options, 'net-list'], env);
}

async function run(argv: string[], env: Record<string, string>) {
  let err = '';
  const io = {
    stdout: () => {},
    stderr: (text: string) => {
      err += text;
    },
  };
  return { code: await runNeutron(argv, env, io), err };
}

/** What Keystone was sent, and with what token the API was asked. */
const asked = () => ({ auth: keystone.issued.at(-1)?.auth, token: api.asked[0]?.headers['x-auth-token'] });

const password = () => ({
  OS_AUTH_URL: `${keystone.url}/v3`,
  OS_USERNAME: 'demo',
  OS_PASSWORD: 's3cret',
  OS_PROJECT_NAME: 'lab',
  OS_USER_DOMAIN_NAME: 'Default',
  OS_PROJECT_DOMAIN_NAME: 'Default',
});

describe('who signs in', () => {
  test('by OS_* variables: name and password, for a project', async () => {
    expect(await neutron(password())).toEqual({ code: 0, err: '' });
    const { auth, token } = asked();
    expect(auth.identity.password.user).toEqual({ name: 'demo', password: 's3cret', domain: { name: 'Default' } });
    expect(auth.scope).toEqual({ project: { name: 'lab', domain: { name: 'Default' } } });
    expect(keystone.tokens.has(String(token))).toBe(true);
  });

  test('by options, which go before variables', async () => {
    await neutron(password(), '--os-username', 'other', '--os-tenant-name', 'place');
    const { auth } = asked();
    expect(auth.identity.password.user.name).toBe('other');
    expect(auth.scope.project.name).toBe('place');
  });

  test('by a token', async () => {
    const { OS_USERNAME: _user, OS_PASSWORD: _password, ...rest } = password();
    expect(await neutron({ ...rest, OS_AUTH_TYPE: 'v3token', OS_TOKEN: 'token-0' })).toEqual({ code: 0, err: '' });
    expect(asked().auth.identity).toEqual({ methods: ['token'], token: { id: 'token-0' } });
  });

  test('by an application credential, which has its project already', async () => {
    const env = {
      OS_AUTH_URL: keystone.url,
      OS_APPLICATION_CREDENTIAL_ID: 'app',
      OS_APPLICATION_CREDENTIAL_SECRET: 'hidden',
    };
    expect(await neutron(env)).toEqual({ code: 0, err: '' });
    const { auth } = asked();
    expect(auth.identity.application_credential).toEqual({ id: 'app', secret: 'hidden' });
    expect(auth.scope).toBeUndefined();
  });

  test('the endpoint may be told instead of looked up', async () => {
    keystone.networkUrl = 'http://127.0.0.1:1';
    expect((await neutron({ ...password(), OS_ENDPOINT: api.url })).code).toBe(0);
  });
});

describe('options of a command are not options of the sign-in', () => {
  test('the project a command is about is not the one that is signed in to', async () => {
    api.raw['/v2.0/quotas/other'] = { status: 200, answer: { quota: { network: 5 } } };
    expect(await run(['quota-show', '--tenant-id', 'other'], password())).toEqual({ code: 0, err: '' });
    expect(asked().auth.scope).toEqual({ project: { name: 'lab', domain: { name: 'Default' } } });
  });

  test('nor is a type of service that a list is filtered by, or that a subnet serves', async () => {
    api.rows.flavors = [];
    api.rows.subnets = [];
    expect(await run(['flavor-list', '--service-type', 'CORE'], password())).toEqual({ code: 0, err: '' });
    expect(api.asked.at(-1)?.query).toEqual([['service_type', 'CORE']]);
    const subnet = ['subnet-create', '11111111-1111-4111-8111-111111111111', '10.0.0.0/24'];
    expect(await run([...subnet, '--service-type', 'network:dhcp'], password())).toEqual({ code: 0, err: '' });
    expect(api.asked.at(-1)?.body).toMatchObject({ subnet: { service_types: ['network:dhcp'] } });
  });
});

describe('a cloud of clouds.yaml', () => {
  const cloud = async (text: string, secure = '') => {
    await writeFile(join(folder, 'clouds.yaml'), text);
    await writeFile(join(folder, 'secure.yaml'), secure);
    return {
      OS_CLIENT_CONFIG_FILE: join(folder, 'clouds.yaml'),
      OS_CLIENT_SECURE_FILE: join(folder, 'secure.yaml'),
    };
  };

  test('is taken as it is, with its secrets of secure.yaml, whatever variables there are', async () => {
    const env = await cloud(
      `clouds:\n  lab:\n    auth:\n      auth_url: ${keystone.url}\n      username: eve\n      project_id: p7\n`,
      'clouds:\n  lab:\n    auth:\n      password: from-secure\n',
    );
    expect(await neutron({ ...env, OS_CLOUD: 'lab', OS_USERNAME: 'nobody' })).toEqual({ code: 0, err: '' });
    const { auth } = asked();
    expect(auth.identity.password.user).toMatchObject({ name: 'eve', password: 'from-secure' });
    expect(auth.scope).toEqual({ project: { id: 'p7' } });
  });

  test('without Keystone', async () => {
    const env = await cloud(`clouds:\n  box:\n    auth_type: none\n    auth:\n      endpoint: ${api.url}\n`);
    expect(await neutron(env, '--os-cloud', 'box')).toEqual({ code: 0, err: '' });
    expect(asked().token).toBeUndefined();
  });

  test('that is not there: its name, and those that are', async () => {
    const env = await cloud('clouds:\n  lab: {}\n  home: {}\n');
    const { code, err } = await neutron(env, '--os-cloud', 'work');
    expect(code).toBe(1);
    expect(err).toContain("has no cloud 'work'; there is lab, home");
  });
});

describe('what goes wrong is one line with the next step', () => {
  test.each<[string, Record<string, string>, string]>([
    ['no Keystone there', { OS_AUTH_URL: 'http://127.0.0.1:1' }, 'Unable to sign in at http://127.0.0.1:1'],
    ['no address', { OS_AUTH_URL: 'keystone' }, "'keystone' is no address of Keystone"],
    ['no password', { OS_PASSWORD: '' }, 'OS_PASSWORD'],
    ['another region', { OS_REGION_NAME: 'Mars' }, 'no public endpoint of service type network in region Mars'],
  ])('%s', async (_, env, message) => {
    const { code, err } = await neutron({ ...password(), ...env });
    expect(code).toBe(1);
    expect(err).toContain(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(err).not.toContain('s3cret');
  });

  test('Keystone refuses', async () => {
    keystone.broken = 401;
    const { code, err } = await neutron(password());
    expect(code).toBe(1);
    expect(err).toContain('Keystone refuses');
    expect(err).not.toContain('s3cret');
  });
});
