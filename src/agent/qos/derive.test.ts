import { describe, expect, it } from 'vitest';
import { policyOf, type QosPort, treatmentOf } from './derive.ts';

const port: QosPort = {
  ...{ device: 'tapaaaaaaaa-aa', port_id: 'aaaaaaaa-aaaa', device_owner: 'compute:nova', mtu: 1500 },
  ...{ qos_policy_id: null, qos_network_policy_id: null },
};
const options = { kernelHz: 250, latencyMs: 50 };

describe('the policy of a port', () => {
  it.each([
    { own: null, network: null, owner: 'compute:nova', expected: null },
    { own: 'own', network: 'net', owner: 'compute:nova', expected: 'own' },
    { own: null, network: 'net', owner: 'compute:nova', expected: 'net' },
    { own: null, network: 'net', owner: '', expected: 'net' },
    { own: null, network: 'net', owner: 'network:dhcp', expected: null },
    { own: 'own', network: 'net', owner: 'network:dhcp', expected: 'own' },
    { own: null, network: 'net', owner: 'neutron:LOADBALANCERV2', expected: null },
    { own: null, network: 'net', owner: 'network:router_gateway', expected: 'net' },
    { own: null, network: 'net', owner: 'network:floatingip_agent_gateway', expected: 'net' },
  ])('own $own, network $network, of $owner: $expected', ({ own, network, owner, expected }) => {
    const changes = { qos_policy_id: own, qos_network_policy_id: network, device_owner: owner };
    expect(policyOf({ ...port, ...changes })).toBe(expected);
  });
});

describe('what a policy makes of the traffic', () => {
  const rule = (changes: object) => ({ id: 'r1', type: 'bandwidth_limit', direction: 'egress', ...changes });
  const treated = (...rules: { id: string; type: string }[]) =>
    treatmentOf(port, { id: 'p1', revision: 1, rules }, options);

  it('is nothing without one, or with one that has no rules', () => {
    const nothing = { toGuest: null, fromGuest: null, mark: null, problems: [] };
    expect(treatmentOf(port, null, options)).toMatchObject({ ...nothing, policyId: null });
    expect(treated()).toMatchObject({ ...nothing, policyId: 'p1' });
  });

  it('is a limit for what leaves the guest, and another for what reaches it', () => {
    const { fromGuest, toGuest } = treated(
      rule({ id: 'out', max_kbps: 8000, max_burst_kbps: 800 }),
      rule({ id: 'in', max_kbps: 4000, max_burst_kbps: 400, direction: 'ingress' }),
    );
    expect(fromGuest).toEqual({ rule: 'out', kbps: 8000, rate: 1_000_000, burst: 100_000, limit: 150_000 });
    expect(toGuest).toEqual({ rule: 'in', kbps: 4000, rate: 500_000, burst: 50_000, limit: 75_000 });
  });

  it.each([
    { what: 'of a guest that sends: four fifths of a second', direction: 'egress', max_kbps: 8000, burst: 800_000 },
    { what: 'to a guest: what passes between two ticks', direction: 'ingress', max_kbps: 8000, burst: 4000 },
    { what: 'at least what passes between two ticks', max_kbps: 8000, max_burst_kbps: 16, burst: 4000 },
    { what: 'never less than a frame', max_kbps: 100, max_burst_kbps: 1, burst: 1518 },
    { what: 'never less than a frame, by default', direction: 'ingress', max_kbps: 100, burst: 1518 },
    { what: 'not more than passes in a minute', max_kbps: 8, max_burst_kbps: 2_147_483_647, burst: 60_000 },
    { what: 'nor than fits', max_kbps: 2_147_483_647, max_burst_kbps: 2_147_483_647, burst: 0x7fff_ffff },
  ])('lets pass at once, $what', ({ burst, what: _, ...changes }) => {
    const { fromGuest, toGuest } = treated(rule({ max_burst_kbps: 0, ...changes }));
    expect((fromGuest ?? toGuest)?.burst).toBe(burst);
  });

  it('is a mark', () => {
    expect(treated({ ...rule({ dscp_mark: 26 }), type: 'dscp_marking' }).mark).toEqual({ dscp: 26, rule: 'r1' });
  });

  it('tells what it cannot do, and does the rest', () => {
    const { problems, fromGuest } = treated(
      { id: 'guarantee', type: 'minimum_bandwidth' },
      { ...rule({ id: 'mark', dscp_mark: 64 }), type: 'dscp_marking' },
      rule({ id: 'nothing', direction: 'ingress', max_kbps: 0 }),
      rule({ max_kbps: 1000 }),
    );
    expect(problems).toEqual([
      { rule: 'guarantee', reason: 'rules of type minimum_bandwidth are not enforced by this agent' },
      { rule: 'mark', reason: 'rules of type dscp_marking are not enforced by this agent' },
      { rule: 'nothing', reason: 'a limit of 0 kbit/s is not enforced' },
    ]);
    expect(fromGuest?.kbps).toBe(1000);
  });
});
