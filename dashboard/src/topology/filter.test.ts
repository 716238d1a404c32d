import { describe, expect, it } from 'vitest';
import { choicesOf, type Filter, filtered } from './filter.ts';
import { cloudOf, leg, network, port, router, subnet } from './testing.ts';
import { topologyOf } from './topology.ts';

const topology = topologyOf(
  cloudOf({
    networks: [
      network({ id: 'web' }),
      network({ id: 'db', project_id: 'other', status: 'ERROR' }),
      network({ id: 'empty' }),
    ],
    subnets: [subnet({ id: 's', network_id: 'web', cidr: '10.9.0.0/24' })],
    routers: [router({ id: 'r1' })],
    ports: [
      leg('r1', 'web'),
      port({ id: 'front', network_id: 'web', name: 'Front', 'binding:host_id': 'host-2' }),
      port({ id: 'back', network_id: 'db', project_id: 'other', status: 'DOWN', mac_address: 'fa:16:3e:aa:bb:cc' }),
    ],
  }),
);

describe('a filter', () => {
  const cases: [string, Partial<Filter>, networks: string[], devices: string[]][] = [
    ['nothing', {}, ['web', 'db', 'empty'], ['r1', 'back', 'front']],
    ['a name, in any case', { text: ' fRONT ' }, ['web'], ['front']],
    ['a network, with all on it', { text: 'web' }, ['web'], ['r1', 'front']],
    ['a CIDR', { text: '10.9.0' }, ['web'], ['r1', 'front']],
    ['a MAC', { text: 'AA:BB' }, ['db'], ['back']],
    ['a project', { project: 'other' }, ['db'], ['back']],
    ['a status', { health: 'error' }, ['db'], []],
    ['a host', { host: 'host-2' }, ['web'], ['front']],
    ['two things at once', { host: 'host-1', health: 'down' }, ['db'], ['back']],
    ['what is not there', { text: 'nowhere' }, [], []],
  ];
  it.each(cases)('finds %s', (_, said, networks, devices) => {
    const found = filtered(topology, { text: '', ...said });
    expect(found.networks.map(({ network }) => network.id)).toEqual(networks);
    expect(found.devices.map(({ id }) => id)).toEqual(devices);
  });
});

it('offers the projects and hosts that there are', () => {
  expect(choicesOf(topology)).toEqual({ projects: ['demo', 'other'], hosts: ['host-1', 'host-2'] });
});
