import { describe, expect, it } from 'vitest';
import { FakeHost } from '../../linux/fake/host.ts';
import type { ExplainRequest } from '../../rpc/contract.ts';
import { explainPort } from './explain.ts';
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
