import { describe, expect, it } from 'vitest';
import { cloudOf, floatingIp, leg, network, port, router, subnet } from './testing.ts';
import { topologyOf } from './topology.ts';

describe('what hangs on what', () => {
  const cloud = cloudOf({
    networks: [
      network({ id: 'lonely' }),
      network({ id: 'web' }),
      network({ id: 'db' }),
      network({ id: 'outside', 'router:external': true }),
    ],
    subnets: [subnet({ id: 's1', network_id: 'web', cidr: '10.1.0.0/24' })],
    routers: [router({ id: 'r1' })],
    ports: [
      leg('r1', 'outside', 'network:router_gateway'),
      leg('r1', 'web'),
      leg('r1', 'db'),
      port({ id: 'p1', network_id: 'web', device_id: 'vm', device_owner: 'compute:nova', name: 'front' }),
      port({ id: 'p2', network_id: 'db', device_id: 'vm', device_owner: 'compute:nova', status: 'DOWN' }),
      port({ id: 'p3', network_id: 'web', device_owner: 'network:dhcp', device_id: 'dhcp1' }),
      port({ id: 'p4', network_id: 'web' }),
      port({ id: 'vip', network_id: 'web', device_owner: 'neutron:LOADBALANCERV2' }),
      port({ id: 'fip', network_id: 'outside', device_owner: 'network:floatingip' }),
    ],
    floatingips: [floatingIp({ id: 'f1', port_id: 'p1' }), floatingIp({ id: 'f2', port_id: null })],
  });
  const { networks, devices } = topologyOf(cloud);
  const device = (id: string) => devices.find((one) => one.id === id)!;

  it('puts external networks on top, and beside each other what shares a router', () => {
    expect(networks.map(({ network }) => network.id)).toEqual(['outside', 'db', 'web', 'lonely']);
  });

  it('gathers the ports of a device, and takes a port without one for a guest of its own', () => {
    expect(devices.map(({ id }) => id)).toEqual(['r1', 'p1', 'p4']);
    expect(device('p1')).toMatchObject({
      device_id: 'vm',
      kind: 'guest',
      name: 'front',
      health: 'down',
      floating: ['203.0.113.5'],
    });
    expect(device('p1').links.map(({ network_id }) => network_id)).toEqual(['web', 'db']);
    expect(device('r1').links).toHaveLength(3);
  });

  it('makes marks of ports of services', () => {
    const web = networks.find((one) => one.network.id === 'web')!;
    expect(web.services.dhcp.map(({ id }) => id)).toEqual(['p3']);
    expect(web.services.load.map(({ id }) => id)).toEqual(['vip']);
    expect(web).toMatchObject({ ports: 5, subnets: [{ cidr: '10.1.0.0/24' }] });
  });
});

it('leaves out ports of networks that one may not see, and networks of VRRP', () => {
  const vrrp = network({ id: 'ha', name: 'HA network tenant demo', project_id: '' });
  const ports = [port({ id: 'p1', network_id: 'secret' }), port({ id: 'p2', network_id: 'ha' })];
  expect(topologyOf(cloudOf({ networks: [vrrp], ports }))).toEqual({ networks: [], devices: [] });
});

it('does not take devices of two projects for one because they say the same id', () => {
  const ports = ['a', 'b'].map((project_id) => port({ id: project_id, network_id: 'n', device_id: 'vm', project_id }));
  expect(topologyOf(cloudOf({ networks: [network({ id: 'n' })], ports })).devices).toHaveLength(2);
});

it('takes no word of a port for the id of something else', () => {
  const said = ['r', 'n', '"]'].map((device_id, at) => port({ id: `p${at}`, network_id: 'n', device_id }));
  const cloud = cloudOf({ networks: [network({ id: 'n' })], routers: [router({ id: 'r' })], ports: said });
  expect(topologyOf(cloud).devices.map(({ id }) => id)).toEqual(['r', 'p2', 'p1', 'p0']);
});

it('tells error from off, building and down', () => {
  const states = [
    ['ERROR', true],
    ['ACTIVE', false],
    ['BUILD', true],
    ['DOWN', true],
    ['ACTIVE', true],
  ] as const;
  const networks = states.map(([status, admin_state_up], at) => network({ id: `${at}`, status, admin_state_up }));
  const { networks: items } = topologyOf(cloudOf({ networks }));
  expect(items.map(({ health }) => health)).toEqual(['error', 'off', 'building', 'down', 'up']);
});
