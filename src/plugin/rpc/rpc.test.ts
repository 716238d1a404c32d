import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adminContext, readOnlyContext } from '../../lib/context.ts';
import { OUR_AGENT } from '../../rpc/contract.ts';
import { createFixture, type Fixture, failure, type Network, type Options, type Subnet } from '../fixture.ts';

let f: Fixture;
let network: Network;
let subnet: Subnet;
beforeEach(() => begin());
afterEach(() => f[Symbol.asyncDispose]());

async function begin(options: Options = {}): Promise<void> {
  f = await createFixture(options);
  await f.bridgeAgent();
  await f.dhcpAgent();
  network = await f.network();
  subnet = await f.subnet(network.id);
  await f.told();
}

const tap = (id: string) => `tap${id.slice(0, 11)}`;
const agent = { agent_id: 'lb6610ef911582', host: 'host1' };
const compute = { device_owner: 'compute:nova', 'binding:host_id': 'host1' };
const shown = (id: string) => f.plugin.collections.ports.get(f.context, id);

describe('devices', () => {
  it('have the details an agent needs', async () => {
    const port = await f.port(network.id, compute);
    const [details, unknown] = await f.ask('get_devices_details_list', {
      devices: [tap(port.id), 'tapdoesnotexi'],
      ...agent,
    });
    expect(details).toEqual({
      device: tap(port.id),
      network_id: network.id,
      port_id: port.id,
      mac_address: port.mac_address,
      admin_state_up: true,
      network_type: 'local',
      segmentation_id: null,
      physical_network: null,
      mtu: 1500,
      fixed_ips: port.fixed_ips,
      device_owner: 'compute:nova',
      allowed_address_pairs: [],
      port_security_enabled: true,
      qos_policy_id: null,
      qos_network_policy_id: null,
      profile: {},
      propagate_uplink_status: false,
    });
    expect(unknown).toEqual({ device: 'tapdoesnotexi' });
    expect((await shown(port.id)).status).toBe('BUILD');
  });

  it('of a guest that moves are told to our agent of its new host, and leave the port as it is', async () => {
    const port = await f.port(network.id, compute);
    await f.bridgeAgent('host2');
    await f.plugin.children['ports/bindings']!(port.id).create!(f.context, { host: 'host2' });
    await f.ask('get_devices_details_list', { devices: [tap(port.id)], ...agent });
    const ask = async (host: string, userName: string | null) =>
      (
        await f.ask(
          'get_devices_details_list',
          { devices: [tap(port.id)], agent_id: 'a', host },
          { ...f.context, userName },
        )
      )[0];
    expect(await ask('host2', OUR_AGENT)).toMatchObject({
      port_id: port.id,
      mac_address: port.mac_address,
      network_type: 'local',
      no_active_binding: true,
    });
    // As upstream: its agents do nothing with that.
    expect(await ask('host2', null)).toEqual({ device: tap(port.id), no_active_binding: true });
    expect(await ask('host3', OUR_AGENT)).toEqual({ device: tap(port.id) });
    expect(await ask('host1', null)).not.toHaveProperty('no_active_binding');
    expect((await shown(port.id)).status).toBe('BUILD');
  });

  it('tell our agents, and only them, which request made the port', async () => {
    const user = { ...f.context, projectId: 'p1' };
    const input = { network_id: network.id, project_id: 'p1', ...compute };
    const port = await f.plugin.collections.ports.create!(user, input);
    const ask = async (userName: string | null) =>
      (
        await f.ask('get_devices_details_list', { devices: [tap(port.id)], ...agent }, { ...adminContext(), userName })
      )[0];
    expect((await ask(OUR_AGENT)).request_id).toBe(f.context.requestId);
    expect(await ask(null)).not.toHaveProperty('request_id');
  });

  it('may be asked for by a dry run, which changes nothing', async () => {
    const port = await f.port(network.id, compute);
    const before = await shown(port.id);
    const question = { devices: [tap(port.id)], ...agent };
    const [details] = await f.ask('get_devices_details_list', question, readOnlyContext());
    expect(details.port_id).toBe(port.id);
    expect(await shown(port.id)).toEqual(before);
    await f.dhcpAgent('host2');
    expect(await f.ask('get_active_networks_info', { host: 'host2' }, readOnlyContext())).toEqual([]);
  });

  it('of ports that are bound elsewhere, or nowhere, are unknown', async () => {
    const port = await f.port(network.id, compute);
    const unbound = await f.port(network.id);
    const ask = (id: string, host: string) => f.ask('get_device_details', { device: tap(id), agent_id: 'lb', host });
    expect(await ask(port.id, 'host2')).toEqual({ device: tap(port.id) });
    expect(await ask(unbound.id, 'host1')).toEqual({ device: tap(unbound.id) });
    expect((await shown(port.id)).status).toBe('DOWN');
  });

  it('may be given by MAC or by id', async () => {
    const port = await f.port(network.id, compute);
    for (const device of [port.mac_address, port.id]) {
      expect((await f.ask('get_device_details', { device, ...agent })).port_id).toBe(port.id);
    }
  });

  it('of a port that is switched off are down', async () => {
    const port = await f.port(network.id, { ...compute, admin_state_up: false });
    const details = await f.ask('get_device_details', { device: tap(port.id), ...agent });
    expect(details.admin_state_up).toBe(false);
    expect((await shown(port.id)).status).toBe('DOWN');
  });

  it('unknown ones are taken note of without complaint', async () => {
    const device = 'tapdoesnotexi';
    expect(await f.ask('update_device_up', { device, ...agent })).toBeNull();
    expect(await f.ask('update_device_down', { device, ...agent })).toEqual({ device, exists: true });
    expect(await f.ask('update_device_list', { devices_up: [device], devices_down: [device], ...agent })).toEqual({
      devices_up: [device],
      failed_devices_up: [],
      devices_down: [{ device, exists: true }],
      failed_devices_down: [],
    });
  });
});

describe('the status of a port', () => {
  const up = (id: string, host = 'host1') => f.ask('update_device_up', { device: tap(id), agent_id: 'lb', host });
  const ready = (id: string) => f.ask('dhcp_ready_on_ports', { port_ids: [id] });

  it.each([
    ['wired first', [up, ready]],
    ['known to DHCP first', [ready, up]],
  ])('becomes ACTIVE when both agents have reported it: %s', async (_, [first, second]) => {
    const port = await f.port(network.id, compute);
    await first!(port.id);
    expect((await shown(port.id)).status).toBe('DOWN');
    await second!(port.id);
    expect(await shown(port.id)).toMatchObject({ status: 'ACTIVE', revision_number: 3 });
    await second!(port.id);
    expect((await shown(port.id)).revision_number).toBe(3);
  });

  it('needs the bridge agent alone where no subnet has DHCP', async () => {
    const plain = await f.network();
    await f.subnet(plain.id, { enable_dhcp: false });
    const port = await f.port(plain.id, compute);
    await up(port.id);
    expect((await shown(port.id)).status).toBe('ACTIVE');
  });

  it('stays DOWN while the port is not bound, or reported by another host', async () => {
    const reserved = await f.port(network.id);
    await ready(reserved.id);
    expect((await shown(reserved.id)).status).toBe('DOWN');
    const port = await f.port(network.id, compute);
    await ready(port.id);
    await up(port.id, 'host2');
    expect((await shown(port.id)).status).toBe('DOWN');
  });

  it('falls when the device goes, and when the port is switched off', async () => {
    const port = await f.port(network.id, compute);
    await ready(port.id);
    await up(port.id);
    await f.ask('update_device_down', { device: tap(port.id), agent_id: 'lb', host: 'host2' });
    expect((await shown(port.id)).status).toBe('ACTIVE');
    await f.ask('update_device_down', { device: tap(port.id), ...agent });
    expect((await shown(port.id)).status).toBe('DOWN');
    await f.ask('get_device_details', { device: tap(port.id), ...agent });
    await up(port.id);
    expect((await shown(port.id)).status).toBe('ACTIVE');
    await f.plugin.collections.ports.update!(f.context, port.id, { admin_state_up: false });
    await f.ask('get_device_details', { device: tap(port.id), ...agent });
    await up(port.id);
    expect((await shown(port.id)).status).toBe('DOWN');
  });

  it('waits for DHCP again after an address changed before it was ready', async () => {
    // Not the address it is given later, which one chosen at random may be.
    const port = await f.port(network.id, { ...compute, fixed_ips: [{ ip_address: '10.0.0.98' }] });
    await ready(port.id);
    await f.plugin.collections.ports.update!(f.context, port.id, { fixed_ips: [{ ip_address: '10.0.0.99' }] });
    await up(port.id);
    expect((await shown(port.id)).status).toBe('DOWN');
    await ready(port.id);
    expect((await shown(port.id)).status).toBe('ACTIVE');
  });
});

describe('ports of DHCP agents', () => {
  const request = (more: object = {}) => ({
    host: 'host1',
    port: {
      port: {
        name: '',
        admin_state_up: true,
        device_id: 'dhcp-1',
        network_id: network.id,
        project_id: 'p1',
        fixed_ips: [{ subnet_id: subnet.id }],
        ...more,
      },
    },
  });

  it('are made bound, trusted, with the lowest address', async () => {
    const port = await f.ask('create_dhcp_port', request());
    expect(port).toMatchObject({
      device_owner: 'network:dhcp',
      device_id: 'dhcp-1',
      port_security_enabled: false,
      'binding:host_id': 'host1',
      'binding:vif_type': 'bridge',
      fixed_ips: [{ subnet_id: subnet.id, ip_address: '10.0.0.2' }],
      standard_attr_id: await f.attributeId('ports', port.id),
      status: 'DOWN',
    });
    expect((await f.told()).map(({ to, method }) => `${to} ${method}`)).toEqual(['dhcp_agent.host1 port_create_end']);
  });

  it('are not made where there is nothing to make them on', async () => {
    const nowhere = '00000000-0000-0000-0000-000000000000';
    expect(await f.ask('create_dhcp_port', request({ network_id: nowhere, fixed_ips: [] }))).toBeNull();
    expect(await f.ask('create_dhcp_port', request({ fixed_ips: [{ subnet_id: nowhere }] }))).toBeNull();
    expect(await f.ask('update_dhcp_port', { ...request(), port_id: nowhere })).toBeNull();
  });

  it('get an address on a subnet that came later', async () => {
    const port = await f.ask('create_dhcp_port', request());
    const later = await f.subnet(network.id, { cidr: '10.0.1.0/24' });
    const fixed_ips = [{ subnet_id: subnet.id, ip_address: '10.0.0.2' }, { subnet_id: later.id }];
    const updated = await f.ask('update_dhcp_port', { ...request({ fixed_ips }), port_id: port.id });
    expect(updated.fixed_ips.map((ip: { ip_address: string }) => ip.ip_address)).toEqual(['10.0.0.2', '10.0.1.2']);
  });

  it('stay with the agent that has them', async () => {
    const port = await f.ask('create_dhcp_port', request());
    const other = f.ask('update_dhcp_port', { ...request({ device_id: 'dhcp-2' }), host: 'host2', port_id: port.id });
    expect(await failure(other)).toEqual({
      type: 'DhcpPortInUse',
      message: `Port ${port.id} is already acquired by another DHCP agent`,
    });
  });

  it('go when they are released', async () => {
    const port = await f.ask('create_dhcp_port', request());
    await f.told();
    const release = { network_id: network.id, device_id: 'dhcp-1', host: 'host1' };
    expect(await f.ask('release_dhcp_port', release)).toBeNull();
    expect((await failure(shown(port.id))).type).toBe('PortNotFound');
    expect(await f.told()).toEqual([
      {
        to: 'dhcp_agent.host1',
        method: 'port_delete_end',
        args: { payload: { port_id: port.id, network_id: network.id, fixed_ips: port.fixed_ips, priority: 6 } },
      },
      { to: 'q-agent-notifier-port-delete_fanout', method: 'port_delete', args: { port_id: port.id } },
    ]);
    expect(await f.ask('release_dhcp_port', release)).toBeNull();
  });
});

describe('what agents ask about networks and ports', () => {
  it('a network comes with everything on it', async () => {
    const port = await f.port(network.id);
    const info = await f.ask('get_network_info', { network_id: network.id, host: 'host1' });
    expect(info).toMatchObject({
      id: network.id,
      tenant_id: 'p1',
      admin_state_up: true,
      mtu: 1500,
      non_local_subnets: [],
      subnets: [
        { id: subnet.id, shared: false, segment_id: null, standard_attr_id: await f.attributeId('subnets', subnet.id) },
      ],
      ports: [
        {
          id: port.id,
          qos_policy_id: null,
          resource_request: null,
          standard_attr_id: await f.attributeId('ports', port.id),
        },
      ],
      segments: [{ network_id: network.id, network_type: 'local', segment_index: 0, is_dynamic: false, hosts: [] }],
    });
    const [active] = await f.ask('get_active_networks_info', { host: 'host1', enable_dhcp_filter: false });
    expect(active).toEqual(info);
    const missing = { network_id: '00000000-0000-0000-0000-000000000000', host: 'host1' };
    expect(await f.ask('get_network_info', missing)).toBeNull();
  });

  it('ports are found by what the metadata agent knows', async () => {
    const port = await f.port(network.id, { fixed_ips: [{ ip_address: '10.0.0.9' }] });
    await f.port(network.id);
    const find = async (filters: object) => (await f.ask('get_ports', { filters })).map(({ id }: { id: string }) => id);
    expect(await find({ fixed_ips: { ip_address: ['10.0.0.9'] }, network_id: [network.id] })).toEqual([port.id]);
    expect(await find({ fixed_ips: { ip_address: ['10.0.0.9'] }, network_id: ['other'] })).toEqual([]);
    expect(await find({ nosuch: ['1'] })).toEqual([]);
  });

  it('nothing is filtered where there are no groups', async () => {
    const { id } = await f.port(network.id, compute);
    expect(await f.ask('security_group_info_for_devices', { devices: [tap(id)], call_version: '1.3' })).toEqual({
      devices: {},
      security_groups: {},
      sg_member_ips: {},
    });
  });

  it('a network that is not there is an error', async () => {
    const id = '00000000-0000-0000-0000-000000000000';
    expect(await failure(f.ask('get_network_details', { network: id, ...agent }))).toEqual({
      type: 'NetworkNotFound',
      message: `Network ${id} could not be found.`,
    });
    expect(await f.ask('get_network_details', { network: network.id, ...agent })).toMatchObject({
      id: network.id,
      l2_adjacency: true,
    });
  });
});

describe('what agents are told', () => {
  const update = (id: string, changes: Record<string, unknown>) =>
    f.plugin.collections.ports.update!(f.context, id, changes);
  const methods = async () => (await f.told()).map(({ to, method }) => `${to} ${method}`);
  const dhcp = 'dhcp_agent.host1 port_update_end';
  const bridge = 'q-agent-notifier-port-update.host1 port_update';
  const everyBridge = 'q-agent-notifier-port-update_fanout port_update';

  it.each<[string, Record<string, unknown>, string[]]>([
    ['name', { name: 'x' }, []],
    ['description', { description: 'x' }, []],
    ['address', { fixed_ips: [{ ip_address: '10.0.0.77' }] }, [dhcp, everyBridge]],
    ['DHCP option', { extra_dhcp_opts: [{ opt_name: 'a', opt_value: 'b', ip_version: 4 }] }, [dhcp]],
    ['address pair', { allowed_address_pairs: [{ ip_address: '10.0.0.200' }] }, [everyBridge]],
    ['admin state', { admin_state_up: false }, [everyBridge]],
    ['host', { 'binding:host_id': 'host2' }, [everyBridge]],
    ['port security', { port_security_enabled: false }, [everyBridge]],
  ])('of a new %s', async (_, changes, expected) => {
    // Not by chance the address that is new later.
    const port = await f.port(network.id, { ...compute, fixed_ips: [{ ip_address: '10.0.0.50' }] });
    expect(await methods()).toEqual(['dhcp_agent.host1 port_create_end']);
    await update(port.id, changes);
    expect(await methods()).toEqual(expected);
  });

  describe('with port_update_to_host, of a port that one agent alone must know of', () => {
    beforeEach(async () => {
      await f[Symbol.asyncDispose]();
      await begin({ telling: { port_update_to_host: true } });
    });
    const switchAgent = { agent_type: 'NIC Switch agent', binary: 'neutron-sriov-nic-agent', topic: 'N/A' };
    const toldOf = async (id: string) => {
      await f.told();
      await update(id, { admin_state_up: false });
      return methods();
    };

    it.each<[string, Record<string, unknown>, () => Promise<unknown>]>([
      ['a port without a host', { 'binding:host_id': '' }, async () => {}],
      ['a host without an agent', { 'binding:host_id': 'host2' }, async () => {}],
      ['a host with two such agents', {}, () => f.dhcpAgent('host1', switchAgent)],
      ['a host with another agent alone', { 'binding:host_id': 'host3' }, () => f.dhcpAgent('host3', switchAgent)],
      [
        'an agent that is dead',
        {},
        async () => {
          f.clock.nowMs += 76_000;
        },
      ],
    ])('all are told: %s', async (_, binding, make) => {
      const port = await f.port(network.id, { ...compute, ...binding });
      await make();
      expect(await toldOf(port.id)).toEqual([everyBridge]);
    });

    it('all are told: a port that is prepared on another host', async () => {
      await f.bridgeAgent('host2');
      const port = await f.port(network.id, compute);
      const bindings = f.plugin.children['ports/bindings']!(port.id);
      await bindings.create!(f.context, { host: 'host2', vnic_type: 'normal', profile: {} });
      expect(await toldOf(port.id)).toEqual([everyBridge]);
    });

    it('all are told: it moved before this was said', async () => {
      await f.bridgeAgent('host2');
      const port = await f.port(network.id, compute);
      await f.told();
      await Promise.all([
        update(port.id, { admin_state_up: false }),
        update(port.id, { 'binding:host_id': 'host2' }),
        update(port.id, { admin_state_up: true }),
      ]);
      expect(await methods()).toContain(everyBridge);
    });

    it('it alone is told when it shares its host with agents that listen elsewhere', async () => {
      await f.dhcpAgent('host1', { agent_type: 'L3 agent', binary: 'neutron-l3-agent', topic: 'l3_agent' });
      await f.bridgeAgent('host2');
      const port = await f.port(network.id, compute);
      expect(await toldOf(port.id)).toEqual([bridge]);
    });
  });

  it('with the port as it is now, and where it is', async () => {
    const port = await f.port(network.id, compute);
    await f.told();
    await update(port.id, { admin_state_up: false });
    const [message] = await f.told();
    expect(message!.args).toMatchObject({
      port: {
        id: port.id,
        admin_state_up: false,
        qos_policy_id: null,
        standard_attr_id: await f.attributeId('ports', port.id),
      },
      network_type: 'local',
      segmentation_id: null,
      physical_network: null,
    });
  });

  it('of a new port at once by one agent, later by the others', async () => {
    await using two = await createFixture({ core: { dhcp_agents_per_network: 2 } }, { random: () => 0.6 });
    await two.dhcpAgent('host1');
    await two.dhcpAgent('host2');
    const { id } = await two.network();
    await two.port(id);
    const told = (await two.told()).filter(({ method }) => method === 'port_create_end');
    expect(told.map(({ to, args }) => [to, args.payload.priority])).toEqual([
      ['dhcp_agent.host1', 6],
      ['dhcp_agent.host2', 5],
    ]);
  });

  it('of networks and subnets', async () => {
    await f.plugin.collections.networks.update!(f.context, network.id, { name: 'b' });
    await f.plugin.collections.networks.update!(f.context, network.id, { mtu: 1400 });
    await f.plugin.collections.subnets.update!(f.context, subnet.id, { name: 'b' });
    await f.plugin.idle();
    await f.plugin.collections.subnets.delete!(f.context, subnet.id);
    expect(await methods()).toEqual([
      'dhcp_agent.host1 network_update_end',
      'dhcp_agent.host1 network_update_end',
      'q-agent-notifier-network-update_fanout network_update',
      'dhcp_agent.host1 subnet_update_end',
      'dhcp_agent.host1 subnet_delete_end',
    ]);
  });

  it('is nothing about DHCP when that is switched off', async () => {
    await using quiet = await createFixture({ core: { dhcp_agent_notification: false } }, { database: f.database });
    const port = await quiet.port(network.id);
    await quiet.plugin.collections.ports.delete!(quiet.context, port.id);
    expect((await quiet.told()).map(({ method }) => method)).toEqual(['port_delete']);
  });
});
