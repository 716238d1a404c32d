import { describe, expect, it } from 'vitest';
import { createFixture, failure } from '../fixture.ts';

const drivers = [
  'port_security',
  'dns_domain_keywords',
  'data_plane_status',
  'uplink_status_propagation_updatable',
  'port_device_profile',
  'port_numa_affinity_policy',
  'port_hints',
  'port_hardware_offload_type',
  'port_trusted',
];
const all = { ml2: { extension_drivers: drivers } };
const named = { ...all, core: { dns_domain: 'example.org' } };

describe('attributes of ports that extensions bring', () => {
  it('begin with what nobody said, and are there only with their driver', async () => {
    await using f = await createFixture(all);
    const network = await f.network();
    const port = await f.port(network.id);
    const shown = await f.plugin.collections.ports.get(f.context, port.id);
    expect(shown).toMatchObject({
      data_plane_status: null,
      propagate_uplink_status: true,
      device_profile: null,
      numa_affinity_policy: null,
      hints: null,
      hardware_offload_type: null,
      trusted: null,
    });
    expect(port).toEqual(shown);
    await using plain = await createFixture({ ml2: { extension_drivers: ['port_security'] } });
    const other = await plain.port((await plain.network()).id);
    expect(Object.keys(other)).not.toContain('data_plane_status');
    expect(Object.keys(other)).not.toContain('dns_name');
  });

  it('are kept, changed and shown', async () => {
    await using f = await createFixture(all);
    const { ports } = f.plugin.collections;
    const hints = { openvswitch: { other_config: { 'tx-steering': 'hash' } } };
    const given = {
      propagate_uplink_status: false,
      device_profile: 'gpu',
      numa_affinity_policy: 'socket',
      hints,
      hardware_offload_type: 'switchdev',
      trusted: true,
    };
    const port = await f.port((await f.network()).id, given);
    expect(port).toMatchObject(given);
    expect(await ports.get(f.context, port.id)).toEqual(port);
    // Nova reads these in the profile.
    expect(port['binding:profile']).toEqual({ capabilities: ['switchdev'], trusted: true });
    const changes = {
      data_plane_status: 'DOWN',
      propagate_uplink_status: true,
      numa_affinity_policy: null,
      hints: null,
      trusted: false,
    };
    const changed = await ports.update!(f.context, port.id, changes);
    expect(changed).toMatchObject(changes);
    expect(changed['binding:profile']).toMatchObject({ trusted: false });
    expect(await ports.get(f.context, port.id)).toEqual(changed);
    expect(changed.revision_number).toBe(port.revision_number + 1);
  });

  it('the NUMA policy of a bound port stays', async () => {
    await using f = await createFixture(all);
    await f.bridgeAgent('host1');
    const port = await f.port((await f.network()).id, { 'binding:host_id': 'host1' });
    const refused = await failure(
      f.plugin.collections.ports.update!(f.context, port.id, { numa_affinity_policy: 'required' }),
    );
    expect(refused).toMatchObject({
      type: 'PortBoundNUMAAffinityPolicy',
      message: `Unable to complete operation on port ${port.id}, port is already bound to host host1, numa_affinity_policy value given required.`,
    });
  });
});

describe('names of ports in DNS', () => {
  it('are not kept while nobody chose a domain', async () => {
    await using f = await createFixture(all);
    const network = await f.network({ dns_domain: 'net.example.org.' });
    expect(network.dns_domain).toBe('net.example.org.');
    await f.subnet(network.id);
    const port = await f.port(network.id, {
      dns_name: 'vm1',
      dns_domain: 'x.org.',
      fixed_ips: [{ ip_address: '10.0.0.7' }],
    });
    expect(port).toMatchObject({
      dns_name: '',
      dns_domain: '',
      dns_assignment: [{ ip_address: '10.0.0.7', hostname: 'host-10-0-0-7', fqdn: 'host-10-0-0-7.openstacklocal.' }],
    });
  });

  it('are kept under a domain, shown by address, and told to DHCP agents', async () => {
    await using f = await createFixture(named);
    await f.dhcpAgent();
    const network = await f.network();
    await f.subnet(network.id);
    const port = await f.port(network.id, { dns_name: 'vm1', fixed_ips: [{ ip_address: '10.0.0.7' }] });
    const dns_assignment = [{ ip_address: '10.0.0.7', hostname: 'vm1', fqdn: 'vm1.example.org.' }];
    expect(port).toMatchObject({ dns_name: 'vm1', dns_assignment });
    expect(await f.plugin.collections.ports.get(f.context, port.id)).toEqual(port);
    const messages = await f.told();
    const created = messages.find(({ method }) => method === 'port_create_end')!;
    expect(created.args.payload.port.dns_assignment).toEqual(dns_assignment);
    const [info] = await f.ask('get_active_networks_info', { host: 'host1' });
    expect(info.ports[0].dns_assignment).toEqual(dns_assignment);
    const renamed = await f.plugin.collections.ports.update!(f.context, port.id, { dns_name: '' });
    expect(renamed.dns_assignment).toEqual([
      { ip_address: '10.0.0.7', hostname: 'host-10-0-0-7', fqdn: 'host-10-0-0-7.example.org.' },
    ]);
  });

  it.each([
    ['vm1.other.org.', 'The dns_name passed is a FQDN. Its higher level labels must be equal to the dns_domain option'],
    [`${'a'.repeat(60)}.`.repeat(4), 'The dns_name passed is a FQDN.'],
    [
      `${'a'.repeat(60)}.${'a'.repeat(60)}.${'a'.repeat(60)}.${'a'.repeat(61)}`,
      'The dns_name passed is a PQDN and its size',
    ],
  ])('%s is no name under the domain', async (dns_name, reason) => {
    await using f = await createFixture(named);
    const network = await f.network();
    const refused = await failure(f.port(network.id, { dns_name }));
    expect(refused).toMatchObject({ type: 'HTTPBadRequest', message: expect.stringContaining(reason) });
  });

  it('a subnet says whether its addresses are to be published', async () => {
    await using f = await createFixture(all);
    const network = await f.network();
    const subnet = await f.subnet(network.id, { dns_publish_fixed_ip: true });
    const { subnets } = f.plugin.collections;
    expect(subnet.dns_publish_fixed_ip).toBe(true);
    await subnets.update!(f.context, subnet.id, { dns_publish_fixed_ip: false });
    expect(await subnets.get(f.context, subnet.id)).toMatchObject({ dns_publish_fixed_ip: false });
  });
});

describe('the MAC of a card that is handed to a guest', () => {
  const card = { 'binding:vnic_type': 'direct-physical', device_id: 'guest', device_owner: 'compute:nova' };

  it('is the card’s own while it is bound, and another one when it is given back', async () => {
    await using f = await createFixture();
    const { ports } = f.plugin.collections;
    const made = await f.port((await f.network()).id, {
      ...card,
      'binding:host_id': 'host1',
      'binding:profile': { device_mac_address: '02:00:00:00:00:17' },
    });
    expect(await ports.get(f.context, made.id)).toMatchObject({ mac_address: '02:00:00:00:00:17' });
    const back = await ports.update!(f.context, made.id, {
      device_id: '',
      device_owner: '',
      'binding:host_id': '',
      'binding:profile': {},
    });
    expect(back.mac_address).toMatch(/^fa:16:3e:/);
  });
});
