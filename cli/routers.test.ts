import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClientStand, net, openClientStand } from './client-stand.ts';

let api: ClientStand['api'];
let neutron: ClientStand['neutron'];
let sent: ClientStand['sent'];
const router = { id: 'r1', name: 'router1', external_gateway_info: null, distributed: false, ha: false };
beforeEach(async () => {
  ({ api, neutron, sent } = await openClientStand());
  api.rows.routers = [router];
  api.rows.ports = [{ id: 'p1', name: 'web', device_id: 'r1', fixed_ips: [], mac_address: 'fa:16:3e:00:00:01' }];
});
afterEach(() => api.close());

const asked = () => api.asked.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);

describe('interfaces of a router', () => {
  beforeEach(() => {
    for (const what of ['add', 'remove'])
      api.raw[`/v2.0/routers/r1/${what}_router_interface`] = { status: 200, answer: { port_id: 'p7' } };
  });

  test.each([
    ['four', { subnet_id: 's1' }],
    ['subnet=four', { subnet_id: 's1' }],
    ['port=web', { port_id: 'p1' }],
  ])('router-interface-add router1 %s', async (text, body) => {
    const { out } = await neutron('router-interface-add', 'router1', text);
    expect(out).toBe('Added interface p7 to router router1.\n');
    expect(asked()).toEqual(['PUT /v2.0/routers/r1/add_router_interface']);
    expect(sent()).toEqual(body);
  });

  test('router-interface-delete', async () => {
    const { out } = await neutron('router-interface-delete', 'router1', 'four');
    expect(out).toBe('Removed interface from router router1.\n');
    expect(asked()).toEqual(['PUT /v2.0/routers/r1/remove_router_interface']);
  });

  test.each([
    [['router-interface-add', 'router1'], 'missing argument: SUBNET|subnet=SUBNET|port=PORT'],
    [['router-interface-add', 'router1', 'network=lan'], 'names neither a subnet nor a port'],
    [['router-interface-add', 'router9', 'four'], "Unable to find router with name or id 'router9'"],
    [['router-interface-add', 'router1', 'port=none'], "Unable to find port with name or id 'none'"],
  ])('%j is refused, and nothing is asked for', async (argv, message) => {
    const { code, err } = await neutron(...argv);
    expect([code, asked()]).toEqual([1, []]);
    expect(err).toContain(message);
  });
});

describe('the gateway of a router', () => {
  test.each([
    [[], {}],
    [['--disable-snat'], { enable_snat: false }],
    [['--enable-snat'], { enable_snat: true }],
    [
      ['--fixed-ip', 'subnet_id=four,ip_address=10.0.0.9', '--fixed-ip', 'ip_address=10.0.0.10'],
      { external_fixed_ips: [{ subnet_id: 's1', ip_address: '10.0.0.9' }, { ip_address: '10.0.0.10' }] },
    ],
  ])('router-gateway-set router1 lan %j', async (options, more) => {
    expect(await neutron('router-gateway-set', 'router1', 'lan', ...options)).toMatchObject({
      code: 0,
      out: 'Set gateway for router router1\n',
    });
    expect(sent()).toEqual({ router: { external_gateway_info: { network_id: net.id, ...more } } });
  });

  test('router-gateway-clear', async () => {
    expect((await neutron('router-gateway-clear', 'router1')).out).toBe('Removed gateway from router router1\n');
    expect(sent()).toEqual({ router: { external_gateway_info: {} } });
  });

  test('SNAT on and off at once is refused', async () => {
    const { code } = await neutron('router-gateway-set', 'router1', 'lan', '--enable-snat', '--disable-snat');
    expect([code, asked()]).toEqual([1, []]);
  });
});

describe('create, update and list', () => {
  test.each([
    [['router-create', 'r2', '--ha', 'True', '--admin-state-down'], { name: 'r2', ha: true, admin_state_up: false }],
    [
      ['router-create', 'r2', '--external-gateway-info', 'network_id=lan,enable_snat=False'],
      { name: 'r2', external_gateway_info: { network_id: net.id, enable_snat: 'False' } },
    ],
    [
      ['router-update', 'router1', '--route', 'destination=10.9.0.0/16,nexthop=10.0.0.9'],
      { routes: [{ destination: '10.9.0.0/16', nexthop: '10.0.0.9' }] },
    ],
    [['router-update', 'router1', '--no-routes'], { routes: [] }],
    [['router-update', 'router1', '--routes', 'action=clear'], { routes: null }],
  ])('%j', async (argv, body) => {
    expect(await neutron(...argv)).toMatchObject({ code: 0, err: '' });
    expect(sent()).toEqual({ router: body });
  });

  test('router-list has the columns of the old client', async () => {
    expect((await neutron('router-list', '-f', 'csv')).out.split('\n')[0]).toBe(
      '"id","name","external_gateway_info","distributed","ha"',
    );
  });

  test('router-port-list asks for the ports of that router, and filters', async () => {
    api.rows.ports!.push({ id: 'p2', name: 'other', device_id: 'vm' });
    const { out } = await neutron('router-port-list', 'router1', '--name', 'web', '-f', 'value', '-c', 'id');
    expect(out).toBe('p1\n');
    expect(api.asked.at(-1)!.query).toEqual(
      expect.arrayContaining([
        ['device_id', 'r1'],
        ['name', 'web'],
      ]),
    );
  });

  test('routes are added to those a router has', async () => {
    api.raw['/v2.0/routers/r1/add_extraroutes'] = { status: 200, answer: { router } };
    await neutron('router-add-extraroutes', 'router1', 'destination=10.9.0.0/16,nexthop=10.0.0.9');
    expect(asked()).toEqual(['PUT /v2.0/routers/r1/add_extraroutes']);
    expect(sent()).toEqual({ router: { routes: [{ destination: '10.9.0.0/16', nexthop: '10.0.0.9' }] } });
  });
});

test.each([
  'router-create',
  'router-update',
  'router-interface-add',
  'router-interface-delete',
  'router-gateway-set',
  'router-gateway-clear',
  'router-port-list',
])('%s explains itself', async (name) => {
  const { code, out } = await neutron(name, '--help');
  expect(code).toBe(0);
  expect(out).toContain(`Usage: neutron ${name} `);
  expect(api.asked).toEqual([]);
});
