import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { apiOptions } from '../../src/api/options.ts';
import { type Api, createApi } from '../../src/api/server.ts';
import type { Database } from '../../src/db/database.ts';
import { temporaryDatabase } from '../../src/db/temporary.ts';
import { defaultValues } from '../../src/lib/options.ts';
import { pluginOptions } from '../../src/plugin/fixture.ts';
import { createPlugin, type Plugin } from '../../src/plugin/plugin.ts';
import { quotaOptions } from '../../src/plugin/quota/options.ts';
import { resources } from '../../src/resources/registry.ts';
import { FakeTransport } from '../../src/rpc/fake.ts';
import type { Json } from '../support/api.ts';

/**
 * The API on the real plugin and a real database, in one process: sequences of likely and unlikely requests. Nothing is
 * answered with a 500, and what a create or an update answers is what a show answers after it.
 */
let database: Database;
let plugin: Plugin;
let api: Api;
const faults: unknown[] = [];

beforeAll(async () => {
  database = await temporaryDatabase();
  plugin = await createPlugin({
    database,
    transport: new FakeTransport(),
    host: 'server',
    options: pluginOptions({
      securityGroup: { enable_security_group: false },
      quota: defaultValues(quotaOptions),
      service: { service_plugins: ['segments'] },
    }),
  });
  await plugin.start();
  const logger = { debug() {}, info() {}, warn() {}, error: (fields: object) => void faults.push(fields) };
  api = createApi({ plugin, protection: 'off', options: defaultValues(apiOptions), logger });
});
afterAll(async () => {
  await api.close();
  await plugin.close();
  await database.close();
});

type Kind = 'network' | 'subnet' | 'port';
interface Step {
  readonly kind: Kind;
  readonly verb: 'create' | 'bulk' | 'update' | 'delete' | 'list';
  /** Which of those that exist. */
  readonly which: number;
  readonly changes: Record<string, unknown>;
  readonly cidr: string;
}

const odd = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 2 ** 31, '', 'a\nb', 'x'.repeat(256), '😀', [], {}, [null], [{}]),
  fc.constantFrom(
    '10.0.0.5/24',
    '10.0.1.1',
    '::1',
    '2001:db8::5',
    'fa:16:3e:00:00:01',
    'slaac',
    'flat',
    'local',
    'host1',
  ),
  fc.jsonValue({ maxDepth: 2 }),
);
/** Values that often fit, by attribute. */
const likely: Record<string, fc.Arbitrary<unknown>> = {
  gateway_ip: fc.constantFrom(null, '10.0.1.1', '10.0.1.0', '2001:db8::1', '0.0.0.0'),
  allocation_pools: fc.constantFrom(
    [],
    [{ start: '10.0.1.9', end: '10.0.1.20' }],
    [{ start: '10.0.1.9', end: '10.0.1.2' }],
  ),
  fixed_ips: fc.constantFrom(
    [],
    [{}],
    [{ ip_address: '10.0.1.7' }],
    [{ ip_address: '10.0.1.7' }, { ip_address: '10.0.1.8' }],
  ),
  'binding:host_id': fc.constantFrom('', 'host1', null),
  device_owner: fc.constantFrom('', 'compute:nova', 'network:dhcp', 'network:router_interface'),
};

function changesOf(kind: Kind, op: 'C' | 'U'): fc.Arbitrary<Record<string, unknown>> {
  const { attributes } = resources.find(({ member }) => member === kind)!;
  const names = Object.keys(attributes).filter((name) => {
    const { ops } = attributes[name]!;
    return ops.includes(op) && !['network_id', 'cidr', 'ip_version'].includes(name);
  });
  const entry = fc
    .constantFrom(...names)
    .chain((name) => fc.oneof(likely[name] ?? odd, odd).map((value) => [name, value] as const));
  return fc.array(entry, { maxLength: 2 }).map((entries) => Object.fromEntries(entries));
}

const cidr = fc.oneof(
  fc.integer({ min: 0, max: 40 }).map((n) => `10.0.${n}.0/24`),
  fc.integer({ min: 0, max: 40 }).map((n) => `2001:db8:${n}::/64`),
  fc.constantFrom(
    '10.1.0.0/31',
    '10.1.0.8/32',
    '0.0.0.0/0',
    '::/0',
    '224.0.0.0/24',
    '127.0.0.0/8',
    '2001:db8:ff::/127',
  ),
);

const step: fc.Arbitrary<Step> = fc.constantFrom<Kind>('network', 'subnet', 'port').chain((kind) =>
  fc.constantFrom<Step['verb']>('create', 'create', 'bulk', 'update', 'update', 'delete', 'list').chain((verb) =>
    fc.record({
      kind: fc.constant(kind),
      verb: fc.constant(verb),
      which: fc.nat(50),
      changes: changesOf(kind, verb === 'update' ? 'U' : 'C'),
      cidr,
    }),
  ),
);

async function ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, body?: unknown) {
  const answer = await api.inject({ method, url, payload: body === undefined ? undefined : JSON.stringify(body) });
  const json: Json = answer.body === '' ? null : answer.json();
  expect(faults).toEqual([]);
  expect(answer.statusCode).toBeLessThan(500);
  if (answer.statusCode >= 400) expect(json.NeutronError.type).toMatch(/^[A-Z][A-Za-z]+$/);
  return { status: answer.statusCode, json };
}

/**
 * Addresses of a show come in an order of their own; binding a port raises its revision after the answer was made, as
 * upstream has it. `is_default` is shown for external networks, and in the answer to a POST for all.
 */
function sorted(resource: Json): Json {
  const { fixed_ips: addresses, is_default: _, ...rest } = resource;
  if (!addresses) return rest;
  const { revision_number: __, updated_at: ___, ...port } = rest;
  return { ...port, fixed_ips: addresses.map((one: Json) => JSON.stringify(one)).sort() };
}

it('holds for any sequence of requests', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 30 }), async (steps) => {
      const ids: Record<Kind, string[]> = { network: [], subnet: [], port: [] };
      const first = await ask('POST', '/v2.0/networks', { network: {} });
      ids.network.push(first.json.network.id);
      for (const { kind, verb, which, changes, cidr } of steps) {
        const collection = `/v2.0/${kind}s`;
        const of = (one: Kind) => ids[one][which % ids[one].length] ?? 'none';
        const body: Record<string, unknown> = { ...changes };
        if (kind !== 'network') body.network_id = of('network');
        if (kind === 'subnet') Object.assign(body, { cidr, ip_version: cidr.includes(':') ? 6 : 4 });
        if (verb === 'list') await ask('GET', `${collection}?limit=2&sort_key=name&sort_dir=desc&fields=name`);
        if (verb === 'delete') {
          const { status } = await ask('DELETE', `${collection}/${of(kind)}`);
          if (status === 204) ids[kind] = ids[kind].filter((id) => id !== of(kind));
        }
        if (verb === 'bulk') {
          const { status, json } = await ask('POST', collection, { [`${kind}s`]: [body, { ...body }] });
          if (status === 201) ids[kind].push(...json[`${kind}s`].map(({ id }: { id: string }) => id));
        }
        if (verb === 'create' || verb === 'update') {
          const url = verb === 'create' ? collection : `${collection}/${of(kind)}`;
          const { status, json } = await ask(verb === 'create' ? 'POST' : 'PUT', url, {
            [kind]: verb === 'create' ? body : changes,
          });
          if (status >= 400) continue;
          if (verb === 'create') ids[kind].push(json[kind].id);
          const shown = await ask('GET', `${collection}/${json[kind].id}`);
          expect(sorted(shown.json[kind])).toEqual(sorted(json[kind]));
        }
      }
    }),
    { numRuns: 25 },
  );
});

it('a body with DELETE of a member that is no resource of its own is ignored: openstacksdk sends one', async () => {
  const none = '11111111-1111-1111-1111-111111111111';
  const answer = await ask('DELETE', `/v2.0/agents/${none}/dhcp-networks/${none}`, { network_id: none });
  expect([answer.status, answer.json.NeutronError.type]).toEqual([404, 'AgentNotFound']);
});
