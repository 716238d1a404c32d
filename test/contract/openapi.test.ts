import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiOptions } from '../../src/api/options.ts';
import { type Api, createApi } from '../../src/api/server.ts';
import type { Database } from '../../src/db/database.ts';
import { temporaryDatabase } from '../../src/db/temporary.ts';
import { defaultValues } from '../../src/lib/options.ts';
import { type Options, pluginOptions } from '../../src/plugin/fixture.ts';
import { createPlugin, type Plugin } from '../../src/plugin/plugin.ts';
import { FakeTransport } from '../../src/rpc/fake.ts';
import type { Json } from '../support/api.ts';

/**
 * `/openapi.json` and `/docs` of a server with everything loaded: they are what they claim to be, and say what the server
 * really does. The document is held against an independent validator; answers and examples against its schemas.
 */
const everything: Options = {
  ml2: {
    type_drivers: ['local', 'flat', 'vlan', 'vxlan'],
    tenant_network_types: ['vxlan'],
    extension_drivers: ['port_security', 'dns_domain_keywords', 'tag_ports_during_bulk_creation', 'data_plane_status'],
  },
  vlan: { network_vlan_ranges: ['physnet1:100:199'] },
  vxlan: { vni_ranges: ['1:1000'] },
  securityGroup: { enable_security_group: true },
  service: { service_plugins: ['segments', 'network_segment_range', 'trunk'] },
};

interface Served {
  api: Api;
  plugin: Plugin;
  database: Database;
}

async function serveWith(options: Options): Promise<Served> {
  const database = await temporaryDatabase();
  const plugin = await createPlugin({
    database,
    transport: new FakeTransport(),
    host: 'server',
    options: pluginOptions(options),
  });
  await plugin.start();
  return { api: createApi({ plugin, protection: 'off', options: defaultValues(apiOptions) }), plugin, database };
}

async function close({ api, plugin, database }: Served): Promise<void> {
  await api.close();
  await plugin.close();
  await database.close();
}

let served: Served;
let document: Json;
const ajv = new Ajv2020({ strict: false, allErrors: true });
(formats as unknown as (ajv: Ajv2020) => void)(ajv);

async function call(method: string, url: string, body?: unknown) {
  const answer = await served.api.inject({
    method: method as 'GET',
    url,
    headers: { host: 'api.test', ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { payload: JSON.stringify(body) }),
  });
  return { status: answer.statusCode, text: answer.body, json: answer.json.bind(answer) as () => Json };
}

/** What is wrong with a value, by a schema that may refer to others of the document. */
function faults(schema: Json, value: unknown): string[] {
  const check = ajv.compile({ ...schema, components: document.components, $id: undefined });
  check(value);
  return (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

const schemaOf = (part: Json): Json => part.content['application/json'].schema;
const operations = (): { path: string; method: string; operation: Json }[] =>
  Object.entries(document.paths as Json).flatMap(([path, item]) =>
    Object.entries(item as Json).map(([method, operation]) => ({ path, method, operation: operation as Json })),
  );

beforeAll(async () => {
  served = await serveWith(everything);
  document = (await call('GET', '/openapi.json')).json();
});
afterAll(() => close(served));

describe('the document', () => {
  it('is OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  it('names each operation once', () => {
    const ids = operations().map(({ operation }) => operation.operationId as string);
    expect(ids.length).toBeGreaterThan(100);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  });

  it('says what every collection and route of the plugin serves, and nothing else', () => {
    const words = (path: string) => path.replaceAll('-', '_').replace(/\{[^}]*\}/g, '{}');
    const described = new Set(operations().map(({ path, method }) => `${method} ${words(path)}`));
    const { collections, children, routes } = served.plugin;
    const missing = Object.keys(collections).filter((name) => !described.has(`get /v2.0/${name}`));
    expect(missing).toEqual([]);
    const below = Object.keys(children).map((name) => name.replace('/', '/{}/'));
    expect(below.filter((name) => !described.has(`get /v2.0/${name}`))).toEqual([]);
    const wanted = Object.keys(routes).map((key) => {
      const [method, path] = key.split(' ');
      return `${method!.toLowerCase()} /v2.0/${words(path!)}`;
    });
    expect(wanted.filter((one) => !described.has(one))).toEqual([]);
  });

  it('is answered as it says: each list', async () => {
    const lists = operations().filter(
      ({ path, method, operation }) =>
        method === 'get' && !path.includes('{') && path.startsWith('/v2.0/') && operation['x-policy-rule'],
    );
    expect(lists.length).toBeGreaterThan(15);
    for (const { path, operation } of lists) {
      const { status, json } = await call('GET', path);
      expect([path, status]).toEqual([path, 200]);
      expect([path, ...faults(schemaOf(operation.responses[200]), json())]).toEqual([path]);
    }
  });

  it('knows only the extensions that are loaded', async () => {
    const small = await serveWith({ ml2: { extension_drivers: [] } });
    try {
      const answer = await small.api.inject({ method: 'GET', url: '/openapi.json', headers: { host: 'api.test' } });
      const { paths, components } = answer.json() as Json;
      expect(Object.keys(paths)).not.toContain('/v2.0/security-groups');
      expect(Object.keys(components.schemas.Port.properties)).not.toContain('port_security_enabled');
      expect(Object.keys(document.components.schemas.Port.properties)).toContain('port_security_enabled');
    } finally {
      await close(small);
    }
  });
});

describe('its examples', () => {
  it('fit the schemas beside them', () => {
    const examples = operations().filter(({ operation }) => operation.requestBody?.content['application/json'].example);
    expect(examples.length).toBeGreaterThan(20);
    for (const { path, method, operation } of examples) {
      const { schema, example } = operation.requestBody.content['application/json'];
      expect([method, path, ...faults(schema, example)]).toEqual([method, path]);
    }
  });

  it('work when they are sent, with ids that there are', async () => {
    const network = (await call('POST', '/v2.0/networks', { network: { name: 'a' } })).json().network;
    const group = (await call('POST', '/v2.0/security-groups', { security_group: { project_id: 'p' } })).json();
    const ports: Json[] = [];
    for (const name of ['parent', 'carried']) {
      ports.push((await call('POST', '/v2.0/ports', { port: { network_id: network.id, name } })).json().port);
    }
    const known: Record<string, Json> = {
      port_id: ports[0].id,
      sub_ports: [{ port_id: ports[1].id, segmentation_type: 'vlan', segmentation_id: 100 }],
      network_id: network.id,
      object_id: network.id,
      security_group_id: group.security_group.id,
    };
    const sent = [];
    for (const { path, method, operation } of operations()) {
      const example = operation.requestBody?.content['application/json'].example;
      if (method !== 'post' || path.includes('{') || example === undefined) continue;
      // Flavors are of service types, and there is none before there are routers.
      if (path === '/v2.0/flavors') continue;
      const [[member, values]] = Object.entries(example as Record<string, Json>) as [[string, Json]];
      const body = Object.fromEntries(
        Object.entries(values).map(([key, value]) => [key, key in known ? known[key] : value]),
      );
      const { status, text } = await call('POST', path, { [member]: { ...body, project_id: 'p' } });
      // What has no project refuses one.
      const again = status === 400 ? await call('POST', path, { [member]: body }) : { status, text };
      expect([path, again.status, again.status === 201 ? '' : again.text]).toEqual([path, 201, '']);
      sent.push(path);
    }
    expect(sent.length).toBeGreaterThan(10);
    // And the lists are still what the document says, now that there is something in them.
    for (const path of sent) {
      const { json } = await call('GET', path);
      expect([path, ...faults(schemaOf(document.paths[path].get.responses[200]), json())]).toEqual([path]);
    }
  });
});

describe('the pages', () => {
  it('are there for every resource, lead to one another, and bring nothing from elsewhere', async () => {
    const seen = new Set<string>();
    const open = ['/docs'];
    while (open.length > 0) {
      const path = open.pop()!;
      if (seen.has(path)) continue;
      seen.add(path);
      const { status, text } = await call('GET', path);
      expect([path, status]).toEqual([path, 200]);
      expect(text).not.toMatch(/<script|(?:src|href)="(?:https?:)?\/\/(?!api\.test)/);
      for (const [, link] of text.matchAll(/href="([^"#]*)/g)) {
        const { pathname } = new URL(link || path, `http://api.test${path}`);
        if (pathname.startsWith('/docs')) open.push(pathname);
      }
    }
    expect(seen.size).toBeGreaterThan(Object.keys(served.plugin.collections).length);
  });

  it('there is none for what is not served', async () => {
    expect((await call('GET', '/docs/frobs')).status).toBe(404);
    expect((await call('POST', '/docs', {})).status).toBe(405);
  });
});
