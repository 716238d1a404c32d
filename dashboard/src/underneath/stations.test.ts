import { describe, expect, it } from 'vitest';
import type { Step, StepState } from './explanation.ts';
import { growth, sketchOf, worstOf } from './stations.ts';

const step = (name: string, agent?: Step['agent'], rest: Partial<Step> = {}): Step => ({
  ...{ step: name, state: 'ok', expected: 'a', found: 'a' },
  ...(agent ? { agent, host: 'host1' } : {}),
  ...rest,
});

describe('the sketch of an explanation', () => {
  it('has the way of a packet out of a guest in its order, and who serves it beside', () => {
    const { rows, hosts } = sketchOf({
      steps: [
        step('bound'),
        step('tap', 'bridge', { device: 'tap1', counters: { rx_packets: 3 } }),
        ...['tap_in_bridge', 'bridge', 'leg', 'nic', 'firewall', 'rule'].map((name) => step(name, 'bridge')),
        step('mac_guard', 'bridge'),
        step('dnsmasq', 'dhcp'),
        step('metadata', 'dhcp'),
        step('metadata', 'metadata', { host: 'host2' }),
        step('status'),
      ],
    });
    expect(rows!.steps.map((one) => one.step)).toEqual(['bound', 'status']);
    expect(hosts.map(({ host }) => host)).toEqual(['host1', 'host2']);
    expect(hosts[0]!.way.map(({ kind }) => kind)).toEqual(['tap', 'guards', 'filter', 'bridge', 'leg', 'nic']);
    expect(hosts[0]!.way[0]).toMatchObject({ device: 'tap1', counters: { rx_packets: 3 } });
    expect(hosts[0]!.beside.map(({ kind, steps }) => [kind, steps.length])).toEqual([['dhcp', 2]]);
    expect(hosts[1]!.beside.map(({ kind }) => kind)).toEqual(['metadata']);
  });

  it('has a router by hosts, also where several say the same', () => {
    const of = (host: string) =>
      ['namespace', 'interface', 'gateway', 'rules', 'keepalived', 'ndp_proxy'].map((name) =>
        step(`${name}@${host}`, 'l3', { host }),
      );
    const { hosts } = sketchOf({ steps: [step('connected'), ...of('a'), ...of('b')] });
    expect(hosts.map(({ host }) => host)).toEqual(['a', 'b']);
    expect(hosts[0]!.way.map(({ kind, steps }) => [kind, steps.map((one) => one.step)])).toEqual([
      ['inside', ['interface']],
      ['router', ['namespace', 'rules', 'ndp_proxy']],
      ['gateway', ['gateway']],
    ]);
    expect(hosts[0]!.beside.map(({ kind }) => kind)).toEqual(['daemons']);
  });

  it('says of an agent that does not answer so', () => {
    const { hosts } = sketchOf({ steps: [step('bridge_agent_answer', 'bridge', { state: 'unknown' })] });
    expect(hosts[0]!.beside).toMatchObject([{ kind: 'answer', state: 'unknown' }]);
  });
});

it.each<[StepState[], StepState]>([
  [['ok', 'waiting', 'fault'], 'fault'],
  [['ok', 'waiting', 'not_applicable'], 'waiting'],
  [['waiting', 'unknown'], 'unknown'],
  [['ok', 'not_applicable'], 'ok'],
  [['not_applicable'], 'not_applicable'],
])('of %s the worst is %s', (states, worst) => {
  expect(worstOf(states.map((state) => ({ state })))).toBe(worst);
});

it('tells what grew, and nothing of what began anew', () => {
  expect(growth({ packets: 3, bytes: 100 }, { packets: 5, bytes: 100 })).toEqual({ packets: 2 });
  expect(growth({ packets: 3 }, { packets: 1 })).toEqual({});
  expect(growth(undefined, { packets: 1 })).toEqual({});
});
