import { describe, expect, it } from 'vitest';
import type { Json } from '../../support/api.ts';
import { opened } from './opened.ts';

const openstack = opened('openstack');

describe('network', () => {
  it('create, list with filters, set, unset, show, delete', async () => {
    const made = await openstack.json('network create net1 --description', ['first net'], '--mtu 1400 --tag red');
    expect(made).toMatchObject({ name: 'net1', description: 'first net', mtu: 1400, tags: ['red'], status: 'ACTIVE' });
    await openstack.ok(
      'network create net2 --disable --share --disable-port-security --provider-network-type vlan --provider-physical-network physnet1 --provider-segment 120',
    );
    await openstack.ok('network create net3 --external --default --project demo');

    expect(await openstack.names('network list')).toEqual(expect.arrayContaining(['net1', 'net2', 'net3']));
    for (const [filter, found] of [
      ['--name net1', ['net1']],
      ['--external', ['net3']],
      ['--disable', ['net2']],
      ['--share', ['net2']],
      ['--project demo --name net3', ['net3']],
      ['--provider-network-type vlan', ['net2']],
      ['--provider-segment 120 --provider-physical-network physnet1', ['net2']],
      ['--tags red', ['net1']],
      ['--any-tags red,blue', ['net1']],
      ['--not-tags red --internal --name net1', []],
    ] as const)
      expect(await openstack.names(`network list ${filter}`), filter).toEqual(found);

    await openstack.ok('network set net1 --name renamed --disable --tag blue --no-share --mtu 1450');
    const shown = await openstack.json('network show renamed');
    expect(shown).toMatchObject({ name: 'renamed', admin_state_up: false, tags: ['blue', 'red'], mtu: 1450 });
    await openstack.ok('network unset renamed --tag red');
    expect((await openstack.json('network show renamed')).tags).toEqual(['blue']);
    await openstack.ok('network set renamed --no-tag --tag green --enable');
    expect((await openstack.json('network show renamed')).tags).toEqual(['green']);
    await openstack.ok('network unset renamed --all-tag');

    const vlan = await openstack.json('network show net2');
    expect(vlan).toMatchObject({ 'provider:segmentation_id': 120, shared: true, port_security_enabled: false });
    await openstack.ok('network delete renamed net2 net3');
    expect(await openstack.fails('network show net2')).toMatch(/No Network found for net2/);
  });

  it('says what is wrong', async () => {
    expect(await openstack.fails('network create x --provider-network-type nonsense')).toMatch(/nonsense/);
    expect(await openstack.fails('network create x --mtu -5')).toMatch(/400|Invalid input/);
    expect(await openstack.fails('network delete nowhere')).toMatch(/nowhere/);
  });
});

describe('subnet', () => {
  it('create, list with filters, set, unset, show, delete', async () => {
    await openstack.ok('network create net4');
    const made = await openstack.json(
      'subnet create sub4 --network net4 --subnet-range 10.4.0.0/24 --gateway 10.4.0.254 --allocation-pool start=10.4.0.10,end=10.4.0.99 --dns-nameserver 192.0.2.53 --host-route destination=10.9.0.0/16,gateway=10.4.0.9 --service-type compute:nova --tag red --description four',
    );
    expect(made).toMatchObject({
      cidr: '10.4.0.0/24',
      gateway_ip: '10.4.0.254',
      allocation_pools: [{ start: '10.4.0.10', end: '10.4.0.99' }],
      dns_nameservers: ['192.0.2.53'],
      host_routes: [{ destination: '10.9.0.0/16', nexthop: '10.4.0.9' }],
      service_types: ['compute:nova'],
      tags: ['red'],
    });
    await openstack.ok(
      'subnet create six --network net4 --ip-version 6 --subnet-range 2001:db8:4::/64 --ipv6-ra-mode slaac --ipv6-address-mode slaac',
    );
    for (const [filter, found] of [
      ['--network net4', ['six', 'sub4']],
      ['--network net4 --ip-version 6', ['six']],
      ['--subnet-range 10.4.0.0/24', ['sub4']],
      ['--gateway 10.4.0.254', ['sub4']],
      ['--network net4 --no-dhcp', []],
      ['--name six --dhcp', ['six']],
      ['--tags red', ['sub4']],
    ] as const)
      expect(await openstack.names(`subnet list ${filter}`), filter).toEqual(found);

    await openstack.ok(
      'subnet set sub4 --name other --no-dhcp --dns-nameserver 192.0.2.54 --gateway none --host-route destination=10.8.0.0/16,gateway=10.4.0.8 --allocation-pool start=10.4.0.120,end=10.4.0.130 --tag blue',
    );
    const shown = await openstack.json('subnet show other');
    expect(shown).toMatchObject({ enable_dhcp: false, gateway_ip: null, tags: ['blue', 'red'] });
    // The client puts what is new before what was there.
    expect([...shown.dns_nameservers].sort()).toEqual(['192.0.2.53', '192.0.2.54']);
    expect(shown.allocation_pools).toHaveLength(2);
    await openstack.ok(
      'subnet unset other --dns-nameserver 192.0.2.53 --host-route destination=10.9.0.0/16,gateway=10.4.0.9 --allocation-pool start=10.4.0.120,end=10.4.0.130 --service-type compute:nova --tag red',
    );
    expect(await openstack.json('subnet show other')).toMatchObject({
      dns_nameservers: ['192.0.2.54'],
      host_routes: [{ destination: '10.8.0.0/16', nexthop: '10.4.0.8' }],
      allocation_pools: [{ start: '10.4.0.10', end: '10.4.0.99' }],
      service_types: [],
      tags: ['blue'],
    });
    expect(await openstack.fails('subnet create again --network net4 --subnet-range 10.4.0.0/25')).toMatch(/overlap/);
    await openstack.ok('subnet delete other six');
    await openstack.ok('network delete net4');
  });
});

describe('ip availability, auto allocated topology', () => {
  it('shows how many addresses there are', async () => {
    await openstack.ok('network create full --provider-network-type local');
    await openstack.ok('subnet create full4 --network full --subnet-range 10.5.0.0/29 --no-dhcp');
    const rows: Json[] = await openstack.json('ip availability list --ip-version 4');
    expect(rows.find((row) => row['Network Name'] === 'full')).toMatchObject({
      'Network Name': 'full',
      'Total IPs': 5,
      'Used IPs': 0,
    });
    const shown = await openstack.json('ip availability show full');
    expect(shown).toMatchObject({ network_name: 'full', total_ips: 5, used_ips: 0 });
    expect(shown.subnet_ip_availability).toMatchObject([{ subnet_name: 'full4', cidr: '10.5.0.0/29' }]);
    await openstack.ok('network delete full');
  });

  it('makes a topology where the deployment is ready for it, and says what is missing', async () => {
    expect(await openstack.fails('network auto allocated topology create --check-resources')).toMatch(
      /Deployment error|external network/,
    );
    await openstack.ok('network create public --external --default');
    await openstack.ok(
      'subnet pool create auto4 --default --share --pool-prefix 10.6.0.0/16 --default-prefix-length 24',
    );
    await openstack.ok('network auto allocated topology create --check-resources');
    const { id } = await openstack.json('network auto allocated topology create');
    expect(await openstack.json(`network show ${id}`)).toMatchObject({ name: 'auto_allocated_network' });
    await openstack.ok('network auto allocated topology delete');
    await openstack.ok('subnet pool delete auto4');
    await openstack.ok('network delete public');
  });
});
