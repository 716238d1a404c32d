import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WireRule } from '../../../rpc/contract.ts';
import type { FirewallPort, FirewallState, Members } from '../contract.ts';
import { testPort, testState } from '../testing.ts';
import { A, B, firewall, picture, well } from './driver-testing.ts';
import { FakeFirewallHost } from './testing.ts';

describe('any two states', () => {
  const rule: fc.Arbitrary<WireRule> = fc.record(
    {
      direction: fc.constantFrom('ingress', 'egress'),
      ethertype: fc.constantFrom('IPv4', 'IPv6'),
      protocol: fc.constantFrom('tcp', 'udp', '6'),
      port_range_min: fc.integer({ min: 1, max: 4 }),
      port_range_max: fc.integer({ min: 4, max: 5 }),
    },
    { requiredKeys: ['direction', 'ethertype', 'protocol'] },
  );
  const remote: fc.Arbitrary<WireRule> = fc.record({
    direction: fc.constantFrom('ingress', 'egress'),
    ethertype: fc.constantFrom('IPv4', 'IPv6'),
    remote_group_id: fc.constantFrom(A, B),
  });
  const group = (stateful: boolean) =>
    fc.array(fc.oneof(rule, remote), { maxLength: 6 }).map((rules) => rules.map((one) => ({ ...one, stateful })));
  const port = (n: number): fc.Arbitrary<FirewallPort> =>
    fc
      .record({
        filter: fc.constantFrom('filtered', 'filtered', 'filtered', 'open', 'closed'),
        bridge: fc.constantFrom('brq11111111-11', 'brq22222222-22'),
        groups: fc.subarray([A, B]),
        fixedIps: fc.subarray([`10.0.0.${n}`, `fd00::${n}`]),
      })
      .map((more) => testPort(n, more));
  const members: fc.Arbitrary<Members> = fc.record({
    IPv4: fc.subarray(['10.0.0.1', '10.0.0.2', '0.0.0.0/0']).map((ips) => ips.map((ip): [string, null] => [ip, null])),
    IPv6: fc.subarray(['fd00::1', 'fd01::/64']).map((ips) => ips.map((ip): [string, null] => [ip, null])),
  });
  const state: fc.Arbitrary<FirewallState> = fc
    .record({
      ports: fc.tuple(...[1, 2, 11, 13].map((n) => fc.option(port(n)))),
      a: group(true),
      b: group(false),
      ma: members,
      mb: members,
    })
    .map(({ ports, a, b, ma, mb }) =>
      testState(
        ports.flatMap((one) => one ?? []),
        { [A]: a, [B]: b },
        { [A]: ma, [B]: mb },
      ),
    );

  it('one after the other give what the second gives alone, and a look finds nothing to do', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(state, { minLength: 2, maxLength: 4 }), fc.boolean(), async (states, sets) => {
        const host = new FakeFirewallHost();
        const driver = firewall(host, { sets });
        for (const one of states) expect(await driver.apply(one, () => false)).toEqual(well);
        const alone = new FakeFirewallHost();
        // Zones stay as they were given.
        const last = states.at(-1)!;
        alone[4].tables.set(
          'raw',
          new Map([...host[4].tables.get('raw')!].map(([name, bodies]) => [name, [...bodies]])),
        );
        await firewall(alone, { sets }).apply(last, () => false);
        expect(picture(host)).toEqual(picture(alone));
        host.takeWrites();
        driver.distrust();
        await driver.apply(last, () => false);
        expect(host.takeWrites()).toEqual([]);
      }),
    );
  });
});
