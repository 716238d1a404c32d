import { describe, expect, it } from 'vitest';
import type { Agent } from '../../../src/resources/shapes.ts';
import { agentsShown, hostedOf, lastErrorOf, loadOf, othersFor, stateOf, timeOf } from './agent.ts';

function agent(said: Partial<Agent>): Agent {
  const { host = 'h1', agent_type = 'DHCP agent' } = said;
  return {
    ...{ id: `${agent_type} ${host}`, agent_type, host, binary: '', topic: '', description: null },
    ...{ admin_state_up: true, alive: true, configurations: {}, availability_zone: null, resources_synced: null },
    ...{ created_at: '', started_at: '', heartbeat_timestamp: '' },
    ...said,
  };
}

describe('an agent', () => {
  it('that is switched off is not complained of as dead', () => {
    const states = [true, false].flatMap((admin_state_up) =>
      [true, false].map((alive) => stateOf({ admin_state_up, alive })),
    );
    expect(states).toEqual(['alive', 'dead', 'off', 'offDead']);
  });

  it('serves what its type says, and a type that nobody knows nothing', () => {
    const types = ['DHCP agent', 'L3 agent', 'Linux bridge agent', 'Metadata agent', 'toString'];
    expect(types.map((agent_type) => hostedOf({ agent_type }))).toEqual(['networks', 'routers', 'ports', null, null]);
  });

  it('says how much it does by numbers', () => {
    const configurations = { ports: 5, networks: 2, subnets: '3', dhcp_driver: 'dnsmasq' };
    expect(loadOf({ configurations })).toEqual([
      ['networks', 2],
      ['ports', 5],
    ]);
  });

  it.each([
    [{}, null],
    [{ last_error: 'no' }, null],
    [{ last_error: { at: 'yesterday', what: 'x' } }, null],
    [{ last_error: null }, null],
    [
      { last_error: { at: '2026-11-29T12:00:00.000Z', what: 'no dnsmasq', count: 3 } },
      { atMs: Date.UTC(2026, 10, 29, 12), what: 'no dnsmasq', count: 3 },
    ],
  ])('tells of its last error: %j', (configurations, expected) => {
    expect(lastErrorOf({ configurations })).toEqual(expected);
  });

  it('shows times without T and Z', () => {
    expect(timeOf('2026-11-29 12:00:00')).toBe(Date.UTC(2026, 10, 29, 12));
    expect(timeOf('')).toBeNull();
  });
});

describe('agents', () => {
  const all = [
    agent({ host: 'h10' }),
    agent({ host: 'h2' }),
    agent({ host: 'h3', alive: false }),
    agent({ host: 'h4', admin_state_up: false }),
    agent({ host: 'h5', agent_type: 'L3 agent' }),
  ];
  const hosts = (agents: readonly Agent[]) => agents.map(({ host }) => host);

  it('stand with the dead first, hosts in the order people count', () => {
    expect(hosts(agentsShown(all, { text: '', state: null }))).toEqual(['h3', 'h4', 'h2', 'h10', 'h5']);
    expect(hosts(agentsShown(all, { text: ' L3 ', state: null }))).toEqual(['h5']);
    expect(hosts(agentsShown(all, { text: '', state: 'off' }))).toEqual(['h4']);
  });

  it('that could take over live, are switched on and of the same type', () => {
    expect(hosts(othersFor(all[1]!, all))).toEqual(['h10']);
    expect(hosts(othersFor(all[2]!, all))).toEqual(['h2', 'h10']);
    const dvr = agent({ host: 'h6', agent_type: 'L3 agent', configurations: { agent_mode: 'dvr' } });
    expect(hosts(othersFor(all[4]!, [...all, dvr]))).toEqual([]);
  });
});
