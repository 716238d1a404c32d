import { describe, expect, test } from 'vitest';
import { PluginApi, type WirePort } from '../../rpc/contract.ts';
import { FakeTransport } from '../../rpc/fake.ts';
import { RemoteError } from '../../rpc/transport.ts';
import { dhcpDeviceId, ensureDhcpPort, isExhausted, RESERVED_DHCP_PORT } from './dhcp-port.ts';
import { dhcpPortOf, ids, networkOf, subnetOf } from './testing.ts';

const deviceId = `dhcp540ba512-ba2e-5213-b381-56c767787d41-${ids.network}`;
const second = subnetOf({ id: ids.second, cidr: '10.1.0.0/24' });
const both = [
  { subnet_id: ids.v4, ip_address: '10.0.0.2' },
  { subnet_id: ids.second, ip_address: '10.1.0.2' },
];

test.each(['host1', 'host1.example.org'])('device id of %s is the one a Python agent has', (host) => {
  expect(dhcpDeviceId(host, ids.network)).toBe(deviceId);
});

describe('ensureDhcpPort', () => {
  async function ensure(network: ReturnType<typeof networkOf>, answers: Record<string, unknown>) {
    const transport = new FakeTransport(answers);
    const port = await ensureDhcpPort(network, 'host1', new PluginApi(transport));
    return { port, sent: transport.sent.map(({ method, args }) => ({ method, ...args })) };
  }

  test('keeps a port with the right subnets without asking', async () => {
    const { port, sent } = await ensure(networkOf(), {});
    expect([port.id, sent]).toEqual([ids.dhcp, []]);
  });

  test("takes no tenant's port for its own, whatever device id stands on it", async () => {
    const stolen = [deviceId, RESERVED_DHCP_PORT].map((device_id) => dhcpPortOf({ device_id, device_owner: '' }));
    const { sent } = await ensure(networkOf({ ports: stolen }), { create_dhcp_port: dhcpPortOf() });
    expect(sent.map(({ method }) => method)).toEqual(['create_dhcp_port']);
  });

  test('stays as it is when a new subnet is full: the others are served', async () => {
    const network = networkOf({ subnets: [subnetOf(), second] });
    const full = () => {
      throw new RemoteError('IpAddressGenerationFailure', 'neutron_lib.exceptions', 'No more IP addresses');
    };
    const { port } = await ensure(network, { update_dhcp_port: full });
    expect(port).toEqual(dhcpPortOf());
    await expect(ensure(networkOf({ ports: [] }), { create_dhcp_port: full })).rejects.toThrow(/No more IP/);
  });

  test('creates one: an address on each subnet with DHCP', async () => {
    const network = networkOf({
      ports: [],
      subnets: [subnetOf(), second, subnetOf({ id: ids.v6, enable_dhcp: false })],
    });
    const { sent } = await ensure(network, { create_dhcp_port: dhcpPortOf({ fixed_ips: both }) });
    expect(sent).toEqual([
      {
        method: 'create_dhcp_port',
        host: 'host1',
        port: {
          port: {
            name: '',
            admin_state_up: true,
            device_id: deviceId,
            network_id: ids.network,
            project_id: 'p',
            fixed_ips: [{ subnet_id: ids.v4 }, { subnet_id: ids.second }],
          },
        },
      },
    ]);
  });

  test('changes one: addresses on subnets that stay are kept', async () => {
    const network = networkOf({ subnets: [subnetOf(), second] });
    const { port, sent } = await ensure(network, { update_dhcp_port: dhcpPortOf({ fixed_ips: both }) });
    expect(port.fixed_ips).toEqual(both);
    expect(sent[0].port.port.fixed_ips).toEqual([
      { subnet_id: ids.v4, ip_address: '10.0.0.2' },
      { subnet_id: ids.second },
    ]);
  });

  const reserved = (changes: Partial<WirePort> = {}) => dhcpPortOf({ device_id: RESERVED_DHCP_PORT, ...changes });

  test('takes over a reserved port, with its address', async () => {
    const { sent } = await ensure(networkOf({ ports: [reserved()] }), { update_dhcp_port: dhcpPortOf() });
    expect(sent).toEqual([
      {
        method: 'update_dhcp_port',
        port_id: ids.dhcp,
        host: 'host1',
        port: { port: { network_id: ids.network, device_id: deviceId } },
      },
    ]);
  });

  test('leaves a reserved port to the agent that was faster, and takes the next', async () => {
    const answer = ({ port_id }: { port_id: string }) => {
      if (port_id === ids.other) throw new RemoteError('DhcpPortInUse', 'neutron_lib.exceptions', 'in use');
      return dhcpPortOf();
    };
    const network = networkOf({ ports: [reserved({ id: ids.other }), reserved()] });
    const { port, sent } = await ensure(network, { update_dhcp_port: answer });
    expect([port.id, sent.map(({ port_id }) => port_id)]).toEqual([ids.dhcp, [ids.other, ids.dhcp]]);
  });

  test('gives a reserved port the subnets it lacks', async () => {
    const answer = ({ port }: { port: { port: { fixed_ips?: unknown } } }) =>
      dhcpPortOf(port.port.fixed_ips ? { fixed_ips: both } : {});
    const network = networkOf({ ports: [reserved()], subnets: [subnetOf(), second] });
    expect((await ensure(network, { update_dhcp_port: answer })).port.fixed_ips).toEqual(both);
  });

  test.each([
    ['no port', null, /no DHCP port/],
    ['one without the address asked for', dhcpPortOf({ fixed_ips: [] }), /no address on subnet/],
    ['one that is no port', dhcpPortOf({ id: '../../etc' }), /malformed/],
    ['one without a MAC', dhcpPortOf({ mac_address: 'x;y' }), /malformed/],
  ])('refuses %s', async (_, answer, message) => {
    await expect(ensure(networkOf({ ports: [] }), { create_dhcp_port: answer })).rejects.toThrow(message);
  });
});

test('tells an exhausted subnet from other failures', () => {
  const module = 'neutron_lib.exceptions';
  expect(isExhausted(new RemoteError('IpAddressGenerationFailure', module, 'no more'))).toBe(true);
  expect(isExhausted(new RemoteError('NetworkNotFound', module, 'gone'))).toBe(false);
  expect(isExhausted(new Error('IpAddressGenerationFailure'))).toBe(false);
});
