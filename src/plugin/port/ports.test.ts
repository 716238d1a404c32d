import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { all, createFixture, type Fixture, failure, type Network, type Subnet } from '../fixture.ts';
import { mergeOptions } from './dhcp-options.ts';
import { generateMac } from './mac.ts';

let f: Fixture;
let network: Network;
let subnet: Subnet;
beforeEach(async () => {
  f = await createFixture();
  network = await f.network();
  subnet = await f.subnet(network.id);
});
afterEach(() => f[Symbol.asyncDispose]());

const update = (id: string, changes: Record<string, unknown>, revision?: number) =>
  f.plugin.collections.ports.update!(f.context, id, changes, revision);

describe('creating', () => {
  it('answers what a later show answers', async () => {
    const port = await f.port(network.id, {
      name: 'a',
      device_id: 'vm-1',
      device_owner: 'compute:nova',
      description: 'd',
      admin_state_up: false,
      'binding:profile': { a: 'b' },
      allowed_address_pairs: [
        { ip_address: '10.0.9.200' },
        { ip_address: '10.0.1.0/24', mac_address: 'fa:16:3e:aa:aa:aa' },
      ],
      extra_dhcp_opts: [
        { opt_name: 'tftp-server', opt_value: '10.0.0.9', ip_version: 4 },
        { opt_name: 'bootfile-name', opt_value: 'x', ip_version: 4 },
      ],
    });
    expect(port).toMatchObject({
      status: 'DOWN',
      revision_number: 1,
      admin_state_up: false,
      'binding:vif_type': 'unbound',
      'binding:host_id': '',
      'binding:vnic_type': 'normal',
      port_security_enabled: true,
      created_at: '2026-11-23T12:00:00Z',
    });
    expect(port.allowed_address_pairs[0]).toEqual({ ip_address: '10.0.9.200', mac_address: port.mac_address });
    expect(await f.plugin.collections.ports.get(f.context, port.id)).toEqual(port);
    expect((await f.plugin.collections.networks.get(f.context, network.id)).revision_number).toBe(2);
  });

  it('follows the network in port security, except for ports of the infrastructure', async () => {
    const open = await f.network({ port_security_enabled: false });
    expect((await f.port(open.id)).port_security_enabled).toBe(false);
    expect((await f.port(open.id, { port_security_enabled: true })).port_security_enabled).toBe(true);
    expect((await f.port(network.id)).port_security_enabled).toBe(true);
    expect((await f.port(network.id, { device_owner: 'network:dhcp' })).port_security_enabled).toBe(false);
  });

  it('leaves out what this configuration does not have', async () => {
    await using bare = await createFixture({ ml2: { extension_drivers: [] } });
    const port = await bare.port((await bare.network()).id);
    expect(Object.keys(port)).not.toContain('port_security_enabled');
    expect(Object.keys(port)).not.toContain('security_groups');
    expect(bare.plugin.extensions.has('port-security')).toBe(false);
    expect(f.plugin.extensions.has('port-security')).toBe(true);
  });

  it('refuses', async () => {
    await f.port(network.id, { mac_address: 'fa:16:3e:00:00:01', fixed_ips: [] });
    const pair = { ip_address: '10.0.0.9' };
    const nowhere = '00000000-0000-0000-0000-000000000000';
    const cases: [object, string, string][] = [
      [{ network_id: nowhere }, 'NetworkNotFound', `Network ${nowhere} could not be found.`],
      [
        { mac_address: 'FA:16:3E:00:00:01' },
        'MacAddressInUse',
        `Unable to complete operation for network ${network.id}. The mac address fa:16:3e:00:00:01 is in use.`,
      ],
      [
        { port_security_enabled: false, allowed_address_pairs: [pair] },
        'AddressPairAndPortSecurityRequired',
        'Port Security must be enabled in order to have allowed address pairs on a port.',
      ],
      [
        {
          mac_address: 'fa:16:3e:00:00:09',
          // An address picked at random could be the pair's.
          fixed_ips: [],
          allowed_address_pairs: [pair, { ...pair, mac_address: 'fa:16:3e:00:00:09' }],
        },
        'DuplicateAddressPairInRequest',
        'Request contains duplicate address pair: mac_address fa:16:3e:00:00:09 ip_address 10.0.0.9.',
      ],
      [
        { fixed_ips: [pair], allowed_address_pairs: [pair] },
        'AddressPairMatchesPortFixedIPAndMac',
        "Port's Fixed IP and Mac Address match an address pair entry.",
      ],
      [
        { allowed_address_pairs: Array.from({ length: 11 }, (_, i) => ({ ip_address: `10.9.0.${i}` })) },
        'AllowedAddressPairExhausted',
        'The number of allowed address pair exceeds the maximum 10.',
      ],
      [
        { 'binding:profile': { a: 'x'.repeat(5000) } },
        'InvalidInput',
        'Invalid input for operation: binding:profile value too large.',
      ],
    ];
    for (const [input, type, message] of cases) {
      expect(await failure(f.port(network.id, input as Record<string, unknown>))).toEqual({ type, message });
    }
    expect((await all(f.plugin.collections.ports)).length).toBe(1);
  });

  it('makes a bulk in the order asked, on several networks', async () => {
    const other = await f.network();
    const inputs = [network.id, other.id, network.id].map((network_id, i) => ({
      network_id,
      name: `p${i}`,
      project_id: 'p1',
    }));
    const made = await f.plugin.collections.ports.createBulk!(f.context, inputs);
    expect(made.map(({ name, network_id, fixed_ips }) => [name, network_id, fixed_ips.length])).toEqual([
      ['p0', network.id, 1],
      ['p1', other.id, 0],
      ['p2', network.id, 1],
    ]);
  });

  it('tries another MAC when the one it rolled is taken', async () => {
    const rolls = [0, 0, 0, 0, 0, 0, 0.5, 0.5, 0.5];
    await using dice = await createFixture({}, { random: () => rolls.shift() ?? 0.9 });
    const { id } = await dice.network();
    expect((await dice.port(id)).mac_address).toBe('fa:16:3e:00:00:00');
    expect((await dice.port(id)).mac_address).toBe('fa:16:3e:80:80:80');
  });
});

describe('changing', () => {
  it('counts once, whatever changes', async () => {
    const port = await f.port(network.id);
    f.clock.nowMs += 1000;
    const changed = await update(port.id, {
      name: 'b',
      allowed_address_pairs: [{ ip_address: '172.16.0.9' }],
      extra_dhcp_opts: [{ opt_name: 'tftp-server', opt_value: '10.0.0.9', ip_version: 4 }],
      device_id: 'vm',
      device_owner: 'compute:nova',
    });
    expect(changed).toEqual({
      ...port,
      name: 'b',
      allowed_address_pairs: [{ ip_address: '172.16.0.9', mac_address: port.mac_address }],
      extra_dhcp_opts: [{ opt_name: 'tftp-server', opt_value: '10.0.0.9', ip_version: 4 }],
      device_id: 'vm',
      device_owner: 'compute:nova',
      revision_number: 2,
      updated_at: '2026-11-23T12:00:01Z',
    });
  });

  it('refuses another revision than the stored one', async () => {
    const port = await f.port(network.id);
    expect((await failure(update(port.id, { name: 'x' }, 999))).message).toBe(
      'Constrained to 999, but current revision is 1',
    );
    expect((await update(port.id, { name: 'x' }, 1)).revision_number).toBe(2);
  });

  it('makes a MAC anew when told null, and keeps one that is in use by a card', async () => {
    await f.bridgeAgent();
    const port = await f.port(network.id);
    const other = await f.port(network.id);
    expect((await update(port.id, { mac_address: null })).mac_address).not.toBe(port.mac_address);
    expect((await failure(update(port.id, { mac_address: other.mac_address }))).type).toBe('MacAddressInUse');
    const bound = await f.port(network.id, { 'binding:host_id': 'host1' });
    expect(await failure(update(bound.id, { mac_address: 'fa:16:3e:00:00:01' }))).toEqual({
      type: 'PortBound',
      message: `Unable to complete operation on port ${bound.id}, port is already bound, port type: bridge, old_mac ${bound.mac_address}, new_mac fa:16:3e:00:00:01.`,
    });
  });

  it('does not drop port security while pairs need it', async () => {
    const port = await f.port(network.id, { allowed_address_pairs: [{ ip_address: '192.0.2.9' }] });
    const off = { port_security_enabled: false };
    expect((await failure(update(port.id, off))).type).toBe('AddressPairAndPortSecurityRequired');
    expect((await update(port.id, { ...off, allowed_address_pairs: [] })).port_security_enabled).toBe(false);
  });

  it('leaves everything as it was when an address cannot be had', async () => {
    const port = await f.port(network.id, { fixed_ips: [{ ip_address: '10.0.0.5' }] });
    await f.port(network.id, { fixed_ips: [{ ip_address: '10.0.0.9' }] });
    const refused = update(port.id, { name: 'x', fixed_ips: [{ ip_address: '10.0.0.9' }] });
    expect((await failure(refused)).type).toBe('IpAddressAlreadyAllocated');
    expect(await f.plugin.collections.ports.get(f.context, port.id)).toEqual(port);
  });
});

describe('deleting', () => {
  it('gives addresses and MAC back', async () => {
    const input = { mac_address: 'fa:16:3e:00:00:01', fixed_ips: [{ ip_address: '10.0.0.9' }] };
    const port = await f.port(network.id, input);
    await f.plugin.collections.ports.delete!(f.context, port.id);
    expect((await failure(f.plugin.collections.ports.delete!(f.context, port.id))).message).toBe(
      `Port ${port.id} could not be found.`,
    );
    expect((await f.port(network.id, input)).fixed_ips).toEqual([{ subnet_id: subnet.id, ip_address: '10.0.0.9' }]);
  });
});

describe('DHCP options', () => {
  const option = (opt_name: string, opt_value: string | null, ip_version: 4 | 6 = 4) => ({
    opt_name,
    opt_value,
    ip_version,
  });

  it('are set, replaced and taken away one by one', () => {
    const current = [option('a', '1'), option('b', '2'), option('b', '6', 6)] as Parameters<typeof mergeOptions>[0];
    const merged = mergeOptions(current, [option('a', null), option('b', '3'), option('c', '4')]);
    expect(merged).toEqual([option('b', '3'), option('b', '6', 6), option('c', '4')]);
  });

  it('are refused when one is named twice', () => {
    expect(() => mergeOptions([], [option('a', '1'), option('a', '2')])).toThrow(/more than once/);
  });
});

describe('MACs', () => {
  it.each([
    ['fa:16:3e:00:00:00', 'fa:16:3e:80:80:80'],
    ['FA:16:3E:4F:00:00', 'fa:16:3e:4f:80:80'],
  ])('keep the start of %s', (base, mac) => expect(generateMac(base, () => 0.5)).toBe(mac));
});
