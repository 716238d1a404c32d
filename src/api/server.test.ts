import { beforeEach, describe, expect, it } from 'vitest';
import { defaultValues } from '../lib/options.ts';
import { FakePlugin } from './fake-plugin.ts';
import { type ApiOptions, apiOptions, healthOptions } from './options.ts';
import { type Api, type ApiParts, createApi } from './server.ts';

const nowhere = '00000000-0000-0000-0000-000000000000';
let plugin: FakePlugin;
let api: Api;

function make(parts: Partial<Omit<ApiParts, 'options'>> & { options?: Partial<ApiOptions> } = {}): Api {
  const { options, ...rest } = parts;
  return createApi({ plugin, protection: 'off', ...rest, options: defaultValues(apiOptions, options) });
}

async function call(method: string, url: string, body?: unknown, headers: Record<string, string> = {}, of: Api = api) {
  const json = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
  const payload = json ? (body as string | undefined) : JSON.stringify(body);
  const answer = await of.inject({
    method: method as 'GET',
    url,
    payload,
    headers: {
      host: 'api.test:9696',
      ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
  });
  expect(answer.headers['x-openstack-request-id']).toMatch(/^req-[0-9a-f-]{36}$/);
  return { status: answer.statusCode, headers: answer.headers, text: answer.body, json: parsed(answer.body) };
}

// biome-ignore lint/suspicious/noExplicitAny: an answer may be anything; the tests look into it
function parsed(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function refused(method: string, url: string, body?: unknown, headers?: Record<string, string>) {
  const { status, json } = await call(method, url, body, headers);
  const { type, message, detail } = json.NeutronError;
  expect(detail).toBe('');
  return [status, type, message];
}

beforeEach(() => {
  plugin = new FakePlugin();
  api = make();
});

describe('documents', () => {
  it('lists versions with links by the name the client used', async () => {
    const { status, headers, json } = await call('GET', '/', undefined, { 'x-forwarded-proto': 'https' });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    expect(json).toEqual({
      versions: [{ id: 'v2.0', status: 'CURRENT', links: [{ rel: 'self', href: 'https://api.test:9696/v2.0/' }] }],
    });
  });

  it('lists the core resources with their collections, under the configured prefix', async () => {
    api = make({ options: { network_link_prefix: 'https://cloud.test/network/' } });
    const { json } = await call('GET', '/v2.0/');
    expect(json.resources).toEqual([
      {
        name: 'network',
        collection: 'networks',
        links: [{ rel: 'self', href: 'https://cloud.test/network/v2.0/networks' }],
      },
      {
        name: 'subnet',
        collection: 'subnets',
        links: [{ rel: 'self', href: 'https://cloud.test/network/v2.0/subnets' }],
      },
      { name: 'port', collection: 'ports', links: [{ rel: 'self', href: 'https://cloud.test/network/v2.0/ports' }] },
    ]);
  });

  it('does not know /v2.0 without its slash, nor what is outside', async () => {
    expect(await refused('GET', '/v2.0')).toEqual([404, 'HTTPNotFound', 'The resource could not be found.']);
    const { status, json } = await call('GET', '/v3');
    expect([status, json]).toEqual([404, { code: 404, title: 'Not Found', description: null }]);
  });

  it.each(['/', '/v2.0/'])('answers other methods on %s with 405', async (url) => {
    expect((await call('POST', url, {})).status).toBe(405);
  });

  it('lists loaded extensions, one by one and together', async () => {
    const { json } = await call('GET', '/v2.0/extensions');
    expect(json.extensions.map(({ alias }: { alias: string }) => alias)).toEqual([...plugin.extensions].sort());
    const one = await call('GET', '/v2.0/extensions/port-security');
    expect(one.json.extension).toMatchObject({
      alias: 'port-security',
      name: 'Port Security',
      updated: '2012-07-23T10:00:00-00:00',
      links: [],
    });
  });

  it('answers an unknown alias, and other methods, as upstream does one layer further out', async () => {
    const { status, json } = await call('GET', '/v2.0/extensions/nope');
    expect(status).toBe(404);
    expect(json).toEqual({
      message: 'The resource could not be found.<br /><br />\nExtension with alias nope does not exist\n\n',
      code: '404 Not Found',
      title: 'Not Found',
    });
    expect((await call('POST', '/v2.0/extensions', {})).status).toBe(404);
  });

  it('reports health', async () => {
    const { status, json } = await call('GET', '/healthcheck', undefined, { accept: 'application/json' });
    expect([status, json]).toEqual([200, { detailed: false, reasons: ['OK'] }]);
    expect((await call('POST', '/healthcheck')).text).toBe('OK');
    expect((await call('GET', '/healthcheck?detailed')).text).toContain('disable_by_file: OK');
    const health = defaultValues(healthOptions, { disable_by_file_path: import.meta.filename });
    expect((await call('GET', '/healthcheck', undefined, {}, make({ health }))).status).toBe(503);
  });
});

describe('resources', () => {
  it('creates, shows, lists, changes and deletes', async () => {
    const made = await call('POST', '/v2.0/networks', { network: { name: 'n' } });
    expect(made.status).toBe(201);
    const { id } = made.json.network;
    const shown = await call('GET', `/v2.0/networks/${id}`);
    expect([shown.status, shown.json]).toEqual([200, made.json]);
    expect((await call('GET', '/v2.0/networks')).json).toEqual({ networks: [made.json.network] });
    const changed = await call('PUT', `/v2.0/networks/${id}`, { network: { name: 'm' } });
    expect([changed.status, changed.json.network.name]).toEqual([200, 'm']);
    const gone = await call('DELETE', `/v2.0/networks/${id}`);
    expect([gone.status, gone.text, gone.headers['content-type']]).toEqual([204, '', undefined]);
    expect(await refused('GET', `/v2.0/networks/${id}`)).toEqual([
      404,
      'NetworkNotFound',
      `Network ${id} could not be found.`,
    ]);
  });

  it('hands the plugin every attribute that may be given, and the rest as undefined', async () => {
    await call('POST', '/v2.0/ports', { port: { network_id: nowhere, admin_state_up: 'no' } }, { 'x-project-id': 'p' });
    expect(plugin.ports.lastInput).toMatchObject({
      network_id: nowhere,
      admin_state_up: false,
      name: '',
      project_id: 'p',
      tenant_id: 'p',
      'binding:vnic_type': 'normal',
      fixed_ips: undefined,
      extra_dhcp_opts: null,
    });
    expect(Object.keys(plugin.ports.lastInput!)).toContain('fixed_ips');
    expect(plugin.ports.lastInput).not.toHaveProperty('dns_name');
    expect(plugin.ports.lastInput).not.toHaveProperty('tags');
    const { id } = plugin.ports.rows[0]!;
    await call('PUT', `/v2.0/ports/${id}`, { port: { name: 'x' } });
    expect(plugin.ports.lastInput).toEqual({ name: 'x' });
  });

  it('keeps hidden attributes to itself', async () => {
    plugin.networks.rows.push({ id: 'a', revision_number: 1, name: 'n', qos_policy_id: null, ha: true });
    expect((await call('GET', '/v2.0/networks/a')).json.network).toEqual({ id: 'a', revision_number: 1, name: 'n' });
  });

  it('accepts a trailing slash, .json and hyphens', async () => {
    for (const url of ['/v2.0/networks/', '/v2.0/networks.json']) expect((await call('GET', url)).status).toBe(200);
    expect((await refused('GET', '/v2.0/networks.xml')).slice(0, 2)).toEqual([404, 'HTTPNotFound']);
  });

  it.each([
    ['HEAD', '/v2.0/networks', 405],
    ['PATCH', '/v2.0/networks', 405],
    ['PROPFIND', '/v2.0/networks', 405],
    ['TRACE', '/v2.0/networks', 405],
    ['PATCH', `/v2.0/networks/${nowhere}`, 405],
    ['POST', `/v2.0/networks/${nowhere}`, 405],
    ['OPTIONS', '/v2.0/networks', 200],
    ['PUT', '/v2.0/networks', 404],
    ['DELETE', '/v2.0/networks', 404],
    ['GET', '/v2.0/frobs', 404],
    ['GET', `/v2.0/networks/${nowhere}/nope`, 404],
    ['GET', '/v2.0/networks/a/b/c', 404],
    ['GET', '/v2.0/networks/%ff', 400],
    ['GET', '/v2.0/__proto__', 404],
    ['GET', '/v2.0//networks', 200],
    ['GET', '//v2.0/networks?name=a//b', 200],
    ['HEAD', '/v2.0', 405],
    ['PATCH', '/v2.0', 405],
    ['HEAD', '/healthcheck', 204],
  ])('answers %s %s with %d', async (method, url, status) => {
    expect((await call(method, url, method === 'PUT' ? { network: {} } : undefined)).status).toBe(status);
  });

  it('reads the query string of one network as that of a list, before it looks for the network', async () => {
    plugin.networks.rows.push({ id: 'a', revision_number: 1 });
    expect(await refused('GET', '/v2.0/networks/nowhere?nonsense=1')).toEqual([
      400,
      'HTTPBadRequest',
      "['nonsense'] is invalid attribute for filtering",
    ]);
    expect((await call('GET', '/v2.0/networks/a?limit=x')).status).toBe(400);
    expect((await call('GET', '/v2.0/networks/a?name=other')).status).toBe(200);
  });

  it('refuses a body on DELETE and ignores one on GET', async () => {
    plugin.networks.rows.push({ id: 'a', revision_number: 1 });
    expect(await refused('DELETE', '/v2.0/networks/a', { x: 1 })).toEqual([
      400,
      'HTTPBadRequest',
      'Request body is not supported in DELETE.',
    ]);
    expect((await call('GET', '/v2.0/networks', { x: 1 })).status).toBe(200);
  });

  it('speaks JSON only', async () => {
    for (const accept of ['application/json', '*/*', 'text/html, */*;q=0.8', 'application/*']) {
      expect((await call('GET', '/v2.0/networks', undefined, { accept })).status).toBe(200);
    }
    expect(await refused('GET', '/v2.0/networks', undefined, { accept: 'application/xml' })).toEqual([
      406,
      'HTTPNotAcceptable',
      'The server could not comply with the request since it is either malformed or otherwise incorrect.',
    ]);
  });

  it('explains a port, where that is loaded', async () => {
    plugin.ports.rows.push({ id: 'p', revision_number: 1 });
    const { json } = await call('GET', '/v2.0/ports/p/explain');
    expect(json.explanation).toMatchObject({ port_id: 'p', verdict: 'works' });
    expect((await refused('GET', '/v2.0/ports/q/explain')).slice(0, 2)).toEqual([404, 'PortNotFound']);
    expect((await call('PUT', '/v2.0/ports/p/explain', {})).status).toBe(405);
    plugin = new FakePlugin(['binding']);
    expect((await call('GET', '/v2.0/ports/p/explain', undefined, {}, make())).status).toBe(404);
  });

  it('cannot create agents', async () => {
    expect((await refused('POST', '/v2.0/agents', { agent: {} })).slice(0, 2)).toEqual([400, 'HTTPBadRequest']);
    expect(await refused('POST', '/v2.0/agents', { agent: { host: 'h' } })).toEqual([
      400,
      'HTTPBadRequest',
      "Attribute 'host' not allowed in POST",
    ]);
  });
});

describe('bulk create', () => {
  it('creates several, bare or wrapped, in order', async () => {
    const { status, json } = await call('POST', '/v2.0/networks', {
      networks: [{ name: 'a' }, { network: { name: 'b' } }],
    });
    expect(status).toBe(201);
    expect(json.networks.map(({ name }: { name: string }) => name)).toEqual(['a', 'b']);
  });

  it('takes back what it made when one fails', async () => {
    const create = plugin.networks.create.bind(plugin.networks);
    let calls = 0;
    plugin.networks.create = async (context, input) => {
      calls++;
      if (calls === 3) throw new Error('no');
      return create(context, input);
    };
    expect((await call('POST', '/v2.0/networks', { networks: [{}, {}, {}] })).status).toBe(500);
    expect(plugin.networks.rows).toEqual([]);
  });

  it('can be turned off', async () => {
    api = make({ options: { allow_bulk: false } });
    expect(await refused('POST', '/v2.0/networks', { networks: [{}] })).toEqual([
      400,
      'HTTPBadRequest',
      'Bulk operation not supported',
    ]);
  });
});

describe('update', () => {
  it('takes one at a time, and names the project as upstream does', async () => {
    plugin.networks.rows.push({ id: 'a', revision_number: 1 });
    const said = async (body: unknown) => (await refused('PUT', '/v2.0/networks/a', body as object))[2];
    expect(await said({ networks: [{ name: 'b' }] })).toBe('Bulk operation not supported');
    expect(await said({ networks: [], network: { name: 'b' } })).toBe('Bulk operation not supported');
    expect(await said({ network: { project_id: 'x' } })).toBe('Cannot update read-only attribute tenant_id');
  });
});

describe('methods on /', () => {
  it('are refused by what is outside the API', async () => {
    expect(await call('PUT', '/', {})).toMatchObject({
      status: 405,
      json: { code: 405, title: 'Method Not Allowed', description: '' },
    });
  });
});

describe('revisions', () => {
  beforeEach(() => {
    plugin.ports.rows.push({ id: 'p', revision_number: 3 });
  });

  it.each([
    ['revision_number=3', 200],
    ['"revision_number=3"', 200],
    ['nonsense', 200],
    ['"abc", revision_number=3', 200],
    ['revision_number=999', 412],
    ['revision_number=x', 400],
    ['revision_number=3, revision_number=4', 400],
  ])('If-Match: %s → %d', async (header, status) => {
    const answer = await call('PUT', '/v2.0/ports/p', { port: { name: 'y' } }, { 'if-match': header });
    expect(answer.status).toBe(status);
    expect((await call('DELETE', '/v2.0/ports/p', undefined, { 'if-match': header })).status).toBe(
      status === 200 && header !== 'nonsense' ? 412 : status === 200 ? 204 : status,
    );
  });

  it('says how a revision is written', async () => {
    for (const header of ['revision_number=x', 'revision_number=3, revision_number=4']) {
      const refusal = await refused('PUT', '/v2.0/ports/p', { port: { name: 'y' } }, { 'if-match': header });
      expect(refusal).toEqual([
        400,
        'BadRequest',
        'Bad if-match request: Revision number etag must be in the format of revision_number=<int>.',
      ]);
    }
  });
});

describe('faults', () => {
  it('says nothing of an unexpected error, and logs it once with the request id', async () => {
    const logged: [object, string][] = [];
    const logger = {
      debug() {},
      info() {},
      warn() {},
      error: (fields: object, message: string) => void logged.push([fields, message]),
    };
    api = make({ logger });
    plugin.ports.failure = new Error('SQLITE: secret');
    const { status, text, headers } = await call('GET', '/v2.0/ports');
    expect(status).toBe(500);
    expect(text).not.toContain('secret');
    expect(logged).toHaveLength(1);
    expect(logged[0]![0]).toMatchObject({ request_id: headers['x-openstack-request-id'], path: '/v2.0/ports' });
  });

  it('does not take a status that an error of the plugin happens to carry', async () => {
    plugin.ports.failure = Object.assign(new Error('the metadata server said no'), { statusCode: 404 });
    expect((await call('GET', '/v2.0/ports')).status).toBe(500);
  });

  it('refuses bodies over the limit with 413', async () => {
    const huge = JSON.stringify({ network: { name: 'x'.repeat(10_000_000) } });
    expect(await refused('POST', '/v2.0/networks', huge)).toEqual([
      413,
      'HTTPRequestEntityTooLarge',
      'Request is too large.',
    ]);
  });
});
