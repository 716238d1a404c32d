import { describe, expect, test } from 'vitest';
import { answerFromPorts } from './builtin.ts';
import { guestOf } from './guest.ts';
import { networkData } from './network-data.ts';
import { network, networkId, port, subnet4, subnet6 } from './test-data.ts';

const guest = guestOf([{ port, network }]);
const get = (url: string, method = 'GET') => answerFromPorts({ method, url, body: Buffer.alloc(0) }, guest);
const read = (url: string) => String(get(url).body);

describe('EC2 layout', () => {
  test.each([
    ['/latest/meta-data/instance-id', 'vm-1'],
    ['/2009-04-04/meta-data/instance-id', 'vm-1'],
    ['//latest//meta-data/instance-id/', 'vm-1'],
    ['/latest/meta-data/instance-id?x=1', 'vm-1'],
    ['/latest/meta-data/hostname', 'host-10-30-0-5'],
    ['/latest/meta-data/local-ipv4', '10.30.0.5'],
    ['/latest/meta-data/mac', 'fa:16:3e:59:1c:51'],
    ['/latest/meta-data/mtu', '1450'],
    ['/latest/meta-data/placement/availability-zone', 'nova'],
    ['/latest/meta-data/network/interfaces/macs/fa:16:3e:59:1c:51/local-ipv4s', '10.30.0.5'],
    ['/latest/meta-data/network/interfaces/macs/fa:16:3e:59:1c:51/subnet-ipv4-cidr-block', '10.30.0.0/24'],
    ['/latest', 'meta-data/'],
    ['/latest/meta-data/placement/', 'availability-zone'],
  ])('%s', (url, text) => {
    expect(get(url)).toMatchObject({ status: 200, body: text });
  });

  test('a listing marks folders, and everything listed can be fetched', () => {
    const walk = (path: string): number => {
      let pages = 0;
      for (const line of read(path).split('\n')) {
        const next = path + line;
        expect(get(next).status, next).toBe(200);
        pages += line.endsWith('/') ? walk(next) : 1;
      }
      return pages;
    };
    expect(read('/latest/meta-data/').split('\n')).toEqual(
      expect.arrayContaining(['instance-id', 'placement/', 'network/']),
    );
    expect(walk('/latest/meta-data/')).toBeGreaterThan(10);
  });

  test('the root lists versions that exist', () => {
    const versions = read('/').split('\n');
    expect(versions).toContain('2009-04-04');
    for (const version of versions) expect(get(`/${version}/meta-data/instance-id`).status).toBe(200);
  });
});

describe('OpenStack layout', () => {
  test('lists versions, and their files', () => {
    const versions = read('/openstack').split('\n');
    expect(versions).toContain('latest');
    for (const version of versions) {
      const files = read(`/openstack/${version}/`).split('\n');
      expect(files).toEqual(['meta_data.json', 'network_data.json', 'vendor_data.json', 'vendor_data2.json']);
      for (const file of files) {
        const answer = get(`/openstack/${version}/${file}`);
        expect(answer).toMatchObject({ status: 200, contentType: 'application/json' });
        expect(() => JSON.parse(String(answer.body))).not.toThrow();
      }
    }
  });

  test('meta_data.json says who the guest is', () => {
    const data = JSON.parse(read('/openstack/latest/meta_data.json'));
    expect(data).toMatchObject({
      uuid: 'vm-1',
      hostname: 'host-10-30-0-5',
      project_id: port.project_id,
      launch_index: 0,
    });
    expect(Buffer.from(data.random_seed, 'base64')).toHaveLength(512);
    expect(JSON.parse(read('/openstack/latest/meta_data.json')).random_seed).not.toBe(data.random_seed);
  });

  test.each([
    '/openstack/latest/user_data',
    '/latest/user-data',
    '/latest/meta-data/public-keys',
    '/nothing',
    '/latest/toString',
    '/__proto__',
  ])('there is no %s', (url) => expect(get(url).status).toBe(404));

  test('nothing can be written', () => {
    expect(get('/openstack/latest/password', 'POST').status).toBe(405);
  });
});

describe('network_data.json', () => {
  test('says DHCP for IPv4, and what the router advertises for IPv6', () => {
    expect(networkData(guest)).toEqual({
      links: [
        { id: 'tap9e1a9b62-11', vif_id: port.id, type: 'bridge', mtu: 1450, ethernet_mac_address: 'fa:16:3e:59:1c:51' },
      ],
      networks: [
        { id: 'network0', type: 'ipv4_dhcp', link: 'tap9e1a9b62-11', network_id: networkId },
        {
          id: 'network1',
          type: 'ipv6_slaac',
          link: 'tap9e1a9b62-11',
          network_id: networkId,
          ip_address: '2001:db8::f816:3eff:fe59:1c51',
          netmask: 'ffff:ffff:ffff:ffff::',
          routes: [{ network: '::', netmask: '::', gateway: '2001:db8::1' }],
          services: [{ type: 'dns', address: '2001:db8::53' }],
        },
      ],
      services: [
        { type: 'dns', address: '192.0.2.53' },
        { type: 'dns', address: '2001:db8::53' },
      ],
    });
  });

  test('gives address, mask, routes and name servers where there is no DHCP', () => {
    const fixed = { ...network, subnets: [{ ...subnet4, enable_dhcp: false }, subnet6] };
    expect(networkData(guestOf([{ port, network: fixed }])).networks[0]).toEqual({
      id: 'network0',
      type: 'ipv4',
      link: 'tap9e1a9b62-11',
      network_id: networkId,
      ip_address: '10.30.0.5',
      netmask: '255.255.255.0',
      routes: [
        { network: '0.0.0.0', netmask: '0.0.0.0', gateway: '10.30.0.1' },
        { network: '10.99.0.0', netmask: '255.255.0.0', gateway: '10.30.0.9' },
      ],
      services: [{ type: 'dns', address: '192.0.2.53' }],
    });
  });

  test('has one link per card, and lives with a network that is gone', () => {
    const second = { ...port, id: 'aaaaaaaa-bbbb-cccc', mac_address: 'fa:16:3e:00:00:02' };
    const data = networkData(
      guestOf([
        { port, network },
        { port: second, network: null },
      ]),
    );
    expect(data.links.map(({ id, mtu }) => [id, mtu])).toEqual([
      ['tap9e1a9b62-11', 1450],
      ['tapaaaaaaaa-bb', null],
    ]);
    expect(data.networks).toHaveLength(2);
  });
});

test.each([
  ['its DNS name', { dns_name: 'web' }, 'web'],
  ['its address, when the DNS name is none', { dns_name: 'a b\nc' }, 'host-10-30-0-5'],
  ['its id, when there is no address', { fixed_ips: [] }, 'host-9e1a9b62'],
])('a guest is called by %s', (_, changes, name) => {
  expect(guestOf([{ port: { ...port, ...changes }, network }]).name).toBe(name);
});

test('a port that nobody put a device on is an instance by its own id', () => {
  expect(guestOf([{ port: { ...port, device_id: '' }, network }]).instanceId).toBe(port.id);
});
