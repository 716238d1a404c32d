import { describe, expect, it } from 'vitest';
import { FakeHost } from '../../linux/fake/host.ts';
import type { ExplainRequest, NetworkInfo } from '../../rpc/contract.ts';
import { explainNetwork, explainPort, withCounters } from './explain.ts';
import type { BridgeConfig } from './options.ts';

const tap = 'tapaaaaaaaa-aa';
const brq = 'brq11111111-11';
const config: BridgeConfig = {
  ...{ interfaces: new Map([['public', 'eth1']]), bridges: new Map(), filtering: false },
  ...{ vxlan: null, lacking: new Map() },
};
const request = (physical: string | null = 'public') =>
  ({
    port: {
      id: 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa',
      network_id: '11111111-1111-4111-8111-111111111111',
      admin_state_up: true,
      device_owner: 'compute:nova',
    },
    network: { mtu: 1500, segments: [{ network_type: physical ? 'flat' : 'local', physical_network: physical }] },
  }) as unknown as ExplainRequest;

async function explain(host: FakeHost, options: { physical?: string | null; closed?: string } = {}) {
  const physical = options.physical === undefined ? 'public' : options.physical;
  const steps = explainPort(request(physical), await host.readNetwork(), config, options.closed ?? null);
  return Object.fromEntries(steps.map((step) => [step.step, step]));
}

function working(): FakeHost {
  const host = new FakeHost();
  host.root.give(brq, { kind: 'bridge' });
  host.addNic('eth1', { master: brq });
  host.addTap(tap, { up: true, master: brq });
  return host;
}

it('a port that works', async () => {
  const steps = await explain(working());
  expect(Object.values(steps).map(({ step, state }) => `${step} ${state}`)).toEqual([
    'tap ok',
    'tap_in_bridge ok',
    'bridge ok',
    'nic ok',
    'firewall ok',
  ]);
});

describe('names the fault and what to do', () => {
  it.each<[string, (host: FakeHost) => void, string, object]>([
    ['no tap', (host) => host.removeLink(tap), 'tap', { state: 'waiting', found: 'no such device' }],
    [
      'tap down',
      (host) => host.root.apply({ op: 'set_down', name: tap }),
      'tap',
      { state: 'fault', found: `device ${tap}, down` },
    ],
    [
      'tap elsewhere',
      (host) => host.root.apply({ op: 'set_master', name: tap, master: null }),
      'tap_in_bridge',
      { state: 'fault', found: `${tap} in no bridge`, remedy: `ip link set ${tap} master ${brq}` },
    ],
    [
      'bridge down',
      (host) => host.root.apply({ op: 'set_down', name: brq }),
      'bridge',
      { state: 'fault', remedy: `ip link set ${brq} up` },
    ],
    ['no bridge', (host) => host.removeLink(brq), 'bridge', { state: 'waiting', found: 'no such bridge' }],
    [
      'card elsewhere',
      (host) => host.root.apply({ op: 'set_master', name: 'eth1', master: null }),
      'nic',
      { state: 'fault', found: 'eth1 in no bridge, up with carrier' },
    ],
    ['no card', (host) => host.removeLink('eth1'), 'nic', { state: 'fault', found: 'there is no eth1' }],
  ])('%s', async (_, breakIt, step, expected) => {
    const host = working();
    breakIt(host);
    expect((await explain(host))[step]).toMatchObject(expected);
  });

  it('a network this host does not reach', async () => {
    expect(await explain(working(), { physical: 'elsewhere' })).toMatchObject({
      bridge: expect.objectContaining({
        state: 'fault',
        found: expect.stringContaining('elsewhere is mapped to no interface'),
      }),
    });
  });

  it('a port that is closed', async () => {
    expect((await explain(working(), { closed: 'no rules' })).firewall).toMatchObject({ state: 'fault' });
  });
});

it('a network that stays on the host has no card', async () => {
  expect((await explain(working(), { physical: null })).nic).toMatchObject({ state: 'not_applicable' });
});

describe('a network', () => {
  const ids = ['aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa', 'bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb'];
  const network = {
    ...{ id: '11111111-1111-4111-8111-111111111111', mtu: 1500 },
    segments: [{ network_type: 'flat', physical_network: 'public' }],
  } as unknown as NetworkInfo;

  it('has its bridge, its way out and the taps of its ports', async () => {
    const host = working();
    const told = async (port_ids: string[]) => explainNetwork({ network, port_ids }, await host.readNetwork(), config);
    expect((await told(ids.slice(0, 1))).map(({ step, state, device }) => [step, state, device])).toEqual([
      ['taps', 'ok', undefined],
      ['bridge', 'ok', brq],
      ['nic', 'ok', 'eth1'],
    ]);
    expect((await told(ids))[0]).toMatchObject({
      ...{ state: 'waiting', expected: `the taps of 2 ports in bridge ${brq}` },
      found: `1 of 2; missing: tapbbbbbbbb-bb (port ${ids[1]})`,
      remedy: `neutrino explain port ${ids[1]}`,
    });
  });

  it('that this host cannot serve says why', async () => {
    const elsewhere = { ...network, segments: [{ network_type: 'flat', physical_network: 'other' }] } as NetworkInfo;
    const steps = explainNetwork({ network: elsewhere, port_ids: ids }, await working().readNetwork(), config);
    expect(steps).toMatchObject([
      { step: 'bridge', state: 'fault', found: expect.stringContaining('mapped to no interface') },
    ]);
  });
});

it('devices have what the kernel counted at them', async () => {
  const steps = explainPort(request(), await working().readNetwork(), config, null);
  const counted = { rx_packets: 1, rx_bytes: 60, rx_dropped: 0, tx_packets: 2, tx_bytes: 120, tx_dropped: 0 };
  const told = withCounters(steps, new Map([[tap, counted]]));
  expect(told.filter(({ counters }) => counters)).toMatchObject([{ step: 'tap', counters: counted }]);
});
