import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../../test/support/eventually.ts';
import type { WireRouter } from '../../../rpc/contract.ts';
import { AddressQosPart } from './address-qos.ts';
import { partBench, routerId, routerWith, versioned } from './testing.ts';

const policyType = { name: 'QosPolicy', version: '1.10' };
const ruleType = { name: 'QosBandwidthLimitRule', version: '1.5' };

function policy(id: string, rules: { direction: string; max_kbps: number; max_burst_kbps?: number }[], revision = 1) {
  const objects = rules.map((rule, index) => versioned(ruleType, { id: `${id}${index}`, max_burst_kbps: 0, ...rule }));
  return { id, revision_number: revision, rules: objects };
}

const policies: Record<string, ReturnType<typeof policy>> = {
  fip: policy('fip', [{ direction: 'egress', max_kbps: 1000, max_burst_kbps: 100 }]),
  net: policy('net', [{ direction: 'ingress', max_kbps: 2000 }]),
};
const fip = {
  id: 'f1',
  floating_ip_address: '203.0.113.7',
  fixed_ip_address: '10.0.0.5',
  port_id: 'p',
  status: 'ACTIVE',
};
const routerOf = (fields: object, changes: Partial<WireRouter> = {}) =>
  routerWith({ _floatingips: [{ ...fip, ...fields }] as unknown as WireRouter['_floatingips'], ...changes });

let part: AddressQosPart;
afterEach(() => part.close());

/** The part, once it knows the policies of a router. */
async function limited(router: WireRouter, options = { floating: true, gateway: true }) {
  part = new AddressQosPart(options);
  const answers = {
    pull: ({ resource_id }: { resource_id: string }) =>
      policies[resource_id] ? versioned(policyType, policies[resource_id]) : null,
  };
  const bench = await partBench(part, { router, answers });
  bench.derive();
  return bench;
}

async function planned(router: WireRouter, options?: { floating: boolean; gateway: boolean }) {
  const bench = await limited(router, options);
  await eventually(() => expect(bench.refreshed).not.toEqual([]));
  return (await bench.plan()).flatMap(({ text }) => text.split('; ').filter((line) => line.includes('action')));
}

describe('addresses of a router', () => {
  it('are limited as the policy of the floating address says, before that of its network', async () => {
    expect(await planned(routerOf({ qos_policy_id: 'fip', qos_network_policy_id: 'net' }))).toEqual([
      expect.stringMatching(/parent 1: .* match ip src 203.0.113.7\/32 action police rate 1000000bit burst 12500b /),
    ]);
  });

  it('are limited as the policy of their network says where they have none', async () => {
    expect(await planned(routerOf({ qos_policy_id: null, qos_network_policy_id: 'net' }))).toEqual([
      expect.stringMatching(
        /parent ffff: .* match ip dst 203.0.113.7\/32 action police rate 2000000bit burst 200000b /,
      ),
    ]);
  });

  it('are limited as the gateway’s policy says where they are its own', async () => {
    const external_gateway_info = { network_id: 'n', enable_snat: true, external_fixed_ips: [], qos_policy_id: 'fip' };
    expect(await planned(routerOf({}, { external_gateway_info }))).toEqual([
      expect.stringContaining('match ip src 203.0.113.5/32'),
    ]);
  });

  it('are left alone by an extension that is not on', async () => {
    const router = routerOf({ qos_policy_id: 'fip' });
    const bench = await limited(router, { floating: false, gateway: true });
    expect(await bench.plan({ fresh: true })).toEqual([]);
    expect(bench.transport.argsOf('pull')).toEqual([]);
  });

  it('stay as they are until the server has said what the policy is', async () => {
    const bench = await limited(routerOf({ qos_policy_id: 'fip' }));
    expect(await bench.plan()).toEqual([]);
  });

  it('follow a policy that is pushed', async () => {
    const bench = await limited(routerOf({ qos_policy_id: 'fip' }));
    await eventually(() => expect(bench.refreshed).not.toEqual([]));
    await bench.push(policyType, policy('fip', [{ direction: 'egress', max_kbps: 3000 }], 2));
    expect(bench.refreshed.at(-1)).toEqual([routerId]);
    expect((await bench.plan())[0]!.text).toContain('rate 3000000bit');
  });

  it('without a policy are looked at once, for what an agent before may have left', async () => {
    const bench = await limited(routerOf({}));
    await bench.plan();
    const before = bench.host.exec.ran.length;
    await bench.plan();
    expect(before).toBeGreaterThan(0);
    expect(bench.host.exec.ran.length).toBe(before);
  });
});
