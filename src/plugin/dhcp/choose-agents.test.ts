import { describe, expect, it } from 'vitest';
import type { DhcpAgentFacts } from '../../db/write/network-agents.ts';
import { defaultValues } from '../../lib/options.ts';
import { coreOptions } from '../options.ts';
import { type Choice, chooseAgents } from './choose-agents.ts';

const agent = (host: string, availability_zone: string, networks: number, load = networks): DhcpAgentFacts => ({
  id: host,
  host,
  availability_zone,
  networks,
  load,
  admin_state_up: true,
  heartbeat_timestamp: 0,
  started_at: 0,
});
const agents = [agent('a', 'z1', 0, 9), agent('b', 'z1', 1, 3), agent('c', 'z2', 5, 1), agent('d', 'z3', 2, 2)];

function chosen(
  count: number,
  options: Partial<Choice['options']> = {},
  more: Partial<Pick<Choice, 'hints' | 'present' | 'random'>> = {},
): string {
  const choice: Choice = {
    count,
    present: [],
    hints: [],
    options: defaultValues(coreOptions, options),
    random: () => 0,
    ...more,
  };
  return chooseAgents(agents, choice)
    .map(({ host }) => host)
    .join('');
}

const path = (name: string) => ({ network_scheduler_driver: `neutron.scheduler.dhcp_agent_scheduler.${name}` });

describe('WeightScheduler', () => {
  it('takes those with the fewest networks, whatever their zones', () => {
    expect(chosen(3)).toBe('abd');
    expect(chosen(9)).toBe('abdc');
    expect(chosen(0)).toBe('');
  });

  it('goes by what dhcp_load_type names', () => {
    expect(chosen(3, { dhcp_load_type: 'ports' })).toBe('cdb');
    expect(chosen(3, { dhcp_load_type: 'subnets' })).toBe('cdb');
  });

  it('keeps to the zones that the network names, and spreads over them', () => {
    expect(chosen(2, {}, { hints: ['z1'] })).toBe('ab');
    expect(chosen(2, {}, { hints: ['z1', 'z2'] })).toBe('ac');
    expect(chosen(2, {}, { hints: ['z4'] })).toBe('');
  });

  it('keeps to default_availability_zones where it names none', () => {
    expect(chosen(2, { default_availability_zones: ['z2', 'z3'] })).toBe('dc');
    expect(chosen(2, { default_availability_zones: ['z2'] }, { hints: ['z1'] })).toBe('ab');
  });
});

describe('AZAwareWeightScheduler', () => {
  it('takes one of each zone before a second of any', () => {
    expect(chosen(3, path('AZAwareWeightScheduler'))).toBe('adc');
    expect(chosen(4, { network_scheduler_driver: 'AZAwareWeightScheduler' })).toBe('adcb');
  });

  it('counts the agents that the network has', () => {
    const present = [{ availability_zone: 'z1' }, { availability_zone: 'z3' }];
    expect(chosen(2, path('AZAwareWeightScheduler'), { present })).toBe('ca');
  });
});

describe('ChanceScheduler', () => {
  it('takes any', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      let step = 0;
      seen.add(chosen(1, path('ChanceScheduler'), { random: () => (i * 0.37 + step++ * 0.21) % 1 }));
    }
    expect([...seen].sort()).toEqual(['a', 'b', 'c', 'd']);
  });
});

it('other names are refused', () => {
  const { check } = coreOptions.options.network_scheduler_driver;
  expect(check!('neutron.scheduler.dhcp_agent_scheduler.Chosen' as never)).toBe(
    'is no scheduler; there are WeightScheduler, AZAwareWeightScheduler, ChanceScheduler',
  );
});
