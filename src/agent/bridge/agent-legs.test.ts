import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bridgeName, tapName } from '../../lib/names.ts';
import { AgentBench, deviceDetails, idOf } from './testing.ts';

const brq = bridgeName(idOf(1));
const [one, two, three] = [idOf(5), idOf(6), idOf(7)];
const vlan = { network_type: 'vlan', physical_network: 'physnet1', segmentation_id: 100 };
const vxlan = { network_type: 'vxlan', segmentation_id: 77, mtu: 1450 };
const mapped = { linuxBridge: { physical_interface_mappings: ['physnet1:eth1', 'physnet2:eth2'] } };

let bench: AgentBench;
beforeEach(() => {
  bench = new AgentBench();
  bench.host.addNic('eth1', { mac: '52:54:00:00:00:01', addresses: ['10.0.0.1/24'] });
  bench.host.addNic('eth2');
});
afterEach(() => bench.close());

const lines = () => bench.host.print();
const problems = () => bench.log.filter(({ message }) => message === 'A device cannot be served').map((l) => l.fields);

describe('a VLAN network', () => {
  it('has its leg as long as it has a port here', async () => {
    await bench.start(mapped);
    const before = lines();
    await bench.plug(deviceDetails(one, vlan));
    expect(lines()).toContain(
      `${brq} bridge up mtu 1500\n  eth1.100 vlan up mtu 1500\n  ${tapName(one)} tun up mtu 1500\neth1 up`,
    );
    expect(bench.host.root.sysctls.get('net/ipv6/conf/eth1.100/disable_ipv6')).toBe('1');
    expect(bench.host.root.read().links.get('eth1.100')?.alias).toBe(`network:${idOf(1)}`);
    expect(bench.transport.argsOf('update_device_up').map(({ device }) => device)).toEqual([tapName(one)]);
    await bench.plug(deviceDetails(two, vlan));
    await bench.unplug(tapName(one));
    expect(lines()).toContain('eth1.100');
    await bench.unplug(tapName(two));
    expect(lines()).toBe(`${brq} bridge up mtu 1500\n${before}`);
  });

  it('leaves everything as it is when the agent starts again', async () => {
    await bench.start(mapped);
    await bench.plug(deviceDetails(one, vlan));
    bench.host.applied.length = 0;
    await bench.start(mapped);
    expect(bench.host.applied).toEqual([]);
  });

  it('keeps its leg while the server cannot be asked, and while its tap is unknown', async () => {
    await bench.start(mapped);
    await bench.plug(deviceDetails(one, vlan));
    bench.isServerAway = true;
    await bench.start(mapped);
    expect(lines()).toContain('eth1.100');
    bench.isServerAway = false;
    bench.known.clear();
    await bench.start(mapped);
    expect(lines()).toContain('eth1.100');
  });

  it('loses its leg when the last port went while no agent ran', async () => {
    await bench.start(mapped);
    await bench.plug(deviceDetails(one, vlan));
    await bench.close();
    bench.host.removeLink(tapName(one));
    await bench.start(mapped);
    expect(lines()).not.toContain('eth1.100');
  });

  it('has bridge and leg removed when it is deleted', async () => {
    await bench.start(mapped);
    const before = lines();
    await bench.plug(deviceDetails(one, vlan));
    await bench.tell('network_delete', { network_id: idOf(1) });
    await bench.unplug(tapName(one));
    expect(lines()).toBe(before);
  });

  it('gets another leg with another segment', async () => {
    await bench.start(mapped);
    await bench.plug(deviceDetails(one, vlan));
    bench.known.set(tapName(one), deviceDetails(one, { ...vlan, segmentation_id: 200, physical_network: 'physnet2' }));
    await bench.tell('network_update', { network: { id: idOf(1) } });
    await bench.settle();
    expect(lines()).toContain(`${brq} bridge up mtu 1500\n  eth2.200 vlan up mtu 1500\n  ${tapName(one)}`);
    expect(lines()).not.toContain('eth1.100');
  });

  it.each<[string, () => void]>([
    ['deleted', () => bench.host.removeLink('eth1.100')],
    ['taken out of its bridge', () => bench.host.root.apply({ op: 'set_master', name: 'eth1.100', master: null })],
    ['set down', () => bench.host.root.apply({ op: 'set_down', name: 'eth1.100' })],
    ['made narrower', () => bench.host.root.apply({ op: 'set_mtu', name: 'eth1.100', mtu: 1000 })],
  ])('has its leg mended when it was %s by hand', async (_, breakIt) => {
    await bench.start(mapped);
    await bench.plug(deviceDetails(one, vlan));
    const before = lines();
    breakIt();
    expect(lines()).not.toBe(before);
    await bench.settle();
    expect(lines()).toBe(before);
    expect(bench.log.map(({ message }) => message)).toContain('The host was not as it should be: mended');
  });

  it('leaves a card down that the operator set down, and its leg with it', async () => {
    await bench.start(mapped);
    await bench.plug(deviceDetails(one, vlan));
    bench.host.root.apply({ op: 'set_down', name: 'eth1' });
    await bench.settle();
    expect(bench.host.root.read().links.get('eth1.100')?.up).toBe(false);
    bench.host.root.apply({ op: 'set_up', name: 'eth1' });
    await bench.settle();
    expect(bench.host.root.read().links.get('eth1.100')?.up).toBe(true);
  });

  it('gets its leg again when its card comes back', async () => {
    await bench.start(mapped);
    await bench.plug(deviceDetails(one, vlan));
    bench.host.removeLink('eth1');
    await bench.settle();
    expect(problems()).toMatchObject([
      { reason: expect.stringMatching(/^there is no interface eth1 on this host now/) },
    ]);
    await bench.plug(deviceDetails(two, vlan));
    expect(bench.transport.argsOf('update_device_down').map(({ device }) => device)).toEqual([tapName(two)]);
    bench.host.addNic('eth1', { up: false });
    await bench.settle();
    expect(lines()).toContain(`${brq} bridge up mtu 1500\n  eth1.100 vlan up mtu 1500\n  ${tapName(one)}`);
    const up = bench.transport.argsOf('update_device_up').map(({ device }) => device);
    expect(up).toEqual([tapName(one), tapName(two)]);
  });

  it('is as wide as its card where that is narrower, and a tap as the network', async () => {
    await bench.start(mapped);
    await bench.plug(deviceDetails(one, { ...vlan, mtu: 9000 }));
    expect(lines()).toContain(
      `${brq} bridge up mtu 9000\n  eth1.100 vlan up mtu 1500\n  ${tapName(one)} tun up mtu 9000`,
    );
    bench.host.root.apply({ op: 'set_mtu', name: 'eth1', mtu: 9000 });
    await bench.settle();
    expect(lines()).toContain('eth1.100 vlan up mtu 9000');
  });

  it('takes a VLAN device that is there, with what the host has on it, and leaves it as it was', async () => {
    const own = { vlan: { link: 'eth1', vid: 100, protocol: '802.1Q' }, kind: 'vlan', mac: '52:54:00:00:00:01' };
    bench.host.root.give('eth1.100', { ...own, addresses: ['10.100.0.1/24'] });
    await bench.start(mapped);
    await bench.plug(deviceDetails(one, vlan));
    expect(lines()).toContain(`${brq} bridge up mtu 1500 10.100.0.1/24\n  eth1.100 vlan up mtu 1500\n`);
    await bench.unplug(tapName(one));
    expect(lines()).toContain(`${brq} bridge up mtu 1500 10.100.0.1/24\n  eth1.100 vlan up mtu 1500`);
    await bench.tell('network_delete', { network_id: idOf(1) });
    await bench.settle();
    expect(lines()).toContain('eth1.100 vlan up mtu 1500 10.100.0.1/24');
  });

  it.each<[string, object, RegExp]>([
    [
      'of another id',
      { kind: 'vlan', vlan: { link: 'eth1', vid: 7, protocol: '802.1Q' } },
      /^eth1\.100 is there and is not VLAN 100 of eth1/,
    ],
    ['of another kind', { kind: 'dummy' }, /^eth1\.100 is there and is not VLAN 100 of eth1/],
    [
      'of a provider bridge',
      { kind: 'vlan', vlan: { link: 'eth1', vid: 100, protocol: '802.1ad' } },
      /is not VLAN 100 of eth1/,
    ],
  ])('whose name a device %s has is an error of its own ports', async (_, other, reason) => {
    bench.host.root.give('eth1.100', other);
    await bench.start(mapped);
    await bench.plug(deviceDetails(one, vlan));
    const other2 = { ...vlan, segmentation_id: 200, network_id: idOf(2) };
    await bench.plug(deviceDetails(two, other2));
    expect(problems()).toMatchObject([{ device: tapName(one), reason: expect.stringMatching(reason) }]);
    expect(lines()).toContain('eth1.200');
    expect(bench.transport.argsOf('update_device_down').map(({ device }) => device)).toEqual([tapName(one)]);
  });

  it('whose VLAN another device has is an error too', async () => {
    bench.host.root.give('storage', { kind: 'vlan', vlan: { link: 'eth1', vid: 100, protocol: '802.1Q' } });
    await bench.start(mapped);
    await bench.plug(deviceDetails(one, vlan));
    expect(problems()).toMatchObject([
      { reason: expect.stringMatching(/^VLAN 100 of eth1 is taken by the device storage/) },
    ]);
  });

  it('is served beside others with their own VLANs, cards and the same tap names of none', async () => {
    await bench.start(mapped);
    await bench.plug(deviceDetails(one, vlan));
    await bench.plug(deviceDetails(two, { ...vlan, network_id: idOf(2), segmentation_id: 101 }));
    await bench.plug(deviceDetails(three, { ...vlan, network_id: idOf(3), physical_network: 'physnet2' }));
    const masters = new Map([...bench.host.root.read().links].map(([name, { master }]) => [name, master]));
    expect(masters.get('eth1.100')).toBe(bridgeName(idOf(1)));
    expect(masters.get('eth1.101')).toBe(bridgeName(idOf(2)));
    expect(masters.get('eth2.100')).toBe(bridgeName(idOf(3)));
  });

  it('cannot be kept apart in a bridge of the operator', async () => {
    bench.host.root.give('br-ex', { kind: 'bridge' });
    await bench.start({ linuxBridge: { bridge_mappings: ['physnet1:br-ex'] } });
    await bench.plug(deviceDetails(one, vlan));
    expect(problems()).toMatchObject([
      { reason: expect.stringContaining('only to a bridge, which cannot keep VLANs apart') },
    ]);
    expect(bench.host.root.read().links.get(tapName(one))?.master).toBeNull();
  });

  it('is not offered by a kernel without VLANs, and an error of ports that were bound before', async () => {
    bench.host.root.withoutKinds.add('vlan');
    await bench.start(mapped);
    const { configurations } = bench.transport.argsOf('report_state')[0].agent_state.agent_state;
    expect(configurations.network_types).toEqual(['local', 'flat']);
    expect(configurations.unserved_network_types.vlan).toMatch(
      /^the kernel has no VLAN devices: load its module 8021q/,
    );
    await bench.plug(deviceDetails(one, vlan));
    await bench.plug(deviceDetails(two, { network_id: idOf(2) }));
    expect(problems()).toMatchObject([
      { device: tapName(one), reason: expect.stringMatching(/^the kernel has no VLAN devices/) },
    ]);
    expect(bench.transport.argsOf('update_device_up').map(({ device }) => device)).toEqual([tapName(two)]);
  });
});

describe('a VXLAN network', () => {
  const multicast = { ...mapped, vxlan: { local_ip: '10.0.0.1', vxlan_group: '239.0.0.0/8', ttl: 4 } };
  const unicast = { vxlan: { local_ip: '10.0.0.1', l2_population: true, arp_responder: true, udp_dstport: 4789 } };

  it('has its leg as long as it has a port here', async () => {
    await bench.start(multicast);
    await bench.plug(deviceDetails(one, vxlan));
    expect(lines()).toContain(
      `${brq} bridge up mtu 1450\n  ${tapName(one)} tun up mtu 1450\n  vxlan-77 vxlan up mtu 1450`,
    );
    expect(bench.host.root.read().links.get('vxlan-77')?.vxlan).toEqual({
      ...{ vni: 77, link: 'eth1', local: null, group: '239.0.0.77', port: 8472, sourcePorts: [0, 0] },
      ...{ ttl: 4, tos: 0, proxy: false },
    });
    await bench.unplug(tapName(one));
    expect(lines()).not.toContain('vxlan');
  });

  it('says what this host serves', async () => {
    await bench.start(unicast);
    expect(bench.transport.argsOf('report_state')[0].agent_state.agent_state.configurations).toMatchObject({
      ...{ tunneling_ip: '10.0.0.1', tunnel_types: ['vxlan'], l2_population: true },
      network_types: ['local', 'flat', 'vlan'],
    });
  });

  it('has a leg that answers for others where the server says who they are', async () => {
    await bench.start(unicast);
    await bench.plug(deviceDetails(one, vxlan));
    expect(bench.host.root.read().links.get('vxlan-77')?.vxlan).toMatchObject({
      ...{ local: '10.0.0.1', group: null, port: 4789, proxy: true },
    });
  });

  it('has its leg made anew when the configuration says otherwise, and not else', async () => {
    await bench.start(multicast);
    await bench.plug(deviceDetails(one, vxlan));
    bench.host.applied.length = 0;
    await bench.start(multicast);
    expect(bench.host.applied).toEqual([]);
    await bench.start(unicast);
    expect(bench.host.applied).toContain('delete_link name=vxlan-77');
    expect(bench.host.root.read().links.get('vxlan-77')).toMatchObject({ master: brq, up: true, mtu: 1450 });
    expect(bench.host.root.read().links.get('vxlan-77')?.vxlan?.port).toBe(4789);
  });

  it("follows the host's address into the bridge of its card, and keeps what it knows of its peers", async () => {
    await bench.start({ ...unicast, ...mapped });
    await bench.plug(deviceDetails(one, vxlan));
    bench.host.applied.length = 0;
    await bench.plug(deviceDetails(two, { network_id: idOf(2), network_type: 'flat', physical_network: 'physnet1' }));
    expect(bench.host.root.read().links.get('vxlan-77')?.vxlan?.link).toBe(bridgeName(idOf(2)));
    expect(bench.host.applied.join('\n')).toMatch(/move_vxlan name=vxlan-77/);
    expect(bench.host.applied.join('\n')).not.toMatch(/delete_link/);
  });

  it('too wide for the way is an error of its own ports, and leaves no device', async () => {
    await bench.start(multicast);
    await bench.plug(deviceDetails(one, { ...vxlan, mtu: 1451 }));
    await bench.plug(deviceDetails(two, { ...vxlan, network_id: idOf(2), segmentation_id: 78 }));
    expect(problems()).toMatchObject([
      {
        device: tapName(one),
        reason: expect.stringMatching(/^MTU 1451 of the network does not fit through eth1: at most 1450/),
      },
    ]);
    expect(lines()).toContain('vxlan-78');
    expect(lines()).not.toContain('vxlan-77');
    bench.host.root.apply({ op: 'set_mtu', name: 'eth1', mtu: 1600 });
    await bench.settle();
    expect(lines()).toContain('vxlan-77 vxlan up mtu 1451');
    expect(bench.transport.argsOf('update_device_up').map(({ device }) => device)).toEqual([
      tapName(two),
      tapName(one),
    ]);
  });

  it('stays as it is while the address of the tunnels is away', async () => {
    await bench.start(unicast);
    await bench.plug(deviceDetails(one, vxlan));
    const before = lines();
    bench.host.root.apply({ op: 'delete_address', device: 'eth1', cidr: '10.0.0.1/24' });
    await bench.tell('network_update', { network: { id: idOf(1) } });
    await bench.settle();
    expect(problems()).toMatchObject([{ reason: expect.stringMatching(/local_ip 10\.0\.0\.1 is on no device/) }]);
    bench.host.root.apply({ op: 'add_address', device: 'eth1', cidr: '10.0.0.1/24' });
    expect(lines()).toBe(before);
  });

  it('is an error of its ports on a host that takes no part', async () => {
    await bench.start(mapped);
    await bench.plug(deviceDetails(one, vxlan));
    expect(problems()).toMatchObject([{ reason: expect.stringMatching(/^this host takes no part in VXLAN networks/) }]);
  });

  it.each<[string, object, RegExp]>([
    [
      'an address that is nowhere',
      { local_ip: '10.9.9.9' },
      /^\[vxlan\] local_ip: no device of this host has the address 10\.9\.9\.9$/,
    ],
    ['no address', { l2_population: true }, /^\[vxlan\] local_ip: is not set/],
  ])('keeps an agent with %s from starting', async (_, options, message) => {
    await expect(bench.start({ vxlan: options })).rejects.toThrow(message);
  });

  it('keeps an agent from starting on a kernel that cannot', async () => {
    bench.host.root.withoutKinds.add('vxlan');
    await expect(bench.start(unicast)).rejects.toThrow(/^\[vxlan\] enable_vxlan: the kernel has no VXLAN devices/);
  });
});

it('a leg that a crash left outside of any bridge is taken up, or away', async () => {
  await bench.start(mapped);
  const own = { kind: 'vlan', up: false, alias: `network:${idOf(1)}` };
  bench.host.root.give('eth1.100', { ...own, vlan: { link: 'eth1', vid: 100, protocol: '802.1Q' } });
  bench.host.root.give('eth1.101', { ...own, vlan: { link: 'eth1', vid: 101, protocol: '802.1Q' } });
  bench.host.root.give('eth1.102', { ...own, alias: null, vlan: { link: 'eth1', vid: 102, protocol: '802.1Q' } });
  await bench.plug(deviceDetails(one, vlan));
  expect(
    [...bench.host.root.read().links.values()]
      .filter(({ vlan }) => vlan)
      .map(({ name, master, up }) => ({ name, master, up })),
  ).toEqual([
    { name: 'eth1.100', master: brq, up: true },
    { name: 'eth1.102', master: null, up: false },
  ]);
});

it('a VLAN device that is the card of a flat network stays', async () => {
  bench.host.root.give('eth1.100', { kind: 'vlan', vlan: { link: 'eth1', vid: 100, protocol: '802.1Q' } });
  await bench.start({ linuxBridge: { physical_interface_mappings: ['flat1:eth1.100'] } });
  await bench.plug(deviceDetails(one, { network_type: 'flat', physical_network: 'flat1' }));
  await bench.unplug(tapName(one));
  expect(lines()).toContain(`${brq} bridge up mtu 1500\n  eth1.100 vlan up mtu 1500`);
});

it('a dry run shows legs', async () => {
  bench.host.addTap(tapName(one));
  bench.known.set(tapName(one), deviceDetails(one, vlan));
  await bench.prepare(mapped);
  expect(await bench.agent.dryRun()).toEqual(
    expect.arrayContaining(['ensure_vlan name=eth1.100 link=eth1 vid=100', `set_master name=eth1.100 master=${brq}`]),
  );
  expect(bench.host.applied).toEqual([]);
});

it('however many networks cannot have their legs, the others are served', async () => {
  const ports = Array.from({ length: 30 }, (_, index) => {
    const digits = String(index + 20).repeat(4);
    const network = { network_id: `${digits}-1111-4111-8111-111111111111`, segmentation_id: 100 + index };
    return deviceDetails(`${digits}-2222-4111-8111-111111111111`, { ...vlan, ...network });
  });
  for (const details of [...ports, deviceDetails(one)]) {
    bench.known.set(details.device, details);
    bench.host.addTap(details.device);
  }
  bench.host.failOn(({ op }) => (op === 'ensure_vlan' ? 'RTNETLINK answers: Invalid argument' : null));
  await bench.start(mapped);
  expect(bench.reported('update_device_up')).toEqual([tapName(one)]);
  expect(problems()).toHaveLength(30);
});
