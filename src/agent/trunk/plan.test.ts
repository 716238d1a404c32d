import { describe, expect, it } from 'vitest';
import { describeOperation } from '../../linux/contract.ts';
import { FakeHost } from '../../linux/fake/host.ts';
import { asParentsAllow, deriveTrunk, foreignDevices, planTrunk } from './plan.ts';
import type { Trunk } from './trunk.ts';

const id = (digit: string) =>
  `${digit.repeat(8)}-${digit.repeat(4)}-4${digit.repeat(3)}-8${digit.repeat(3)}-${digit.repeat(12)}`;
const tapOf = (digit: string) => `tap${id(digit).slice(0, 11)}`;
const parent = tapOf('a');

const trunk = (...carried: [digit: string, vid: number, type?: string][]): Trunk => ({
  id: 't',
  portId: id('a'),
  status: 'DOWN',
  subPorts: carried.map(([digit, segmentation_id, segmentation_type = 'vlan']) => ({
    ...{ port_id: id(digit), trunk_id: 't', segmentation_type, segmentation_id },
  })),
});

function host(...vlans: [digit: string, vid: number, link?: string][]): FakeHost {
  const fake = new FakeHost();
  for (const digit of ['a', 'b']) fake.addTap(tapOf(digit), { up: true });
  for (const [digit, vid, link = parent] of vlans) {
    fake.root.give(tapOf(digit), { kind: 'vlan', vlan: { link, vid, protocol: '802.1Q' } });
  }
  return fake;
}

async function planned(fake: FakeHost, wanted: Trunk): Promise<string[]> {
  const operations = planTrunk(parent, deriveTrunk(wanted).vlans, await fake.readNetwork());
  await fake.apply(operations);
  expect(planTrunk(parent, deriveTrunk(wanted).vlans, await fake.readNetwork())).toEqual([]);
  return operations.map(describeOperation);
}

const ipv6Off = (digit: string) => `sysctl key=net/ipv6/conf/${tapOf(digit)}/disable_ipv6 value=1`;

describe('the plan of a trunk', () => {
  it('makes a VLAN device of each sub-port, and nothing when they are there', async () => {
    const fake = host();
    expect(await planned(fake, trunk(['1', 100], ['2', 101]))).toEqual([
      `ensure_vlan name=${tapOf('1')} link=${parent} vid=100`,
      ipv6Off('1'),
      `ensure_vlan name=${tapOf('2')} link=${parent} vid=101`,
      ipv6Off('2'),
    ]);
  });

  it('removes what is no sub-port any more, and leaves what is not ours', async () => {
    const fake = host(['1', 100], ['2', 101]);
    fake.root.give('eth0.7', { kind: 'vlan', vlan: { link: parent, vid: 7, protocol: '802.1Q' } });
    fake.root.give(tapOf('9'), { kind: 'vlan', vlan: { link: tapOf('b'), vid: 7, protocol: '802.1Q' } });
    expect(await planned(fake, trunk(['2', 101]))).toEqual([`delete_link name=${tapOf('1')}`]);
    expect(await planned(fake, trunk())).toEqual([`delete_link name=${tapOf('2')}`]);
  });

  it('lets two sub-ports change their VLANs', async () => {
    expect(await planned(host(['1', 100], ['2', 101]), trunk(['1', 101], ['2', 100]))).toEqual([
      `delete_link name=${tapOf('1')}`,
      `delete_link name=${tapOf('2')}`,
      `ensure_vlan name=${tapOf('1')} link=${parent} vid=101`,
      ipv6Off('1'),
      `ensure_vlan name=${tapOf('2')} link=${parent} vid=100`,
      ipv6Off('2'),
    ]);
  });

  it('moves a sub-port from one parent to another, whichever trunk is looked at first', async () => {
    const fake = host(['1', 100, tapOf('b')]);
    const state = await fake.readNetwork();
    const wanted = new Set([tapOf('1')]);
    expect(planTrunk(tapOf('b'), [], state, wanted)).toEqual([]);
    expect((await planned(fake, trunk(['1', 100])))[0]).toBe(`delete_link name=${tapOf('1')}`);
  });

  it('knows what cannot be', async () => {
    const fake = host();
    fake.addTap(tapOf('1'));
    const { vlans, problems } = deriveTrunk(trunk(['1', 100], ['2', 5, 'vxlan']));
    expect(Object.fromEntries(problems)).toEqual({ [tapOf('2')]: 'sub-ports of type vxlan are not known here' });
    expect([...foreignDevices(vlans, await fake.readNetwork()).keys()]).toEqual([tapOf('1')]);
    const twins = trunk(['1', 100]);
    const other = { ...twins.subPorts[0]!, port_id: `${id('1').slice(0, -1)}2`, segmentation_id: 101 };
    const derived = deriveTrunk({ ...twins, subPorts: [...twins.subPorts, other] });
    expect(derived.vlans).toHaveLength(1);
    expect([...derived.problems.values()]).toEqual([
      `ports ${id('1')} and ${other.port_id} would have the same device`,
    ]);
  });
});

describe('taps', () => {
  const tap = (digit: string, up = true, mtu = 1500) => [tapOf(digit), { name: tapOf(digit), up, mtu }] as const;

  it('of sub-ports come behind their parents, and are up and as wide as these let them', async () => {
    const state = await host(['1', 100]).readNetwork();
    const allowed = (...taps: ReturnType<typeof tap>[]) => [...asParentsAllow(new Map(taps), state).values()];
    expect(allowed(tap('1'), tap('a', false))).toEqual([tap('a', false)[1], tap('1', false)[1]]);
    expect(allowed(tap('1'), tap('a', true, 1400))).toEqual([tap('a', true, 1400)[1], tap('1', true, 1400)[1]]);
    expect(allowed(tap('1', false), tap('a'))).toEqual([tap('a')[1], tap('1', false)[1]]);
    expect(allowed(tap('1'))).toEqual([tap('1')[1]]);
    const others = new Map([tap('b')]);
    expect(asParentsAllow(others, state)).toBe(others);
  });
});
