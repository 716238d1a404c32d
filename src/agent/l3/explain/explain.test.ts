import { describe, expect, it } from 'vitest';
import type { Link } from '../../../linux/contract.ts';
import type { WireRouter } from '../../../rpc/contract.ts';
import type { RouterState } from '../contract.ts';
import { facts, routerWith } from '../extensions/testing.ts';
import { asObserved, type RouterObserved } from '../kernel/observe.ts';
import { deriveRouter, makeParts } from '../parts.ts';
import { explainFloatingIp, explainRouter, type RouterSight } from './explain.ts';

const qg = 'qg-aaaaaaaa-aa';
const fip = {
  id: 'f1',
  floating_ip_address: '203.0.113.7',
  fixed_ip_address: '10.0.0.5',
  port_id: 'p',
  status: 'ACTIVE',
};

function sightOf(
  change: (observed: RouterObserved, state: RouterState) => RouterObserved | null = (same) => same,
): RouterSight {
  const floating = [{ ...fip, floating_network_id: 'n', router_id: 'r', fixed_ip_address_scope: null }];
  const router = routerWith({ enable_snat: true, _floatingips: floating as unknown as WireRouter['_floatingips'] });
  // Daemons are looked for among the processes of whoever runs the test.
  const options = { ...facts.options, enable_metadata_proxy: false };
  const state = deriveRouter(router, makeParts([]), { ...facts, options })!;
  const taps = [...state.devices.values()].map(
    ({ tap }) => [tap, { name: tap, up: true, master: 'brq1' } as Link] as const,
  );
  return { state, observed: change(asObserved(state), state), links: new Map(taps), counters: new Map(), wishes: [] };
}

function without(observed: RouterObserved, table: 'nat' | 'filter', chain: string, body: RegExp): RouterObserved {
  const chains = observed.rules[4].get(table) as Map<string, string[]>;
  chains.set(
    chain,
    chains.get(chain)!.filter((rule) => !body.test(rule)),
  );
  return observed;
}

const faults = async (sight: RouterSight) =>
  (await explainRouter(sight)).filter(({ state }) => state !== 'ok').map(({ step, found }) => `${step}: ${found}`);

describe('explaining a router on its host', () => {
  it('finds nothing where all is in force, and says what was looked at', async () => {
    const steps = await explainRouter(sightOf());
    expect(steps.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(steps.map(({ step }) => step)).toEqual([
      ...['namespace', 'interface', 'interface_tap', 'gateway', 'gateway_tap', 'settings', 'routes', 'rules'],
      'floating_ips',
    ]);
    expect(steps.every(({ check }) => check)).toBe(true);
  });

  it('counts what came and went at its devices, by their other ends', async () => {
    const sight = sightOf();
    const { tap, name } = [...sight.state.devices.values()].find(({ role }) => role === 'gateway')!;
    const sent = { rx_packets: 7, rx_bytes: 700, rx_dropped: 1 };
    const counters = new Map([[tap, { ...sent, tx_packets: 3, tx_bytes: 300, tx_dropped: 2 }]]);
    const steps = await explainRouter({ ...sight, counters });
    expect(steps.find(({ step }) => step === 'gateway')).toMatchObject({
      device: name,
      counters: { tx_packets: 7, tx_bytes: 700, tx_dropped: 1, rx_packets: 3, rx_bytes: 300, rx_dropped: 2 },
    });
    expect(steps.find(({ step }) => step === 'interface')!.counters).toBeUndefined();
  });

  it('names a namespace that is gone', async () => {
    expect(await faults(sightOf(() => null))).toEqual(['namespace: there is none']);
  });

  it('names a rule that somebody deleted, what it is for and where it is looked for', async () => {
    const sight = sightOf((observed) => without(observed, 'nat', 'neutron-l3-agent-float-snat', /203\.0\.113\.7/));
    const [step] = (await explainRouter(sight)).filter(({ state }) => state === 'fault');
    expect(step).toMatchObject({
      step: 'rule',
      found: 'there is no such rule',
      expected: expect.stringMatching(
        /^iptables -t nat -A neutron-l3-agent-float-snat -s 10\.0\.0\.5\/32 .*203\.0\.113\.7/,
      ),
      cause: expect.stringContaining('203.0.113.7'),
      check: expect.stringContaining('iptables -t nat -S neutron-l3-agent-float-snat'),
      remedy: expect.stringContaining('mends this within a minute'),
    });
  });

  it('names a jump from a chain of the kernel that is gone', async () => {
    const sight = sightOf((observed) => without(observed, 'nat', 'PREROUTING', /./));
    expect((await explainRouter(sight)).find(({ state }) => state === 'fault')!.expected).toBe(
      'iptables -t nat -A PREROUTING -j neutron-l3-agent-PREROUTING',
    );
  });

  it('names a rule of somebody else in a chain of ours, and none beside', async () => {
    const sight = sightOf((observed) => {
      (observed.rules[4].get('filter') as Map<string, string[]>).get('neutron-l3-agent-FORWARD')!.unshift('-j DROP');
      (observed.rules[4].get('filter') as Map<string, string[]>).get('FORWARD')!.push('-j DROP');
      return observed;
    });
    expect(await faults(sight)).toEqual(['rule: -A neutron-l3-agent-FORWARD -j DROP']);
  });

  it('does not name hundreds', async () => {
    const sight = sightOf((observed) => ({ ...observed, rules: { 4: new Map(), 6: new Map() } }));
    const found = await faults(sight);
    expect(found).toHaveLength(10);
    expect(found.at(-1)).toMatch(/and \d+ more like this$/);
  });

  it.each<[string, (sight: RouterSight) => RouterSight, string]>([
    [
      'a device that is gone',
      (sight) => ({ ...sight, observed: { ...sight.observed!, links: new Map() } }),
      'interface: no qr-bbbbbbbb-bb in ',
    ],
    ['a tap that is gone', (sight) => ({ ...sight, links: new Map() }), 'interface_tap: no tapbbbbbbbb-bb on the host'],
    [
      'a tap in no bridge',
      (sight) => ({
        ...sight,
        links: new Map([...sight.links].map(([name, link]) => [name, { ...link, master: null }])),
      }),
      'interface_tap: tapbbbbbbbb-bb is in no bridge',
    ],
    [
      'an address that is gone',
      (sight) => {
        const links = new Map(sight.observed!.links);
        links.set(qg, { ...links.get(qg)!, addresses: [] });
        return { ...sight, observed: { ...sight.observed!, links } };
      },
      'gateway: without ',
    ],
    [
      'a setting that is another',
      (sight) => ({ ...sight, observed: { ...sight.observed!, sysctls: new Map() } }),
      'settings: net/',
    ],
    [
      'what a part would do',
      (sight) => ({ ...sight, wishes: [{ part: 'ndp_proxy', text: 'add proxied neighbour fd01::5' }] }),
      'ndp_proxy: to be done: add proxied neighbour fd01::5',
    ],
  ])('names %s', async (_, change, text) => {
    const [first] = await faults(change(sightOf()));
    expect(first).toContain(text);
  });
});

describe('explaining a floating IP on its host', () => {
  const about = (sight: RouterSight, id = 'f1') => explainFloatingIp(sight, id).filter(({ state }) => state !== 'ok');

  it('finds nothing where all is in force', () => {
    const steps = explainFloatingIp(sightOf(), 'f1');
    expect(steps.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(steps.find(({ step }) => step === 'rules')!.found).toMatch(/^3 rules/);
  });

  it('names its rules, not those of others', () => {
    const sight = sightOf((observed) => ({ ...observed, rules: { 4: new Map(), 6: new Map() } }));
    expect(about(sight).map(({ expected }) => expected)).toSatisfy((rules: string[]) =>
      rules.every((rule) => rule.includes('203.0.113.7')),
    );
  });

  it('names an address that is not on the gateway', () => {
    const sight = sightOf((observed) => {
      const links = new Map(observed.links);
      const gateway = links.get(qg)!;
      links.set(qg, { ...gateway, addresses: gateway.addresses.filter(({ cidr }) => !cidr.startsWith('203.0.113.7')) });
      return { ...observed, links };
    });
    expect(about(sight)[0]!.found).toBe(`203.0.113.7 is not on ${qg}`);
  });

  it('says so when the agent does not know it', () => {
    expect(about(sightOf(), 'other')[0]!.found).toBe('the agent does not know it of this router');
  });
});
