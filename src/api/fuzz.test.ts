import fc from 'fast-check';
import { expect, it } from 'vitest';
import { defaultValues } from '../lib/options.ts';
import { resources } from '../resources/registry.ts';
import { FakePlugin } from './fake-plugin.ts';
import { apiOptions } from './options.ts';
import { createApi } from './server.ts';

/** Whatever is sent, the answer is a client error of Neutron's shape or a success: never a 500, never a broken answer. */

const id = '6aafaa4b-d23c-456f-80cb-80b7fe3a3cd3';
const types = new Set([
  'HTTPBadRequest',
  'InvalidInput',
  'BadRequest',
  'AllowedAddressPairsMissingIP',
  'DuplicateAddressPairInRequest',
  'InvalidSubnetServiceType',
  'InvalidInputSubnetServiceType',
  'HTTPNotFound',
  'HTTPMethodNotAllowed',
]);

const hostile = fc.constantFrom(
  ...[
    'a\nb',
    `'; DROP TABLE ports; --`,
    '$(reboot)',
    '"',
    '\\',
    'x'.repeat(256),
    '😀',
    '\ud83d',
    'a\u0000b',
    '__proto__',
  ],
  ...['10.0.0.5/24', '2001:db8::/64', '10.0.0.1', '::1', '10.0.0.256', 'fa:16:3e:00:00:01', id, 'None'],
);
const value = fc.oneof(hostile, fc.jsonValue({ maxDepth: 3 }), fc.array(fc.object({ maxDepth: 1 }), { maxLength: 2 }));

const requests = resources.flatMap(({ member, collection, attributes }) => {
  const names = [...Object.keys(attributes), 'colour', '__proto__', 'constructor', 'toString'];
  const body = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 4 });
  const given = body.map((some) => (attributes.network_id ? { network_id: id, ip_version: 4, ...some } : some));
  return [
    given.map((one) => ['POST', `/v2.0/${collection}`, { [member]: one }] as const),
    fc.array(given, { maxLength: 3 }).map((many) => ['POST', `/v2.0/${collection}`, { [collection]: many }] as const),
    body.map((one) => ['PUT', `/v2.0/${collection}/${id}`, { [member]: one }] as const),
  ];
});

it('answers any body about a resource', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(...requests), async ([method, url, body]) => {
      const plugin = new FakePlugin();
      for (const rows of [plugin.networks, plugin.subnets, plugin.ports, plugin.agents]) {
        rows.rows.push({ id, revision_number: 1 });
      }
      const api = createApi({ plugin, protection: 'off', options: defaultValues(apiOptions) });
      const answer = await api.inject({ method, url, payload: JSON.stringify(body) });
      const json = answer.json();
      if (answer.statusCode < 300) return;
      expect(types).toContain(json.NeutronError.type);
      expect(answer.statusCode).toBeLessThan(500);
    }),
    { numRuns: 300 },
  );
});

it('answers any bytes, method and path', async () => {
  const api = createApi({ plugin: new FakePlugin(), protection: 'off', options: defaultValues(apiOptions) });
  const part = fc.constantFrom(
    'v2.0',
    'networks',
    'ports',
    id,
    'extensions',
    'explain',
    '%2e',
    '%00',
    '..',
    '',
    '?',
    '&limit=',
    '=',
    '.json',
    'x',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'),
      fc.array(part, { maxLength: 6 }),
      fc.oneof(fc.constant(null), fc.uint8Array({ minLength: 1, maxLength: 40 })),
      async (method, parts, body) => {
        const url = `/${parts.join('/')}`;
        const payload = body === null ? undefined : Buffer.from(body);
        const answer = await api.inject({ method: method as 'GET', url, payload });
        expect(answer.statusCode).toBeLessThan(500);
        expect(answer.headers['x-openstack-request-id']).toBeDefined();
        if (method !== 'HEAD' && answer.body !== '') expect(answer.json()).toBeTypeOf('object');
      },
    ),
    { numRuns: 300 },
  );
});
