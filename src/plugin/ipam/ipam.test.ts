import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addressKey, eui64, formatAddress, parseAddress } from '../../lib/ip/address.ts';
import { parseCidr } from '../../lib/ip/cidr.ts';
import { all, createFixture, type Fixture, failure, type Network, type Port } from '../fixture.ts';
import { compareAddresses, isEui64Of } from './changes.ts';

let f: Fixture;
let network: Network;
beforeEach(async () => {
  f = await createFixture();
  network = await f.network();
});
afterEach(() => f[Symbol.asyncDispose]());

const addresses = (ports: readonly Port[]) => ports.flatMap(({ fixed_ips }) => fixed_ips.map((ip) => ip.ip_address));
const slaac = { ip_version: 6, cidr: '2001:db8::/64', ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' };

describe('a new port', () => {
  it('has no address where there is no subnet', async () => {
    expect((await f.port(network.id)).fixed_ips).toEqual([]);
  });

  it('has one IPv4 and one IPv6 address, and one of its own making on each automatic subnet', async () => {
    const four = await f.subnet(network.id);
    await f.subnet(network.id, { cidr: '10.0.1.0/24' });
    const auto = await f.subnet(network.id, slaac);
    const six = await f.subnet(network.id, { ip_version: 6, cidr: '2001:db8:1::/64' });
    const port = await f.port(network.id, { mac_address: 'fa:16:3e:00:00:01' });
    expect(port.fixed_ips.map(({ subnet_id }) => subnet_id)).toEqual([four.id, six.id, auto.id]);
    expect(port.fixed_ips[2]!.ip_address).toBe('2001:db8::f816:3eff:fe00:1');
    expect(await f.plugin.collections.ports.get(f.context, port.id)).toMatchObject({ fixed_ips: port.fixed_ips });
  });

  it('has none but those of its own making when it asks for none, as on the real server', async () => {
    await f.subnet(network.id);
    expect((await f.port(network.id, { fixed_ips: [] })).fixed_ips).toEqual([]);
    const auto = await f.subnet(network.id, slaac);
    const port = await f.port(network.id, { fixed_ips: [], mac_address: 'fa:16:3e:00:00:01' });
    expect(port.fixed_ips).toEqual([{ subnet_id: auto.id, ip_address: '2001:db8::f816:3eff:fe00:1' }]);
  });

  it('may hold the first address of an IPv6 subnet only without an owner, or with a router', async () => {
    await f.subnet(network.id, { ip_version: 6, cidr: '2001:db8:1::/64', gateway_ip: null });
    const fixed_ips = [{ ip_address: '2001:db8:1::' }];
    await expect(f.port(network.id, { fixed_ips, device_owner: 'compute:nova' })).rejects.toMatchObject({
      type: 'InvalidIpForNetwork',
    });
    expect(addresses([await f.port(network.id, { fixed_ips })])).toEqual(['2001:db8:1::']);
  });

  it('goes to the next subnet when the first is full', async () => {
    await f.subnet(network.id, { cidr: '10.0.0.0/30' });
    await f.subnet(network.id, { cidr: '10.0.1.0/30' });
    expect(addresses([await f.port(network.id), await f.port(network.id)])).toEqual(['10.0.0.2', '10.0.1.2']);
  });

  it('gets the address it asks for, inside the pools or not', async () => {
    const pools = { allocation_pools: [{ start: '10.0.0.10', end: '10.0.0.20' }] };
    const subnet = await f.subnet(network.id, pools);
    const both = [{ subnet_id: subnet.id, ip_address: '10.0.0.15' }, { ip_address: '10.0.0.200' }];
    expect(addresses([await f.port(network.id, { fixed_ips: both })])).toEqual(['10.0.0.15', '10.0.0.200']);
    const gateway = await f.port(network.id, { fixed_ips: [{ ip_address: '10.0.0.1' }] });
    expect(addresses([gateway])).toEqual(['10.0.0.1']);
  });

  it('may have several addresses of one subnet; those asked for are not given away before', async () => {
    const subnet = await f.subnet(network.id, { cidr: '10.0.0.0/29' });
    const fixed_ips = [{ subnet_id: subnet.id }, { ip_address: '10.0.0.2' }, { subnet_id: subnet.id }];
    const port = await f.port(network.id, { fixed_ips });
    expect(port.fixed_ips[0]!.ip_address).toBe('10.0.0.2');
    expect(new Set(addresses([port])).size).toBe(3);
  });

  it('of a DHCP agent gets the lowest address that is free', async () => {
    const subnet = await f.subnet(network.id);
    await f.port(network.id, { fixed_ips: [{ ip_address: '10.0.0.2' }] });
    const dhcp = { device_owner: 'network:dhcp', fixed_ips: [{ subnet_id: subnet.id }] };
    expect(addresses([await f.port(network.id, dhcp), await f.port(network.id, dhcp)])).toEqual([
      '10.0.0.3',
      '10.0.0.4',
    ]);
  });

  it('has addresses only of subnets for its kind, first of those that name it', async () => {
    await f.subnet(network.id);
    await f.subnet(network.id, { cidr: '10.0.1.0/24', service_types: ['compute:nova'] });
    const owner = { device_owner: 'compute:nova' };
    expect(addresses([await f.port(network.id, owner)])[0]).toMatch(/^10\.0\.1\./);
    expect(addresses([await f.port(network.id)])[0]).toMatch(/^10\.0\.0\./);
    const other = await f.network();
    await f.subnet(other.id, { service_types: ['compute:nova'] });
    expect((await failure(f.port(other.id, { device_owner: 'baremetal:none' }))).type).toBe(
      'IpAddressGenerationFailureNoMatchingSubnet',
    );
  });

  it('is refused addresses of any kind on a network without subnets', async () => {
    for (const wish of [{ ip_address: '10.0.0.60' }, { subnet_id: '00000000-0000-0000-0000-000000000000' }]) {
      expect(await failure(f.port(network.id, { fixed_ips: [wish] }))).toMatchObject({
        type: 'InvalidInput',
        message: 'Invalid input for operation: IP allocation requires subnets for network.',
      });
    }
  });

  it('says which rule it broke', async () => {
    const subnet = await f.subnet(network.id);
    const auto = await f.subnet(network.id, slaac);
    const foreign = await f.subnet((await f.network()).id);
    await f.port(network.id, { fixed_ips: [{ ip_address: '10.0.0.60' }] });
    const nowhere = '00000000-0000-0000-0000-000000000000';
    const cases: [object[], string, string][] = [
      [
        [{ ip_address: '10.0.0.60' }],
        'IpAddressAlreadyAllocated',
        `IP address 10.0.0.60 already allocated in subnet ${subnet.id}`,
      ],
      [
        [{ ip_address: '10.250.0.60' }],
        'InvalidIpForNetwork',
        'IP address 10.250.0.60 is not a valid IP for any of the subnets on the specified network.',
      ],
      [
        [{ subnet_id: subnet.id, ip_address: '10.250.0.60' }],
        'InvalidIpForSubnet',
        'IP address 10.250.0.60 is not a valid IP for the specified subnet.',
      ],
      [
        [{ subnet_id: subnet.id, ip_address: '10.0.0.255' }],
        'InvalidIpForSubnet',
        'IP address 10.0.0.255 is not a valid IP for the specified subnet.',
      ],
      [
        [{ ip_address: '10.0.0.0' }],
        'InvalidIpForNetwork',
        'IP address 10.0.0.0 is not a valid IP for any of the subnets on the specified network.',
      ],
      [[{ subnet_id: nowhere }], 'SubnetNotFound', `Subnet ${nowhere} could not be found.`],
      [
        [{ subnet_id: foreign.id }],
        'InvalidInput',
        `Invalid input for operation: Failed to create port on network ${network.id}, because fixed_ips included invalid subnet ${foreign.id}.`,
      ],
      [
        [{ subnet_id: auto.id, ip_address: '2001:db8::5' }],
        'AllocationOnAutoAddressSubnet',
        `IPv6 address 2001:db8::5 cannot be directly assigned to a port on subnet ${auto.id} as the subnet is configured for automatic addresses`,
      ],
    ];
    for (const [fixed_ips, type, message] of cases) {
      expect(await failure(f.port(network.id, { fixed_ips }))).toEqual({ type, message });
    }
    expect((await all(f.plugin.collections.ports)).length).toBe(1);
  });
});

describe('many at once', () => {
  it('take every address of a subnet exactly once, then get a clean refusal', async () => {
    await f.subnet(network.id, { cidr: '10.0.0.0/24' });
    const results: Promise<Port | string>[] = [];
    const client = async () => {
      for (let i = 0; i < 9; i += 1) {
        const result = f.port(network.id).catch((error: Error) => error.name);
        results.push(result);
        await result;
      }
    };
    await Promise.all(Array.from({ length: 32 }, client));
    const settled = await Promise.all(results);
    const made = settled.filter((result) => typeof result !== 'string');
    expect(new Set(addresses(made)).size).toBe(253);
    expect(made.length).toBe(253);
    expect(new Set(settled.filter((result) => typeof result === 'string'))).toEqual(
      new Set(['IpAddressGenerationFailure']),
    );
    expect(settled.length).toBe(32 * 9);
  });

  it('and two servers on one database still share out each address once', async () => {
    await using second = await createFixture({}, { database: f.database });
    await f.subnet(network.id, { cidr: '10.0.0.0/26' });
    const clients = Array.from({ length: 80 }, (_, i) =>
      (i % 2 ? f : second).port(network.id).catch((error: Error) => error.name),
    );
    const settled = await Promise.all(clients);
    const made = settled.filter((result) => typeof result !== 'string');
    expect(new Set(addresses(made)).size).toBe(61);
    expect(settled.filter((result) => result === 'IpAddressGenerationFailure').length).toBe(19);
  });

  it('get back what others gave up', async () => {
    await f.subnet(network.id, { cidr: '10.0.0.0/29' });
    const ports = await Promise.all(Array.from({ length: 5 }, () => f.port(network.id)));
    expect((await failure(f.port(network.id))).message).toBe(
      `No more IP addresses available on network ${network.id}.`,
    );
    await f.plugin.collections.ports.delete!(f.context, ports[2]!.id);
    expect(addresses([await f.port(network.id)])).toEqual(addresses([ports[2]!]));
  });

  it('in one bulk make all or none', async () => {
    await f.subnet(network.id, { cidr: '10.0.0.0/29' });
    const { ports } = f.plugin.collections;
    const bulk = (count: number) =>
      ports.createBulk!(
        f.context,
        Array.from({ length: count }, () => ({ network_id: network.id, project_id: 'p1' })),
      );
    expect((await failure(bulk(6))).type).toBe('IpAddressGenerationFailure');
    expect(await all(ports)).toEqual([]);
    expect(new Set(addresses(await bulk(5))).size).toBe(5);
  });

  it('find gaps among thousands, in pool order', async () => {
    const pools = [
      { start: '10.0.20.0', end: '10.0.29.255' },
      { start: '10.0.0.10', end: '10.0.0.11' },
    ];
    const subnet = await f.subnet(network.id, { cidr: '10.0.0.0/16', allocation_pools: pools });
    const port = await f.port(network.id, { fixed_ips: [] });
    const start = parseAddress('10.0.20.0')!.value;
    await f.database.transaction(async (tx) => {
      for (let i = 0n; i < 2560n; i += 1n) {
        if (i === 2100n) continue;
        await tx
          .insertInto('ipallocations')
          .values({
            port_id: port.id,
            subnet_id: subnet.id,
            network_id: network.id,
            ip_address: formatAddress(start + i, 4),
            ip_key: addressKey(start + i),
            position: 0,
          })
          .execute();
      }
    });
    const three = [await f.port(network.id), await f.port(network.id), await f.port(network.id)];
    expect(new Set(addresses(three))).toEqual(new Set(['10.0.28.52', '10.0.0.10', '10.0.0.11']));
    expect((await failure(f.port(network.id))).type).toBe('IpAddressGenerationFailure');
  });
});

describe('replacing addresses', () => {
  const ip = (subnet: number, host: number) => ({ subnet_id: `s${subnet}`, ip_address: `10.0.${subnet}.${host}` });
  const fixed = fc.tuple(fc.nat(2), fc.nat(3)).map(([subnet, host]) => ip(subnet, host));
  const unique = fc.uniqueArray(fixed, { selector: ({ ip_address }) => ip_address });

  it('keeps what is named again, removes the rest, adds the new', () => {
    fc.assert(
      fc.property(unique, unique, (current, wanted) => {
        const { keep, remove, add } = compareAddresses(current, wanted, () => false);
        const text = (list: readonly { ip_address?: string }[]) => list.map(({ ip_address }) => ip_address).sort();
        expect(text([...keep, ...remove])).toEqual(text(current));
        expect(text([...keep, ...add])).toEqual(text(wanted));
      }),
    );
  });

  it('keeps an address of a subnet that is named without one, and automatic ones always', () => {
    const current = [ip(0, 1), ip(0, 2), ip(1, 1), ip(2, 1)];
    const { keep, remove, add } = compareAddresses(
      current,
      [{ subnet_id: 's0' }, { ip_address: '10.0.1.1' }, { subnet_id: 's3' }],
      (subnet) => subnet === 's2',
    );
    expect({ keep, remove, add }).toEqual({
      keep: [ip(0, 1), ip(1, 1), ip(2, 1)],
      remove: [ip(0, 2)],
      add: [{ subnet_id: 's3' }],
    });
  });

  it('knows addresses that were made from a MAC', () => {
    const net = parseCidr('2001:db8::/64')!.first;
    const own = formatAddress(eui64(net, 'fa:16:3e:00:00:01'), 6);
    expect(isEui64Of(own, 'fa:16:3e:00:00:01')).toBe(true);
    expect(isEui64Of(own, 'fa:16:3e:00:00:02')).toBe(false);
    expect(isEui64Of('10.0.0.1', 'fa:16:3e:00:00:01')).toBe(false);
  });

  it('does so for real', async () => {
    const subnet = await f.subnet(network.id);
    await f.subnet(network.id, slaac);
    const port = await f.port(network.id, { mac_address: 'fa:16:3e:00:00:01' });
    const { ports } = f.plugin.collections;
    const auto = '2001:db8::f816:3eff:fe00:1';
    const update = (changes: object) => ports.update!(f.context, port.id, changes as Record<string, unknown>);
    const chosen = await update({ fixed_ips: [{ ip_address: '10.0.0.77' }] });
    expect(new Set(addresses([chosen]))).toEqual(new Set(['10.0.0.77', auto]));
    const same = await update({ fixed_ips: [{ subnet_id: subnet.id }] });
    expect(new Set(addresses([same]))).toEqual(new Set(['10.0.0.77', auto]));
    const moved = await update({ mac_address: 'fa:16:3e:00:00:02' });
    expect(new Set(addresses([moved]))).toEqual(new Set(['10.0.0.77', '2001:db8::f816:3eff:fe00:2']));
    expect(addresses([await update({ fixed_ips: [] })])).toEqual(['2001:db8::f816:3eff:fe00:2']);
    expect(moved.revision_number).toBe(4);
  });
});
