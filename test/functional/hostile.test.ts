import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Network, Port, Subnet } from '../../src/resources/shapes.ts';
import type { Json } from '../support/api.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';

/** Bad input gets a 4xx with one of Neutron's error types and leaves nothing half-made; a 500 is a bug, whatever was sent. */
let folder: string;
let deployment: Deployment;
let network: Network;
let subnet: Subnet;
let port: Port;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-hostile-'));
  deployment = await makeDeployment({ folder });
  await deployment.start();
  network = await deployment.api.create('network', { name: 'target' });
  subnet = await deployment.api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.9.0.0/24' });
  port = await deployment.api.create('port', { network_id: network.id });
});
afterAll(async () => {
  await deployment?.close();
  await rm(folder, { recursive: true, force: true });
});

const kinds = ['network', 'subnet', 'port'] as const;

/** Things that are wrong almost everywhere, and a few that are right somewhere. */
const oddValue = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    2 ** 53,
    '',
    ' ',
    [],
    {},
    [[]],
    [null],
    [{}],
    'None',
    'null',
    '*',
  ),
  fc.constantFrom<unknown>(
    '10.0.0.0/24',
    '10.0.0.5/24',
    '10.0.0.0/99',
    '::/0',
    'fd00::/64',
    '10.9.0.0/25',
    '0.0.0.0/0',
    '010.0.0.1',
    '10.9',
    '10.9.0.999',
    'fe80::1%eth0',
    '::ffff:10.0.0.1',
  ),
  fc.constantFrom<unknown>(
    'a\nb',
    'a\rb',
    '\u0000',
    "'; drop table ports; --",
    '$(reboot)',
    '`id`',
    '";|&',
    'x'.repeat(256),
    '\ud83d\ude00',
    '\ud800',
    'é',
    '../../etc/passwd',
    '<script>',
  ),
  fc.constantFrom<unknown>(
    'zz:zz',
    'ff:ff:ff:ff:ff:ff',
    '01:00:5e:00:00:01',
    '00000000-0000-0000-0000-000000000000',
    'not-a-uuid',
  ),
  fc.constantFrom<unknown>(
    [{ start: '10.9.0.9', end: '10.9.0.1' }],
    [{ start: '10.9.0.1' }],
    [{ destination: 'x', nexthop: 'y' }],
    [{ subnet_id: 'x' }],
    [{ ip_address: '10.9.0.0' }],
    ['8.8.8.8', '8.8.8.8'],
    [{ opt_name: 'a\nb', opt_value: 'c,d' }],
    [{ ip_address: '10.0.0.1', mac_address: 1 }],
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

const attributes = [
  [
    'name',
    'description',
    'admin_state_up',
    'shared',
    'mtu',
    'provider:network_type',
    'provider:physical_network',
    'provider:segmentation_id',
    'router:external',
    'port_security_enabled',
    'availability_zone_hints',
    'segments',
    'project_id',
    'tenant_id',
  ],
  [
    'network_id',
    'name',
    'ip_version',
    'cidr',
    'gateway_ip',
    'allocation_pools',
    'dns_nameservers',
    'host_routes',
    'enable_dhcp',
    'ipv6_ra_mode',
    'ipv6_address_mode',
    'subnetpool_id',
    'prefixlen',
    'service_types',
    'project_id',
  ],
  [
    'network_id',
    'name',
    'mac_address',
    'fixed_ips',
    'device_id',
    'device_owner',
    'admin_state_up',
    'allowed_address_pairs',
    'extra_dhcp_opts',
    'binding:host_id',
    'binding:profile',
    'binding:vnic_type',
    'port_security_enabled',
    'security_groups',
    'project_id',
  ],
] as const;

const unknownAttribute = fc.constantFrom('colour', 'id', 'status', '__proto__', 'constructor', 'toString', '');

/** A body that is right but for one to three attributes. */
function body(kind: number): fc.Arbitrary<Record<string, unknown>> {
  const key = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom<string>(...attributes[kind]!) },
    { weight: 1, arbitrary: unknownAttribute },
  );
  return fc.array(fc.tuple(key, oddValue), { minLength: 1, maxLength: 3 }).map((changes) => {
    const good: [string, unknown][] = [
      [],
      [
        ['network_id', network.id],
        ['ip_version', 4],
        ['cidr', '10.44.0.0/24'],
      ],
      [['network_id', network.id]],
    ][kind] as [string, unknown][];
    return Object.fromEntries([...good, ...changes]);
  });
}

interface Answer {
  status: number;
  text: string;
  body: Json;
}

function isProper(answer: Answer, sent: string): void {
  const where = `${sent.slice(0, 400)} → ${answer.status} ${answer.text.slice(0, 300)}`;
  expect(answer.status, where).toBeLessThan(500);
  if (answer.status < 400) return;
  expect(answer.body?.NeutronError, where).toEqual({
    type: expect.stringMatching(/^[A-Z]\w+$/),
    message: expect.any(String),
    detail: expect.any(String),
  });
}

const target = (kind: number): string => [network, subnet, port][kind]!.id;
const runs = process.env.NEUTRINO_TEST_LONG ? 2000 : 250;

describe.each(kinds.map((kind, at) => [kind, at] as const))('%s', (kind, at) => {
  it('a create with odd values is refused with a type, or made whole', async () => {
    await fc.assert(
      fc.asyncProperty(body(at), async (attributes) => {
        const sent = JSON.stringify({ [kind]: attributes });
        const before = (await deployment.api.request('GET', `/v2.0/${kind}s?fields=id`)).body[`${kind}s`].length;
        const answer = await deployment.api.request('POST', `/v2.0/${kind}s`, sent);
        isProper(answer, sent);
        const after = (await deployment.api.request('GET', `/v2.0/${kind}s?fields=id`)).body[`${kind}s`].length;
        expect(after - before, sent).toBe(answer.status === 201 ? 1 : 0);
        if (answer.status === 201) await deployment.api.remove(kind, answer.body[kind].id);
      }),
      { numRuns: runs },
    );
  });

  it('an update with odd values is refused with a type, or done', async () => {
    await fc.assert(
      fc.asyncProperty(body(at), async (attributes) => {
        const sent = JSON.stringify({ [kind]: attributes });
        isProper(await deployment.api.request('PUT', `/v2.0/${kind}s/${target(at)}`, sent), sent);
        expect((await deployment.api.request('GET', `/v2.0/${kind}s/${target(at)}`)).status, sent).toBe(200);
      }),
      { numRuns: runs },
    );
  });

  it('odd queries are refused or answered', async () => {
    const word = fc.oneof(
      fc.constantFrom(
        'id',
        'name',
        'limit',
        'marker',
        'page_reverse',
        'sort_key',
        'sort_dir',
        'fields',
        'fixed_ips',
        'shared',
        'nosuch',
        'ip_version',
        'revision_number',
        'created_at',
        'tags',
      ),
      fc.string({ maxLength: 8 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            word,
            fc.oneof(
              fc.string({ maxLength: 20 }),
              fc.constantFrom('1', '-1', 'true', 'x=y', 'subnet_id=x', '%', '%zz', 'null'),
            ),
          ),
          { maxLength: 4 },
        ),
        async (pairs) => {
          const query = pairs
            .map(
              ([key, value]) => `${encodeURIComponent(key.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`,
            )
            .join('&');
          isProper(await deployment.api.request('GET', `/v2.0/${kind}s?${query}`), query);
        },
      ),
      { numRuns: runs },
    );
  });
});

describe('bodies that are none', () => {
  it.each([
    ['cut off', '{"network": {'],
    ['a list', '[1]'],
    ['a string', '"x"'],
    ['nothing', ''],
    ['no resource', '{}'],
    ['null', '{"network": null}'],
    ['very deep', `{"network": {"name": ${'['.repeat(20_000)}${']'.repeat(20_000)}}}`],
    ['bad UTF-8', Buffer.from([0x7b, 0x22, 0x6e, 0xff, 0xfe, 0x22, 0x7d]).toString('latin1')],
  ])('%s: 4xx', async (_, text) => {
    const answer = await deployment.api.request('POST', '/v2.0/networks', text, { 'content-type': 'application/json' });
    isProper(answer, text);
    expect(answer.status).toBeGreaterThanOrEqual(400);
  });

  it('10 MB: refused, and the server lives', async () => {
    const answer = await deployment.api
      .request('POST', '/v2.0/networks', JSON.stringify({ network: { name: 'x'.repeat(10 << 20) } }))
      .catch((error: Error) => ({
        status: 413,
        text: error.message,
        body: { NeutronError: { type: 'Closed', message: '', detail: '' } },
      }));
    isProper(answer, '10 MB');
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect((await deployment.api.request('GET', '/v2.0/networks')).status).toBe(200);
  });

  it('duplicate keys: the last one counts or the body is refused, and it is one network at most', async () => {
    const answer = await deployment.api.request('POST', '/v2.0/networks', '{"network": {"name": "a", "name": "b"}}', {
      'content-type': 'application/json',
    });
    isProper(answer, 'duplicate keys');
    if (answer.status === 201) await deployment.api.remove('network', answer.body.network.id);
  });

  it('one bad item in a bulk: none is made', async () => {
    const before = (await deployment.api.list('port')).length;
    const answer = await deployment.api.request('POST', '/v2.0/ports', {
      ports: [{ network_id: network.id }, { network_id: '00000000-0000-0000-0000-000000000000' }],
    });
    expect([answer.status, answer.body.NeutronError.type]).toEqual([404, 'NetworkNotFound']);
    expect((await deployment.api.list('port')).length).toBe(before);
  });
});

describe('requests that a browser makes for somebody else', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  it.each([
    ['a form on a web page', form, 'network=x'],
    ['a form that looks like JSON', { 'content-type': 'text/plain' }, '{"network": {"name": "evil"}}'],
    [
      'a page of another origin',
      { 'content-type': 'application/json', origin: 'http://evil.example' },
      '{"network": {"name": "evil"}}',
    ],
    [
      'an origin without a name',
      { 'content-type': 'application/json', origin: 'null' },
      '{"network": {"name": "evil"}}',
    ],
    [
      'a name that was bound to loopback',
      { 'content-type': 'application/json', host: 'evil.example:9696' },
      '{"network": {"name": "evil"}}',
    ],
  ])('%s is refused', async (_, headers, text) => {
    const answer = await deployment.api.request('POST', '/v2.0/networks', text, headers as Record<string, string>);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    isProper(answer, text);
    expect(await deployment.api.list('network', 'name=evil')).toEqual([]);
  });

  it('reading is refused as well when Host or Origin is foreign', async () => {
    for (const headers of [{ host: 'evil.example' }, { origin: 'http://evil.example' }] as Record<string, string>[]) {
      expect((await deployment.api.request('GET', '/v2.0/networks', undefined, headers)).status).toBeGreaterThanOrEqual(
        400,
      );
    }
  });
});

it('32 clients take every free address of a /24 exactly once, then get a clean 409', async () => {
  const crowded = await deployment.api.create('network');
  await deployment.api.create('subnet', {
    network_id: crowded.id,
    ip_version: 4,
    cidr: '10.77.0.0/24',
    enable_dhcp: false,
  });
  const taken: string[] = [];
  const refusals: string[] = [];
  const client = async (): Promise<void> => {
    for (;;) {
      const answer = await deployment.api.request('POST', '/v2.0/ports', { port: { network_id: crowded.id } });
      if (answer.status !== 201) {
        refusals.push(`${answer.status} ${answer.body.NeutronError.type}`);
        return;
      }
      taken.push(answer.body.port.fixed_ips[0].ip_address);
    }
  };
  await Promise.all(Array.from({ length: 32 }, client));
  expect(new Set(refusals)).toEqual(new Set(['409 IpAddressGenerationFailure']));
  expect(taken.length).toBe(253); // .0 network, .1 gateway, .255 broadcast
  expect(new Set(taken).size).toBe(253);
});
