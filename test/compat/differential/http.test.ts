import { describe } from 'vitest';
import type { Step } from './both.ts';
import { get, network, port, post, put, remove, scenario, subnet } from './scenario.ts';

const json = { 'content-type': 'application/json' };
const raw = (method: string, path: string, body?: string, headers: Record<string, string> = json): Step => ({
  method,
  path,
  ...(body === undefined ? {} : { body }),
  headers,
});

describe('HTTP', () => {
  scenario('methods on every kind of path', async (both) => {
    await both.step(network({ name: 'n' }));
    const paths = [
      '/',
      '/v2.0',
      '/v2.0/',
      '/v2.0/networks',
      '/v2.0/networks/',
      '/v2.0/networks.json?name=n',
      '/v2.0/networks/<net>',
      '/v2.0/networks/<net>/',
      '/v2.0/networks/<net>.json',
      '/v2.0/networks/<net>/nonsense',
      '/v2.0/networks/<net>/nonsense/more',
      '/v2.0/network',
      '/v2.0/Networks',
      '/v2.0/nonsense',
      '/v2.0/nonsense/x',
      '/v2.0/extensions/nonsense',
      '/v2.0/extensions/port-security',
      '/v2.0/agents/nonsense',
      '/v1.0/',
      '/v3/',
      '/nonsense',
      '//v2.0/networks',
      '/v2.0//networks',
      '/v2.0/networks//x',
    ];
    for (const path of paths) {
      for (const method of ['GET', 'HEAD', 'OPTIONS', 'PATCH', 'TRACE']) {
        const scoped = /^\/+v2\.0\/+networks\/?$/.test(path) ? `${path}?name=n` : path;
        await both.step({ method, path: scoped });
      }
    }
    for (const path of ['/v2.0/networks', '/v2.0/networks/', '/v2.0/agents', '/v2.0/extensions', '/v2.0/', '/']) {
      for (const method of ['PUT', 'DELETE'])
        await both.step(raw(method, path, method === 'PUT' ? '{"network":{}}' : undefined));
    }
    await both.steps([
      raw('POST', '/v2.0/networks/<net>', '{"network":{}}'),
      raw('POST', '/v2.0/agents', '{"agent":{}}'),
      raw('POST', '/v2.0/', '{}'),
      raw('POST', '/', '{}'),
      raw('POST', '/v2.0/extensions', '{}'),
      raw('POST', '/v2.0/nonsense', '{}'),
      raw('PUT', '/v2.0/nonsense/x', '{}'),
      raw('DELETE', '/v2.0/nonsense/x'),
      raw('DELETE', '/v2.0/networks/<net>', '{}'),
      raw('DELETE', '/v2.0/networks/<net>', 'x'),
    ]);
  });

  scenario('bodies', async (both) => {
    await both.step(network({ name: 'n' }));
    const bodies = [
      '',
      '{',
      '[]',
      'null',
      '1',
      '"x"',
      '{}',
      '{"network":null}',
      '{"network":[]}',
      '{"network":"x"}',
      '{"networks":null}',
      '{"networks":{}}',
      '{"networks":[]}',
      '{"networks":[null]}',
      '{"networks":["x"]}',
      '{"networks":[[]]}',
      '{"port":{}}',
      '{"Network":{}}',
      '{"network":{"name":NaN,"project_id":"differential"}}',
      '{"network":{},"network":{"name":5}}',
      '{"network":{"name":5},"more":{}}',
      '{"networks":[{"name":5}],"network":{"name":5}}',
      '{"network":{"name":5}} x',
    ];
    for (const body of bodies) {
      await both.step(raw('POST', '/v2.0/networks', body));
      await both.step(raw('PUT', '/v2.0/networks/<net>', body));
    }
    await both.step(get('networks/<net>'));
  });

  scenario('what is accepted', (both) =>
    both.steps(
      ['*/*', 'application/json', 'application/xml', 'text/html', 'application/*', 'text/html, */*;q=0.1', 'x', ''].map(
        (accept) => get('networks?name=nothing', { accept }),
      ),
    ),
  );

  scenario('unknown ids', async (both) => {
    for (const collection of ['network', 'subnet', 'port', 'agent']) {
      for (const id of ['x', '11111111-1111-1111-1111-111111111111', 'a%20b', '%00', '%F0%9F%98%80', 'a'.repeat(300)]) {
        await both.steps([
          get(`${collection}s/${id}`),
          put(collection, id, {}),
          put(collection, id, { name: 'x' }),
          put(collection, id, { nonsense: 'x' }),
          remove(`${collection}s/${id}`),
        ]);
      }
    }
  });
});

describe('several at once', () => {
  const many = (collection: string, items: unknown[]): Step => ({
    method: 'POST',
    path: `/v2.0/${collection}`,
    body: { [collection]: items },
  });
  const local = { 'provider:network_type': 'local' };

  scenario('networks', (both) =>
    both.steps([
      many('networks', [
        { ...local, name: 'a' },
        { ...local, name: 'b' },
      ]),
      many('networks', [{ network: { ...local, name: 'c', project_id: '<project>' } }]),
      many('networks', [{ ...local, name: 'd' }, { nonsense: 1 }]),
      many('networks', [
        { ...local, name: 'd' },
        { ...local, mtu: 9000 },
      ]),
      many('networks', [
        { 'provider:network_type': 'flat', 'provider:physical_network': 'p8' },
        { 'provider:network_type': 'flat', 'provider:physical_network': 'p8' },
      ]),
      get('networks?project_id=<project>&name=d'),
      get('networks?project_id=<project>&sort_key=name&sort_dir=asc'),
    ]),
  );

  scenario('subnets', (both) =>
    both.steps([
      network(),
      many('subnets', [
        { network_id: '<net>', ip_version: 4, cidr: '10.1.0.0/24' },
        { network_id: '<net>', ip_version: 6, cidr: '2001:db8:1::/64' },
      ]),
      many('subnets', [
        { network_id: '<net>', ip_version: 4, cidr: '10.2.0.0/24' },
        { network_id: '<net>', ip_version: 4, cidr: '10.2.0.0/25' },
      ]),
      many('subnets', [{ network_id: '<net>', ip_version: 4, cidr: '10.3.0.0/24' }, { network_id: '<net>' }]),
      get('subnets?network_id=<net>&sort_key=cidr&sort_dir=asc'),
      get('networks/<net>'),
    ]),
  );

  scenario('ports', (both) =>
    both.steps([
      network(),
      subnet({ allocation_pools: [{ start: '10.40.0.10', end: '10.40.0.14' }] }),
      many('ports', [
        { network_id: '<net>', name: 'a' },
        { network_id: '<net>', name: 'b', fixed_ips: [{ ip_address: '10.40.0.50' }] },
        { network_id: '<net>', name: 'c', 'binding:host_id': 'bench-host', device_owner: 'compute:nova' },
      ]),
      many('ports', [{ network_id: '<net>' }, { network_id: '11111111-1111-1111-1111-111111111111' }]),
      many('ports', [{ network_id: '<net>' }, { name: 'x' }]),
      many('ports', [
        { network_id: '<net>', fixed_ips: [{ ip_address: '10.40.0.51' }] },
        { network_id: '<net>', fixed_ips: [{ ip_address: '10.40.0.51' }] },
      ]),
      many('ports', [
        { network_id: '<net>', mac_address: 'fa:16:3e:00:00:01' },
        { network_id: '<net>', mac_address: 'fa:16:3e:00:00:01' },
      ]),
      many('ports', [
        { network_id: '<net>' },
        { network_id: '<net>' },
        { network_id: '<net>' },
        { network_id: '<net>' },
      ]),
      many('ports', [{ network_id: '<net>', fixed_ips: [{ ip_address: '10.99.0.51' }] }]),
      get('ports?network_id=<net>&sort_key=name&sort_dir=asc'),
      port({ name: 'z' }, 'z'),
    ]),
  );
});

describe('agents', () => {
  scenario('are changed as the other’s', async (both) => {
    await both.step({ as: 'agents', ...get('agents?binary=neutron-linuxbridge-agent&host=bench-host') });
    for (const changes of [
      { admin_state_up: false },
      { admin_state_up: true },
      { description: 'd' },
      { description: null },
      { description: '' },
      { description: 'a'.repeat(256) },
      { admin_state_up: 'x' },
      { host: 'x' },
      { alive: false },
      { nonsense: 1 },
      {},
    ]) {
      await both.step(put('agent', '<agents>', changes));
    }
    await both.step(post('agent', { host: 'x' }));
    await both.step(put('agent', '<agents>', { description: null }));
    await both.step(get('agents/<agents>'));
  });
});

describe('versions and extensions', () => {
  scenario('are listed alike', (both) =>
    both.steps([
      { method: 'GET', path: '/' },
      { method: 'GET', path: '/healthcheck' },
      { method: 'HEAD', path: '/healthcheck' },
      { method: 'POST', path: '/healthcheck' },
    ]),
  );
});
