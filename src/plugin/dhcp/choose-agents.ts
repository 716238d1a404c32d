import type { DhcpAgentFacts } from '../../db/write/network-agents.ts';
import { shuffle } from '../../lib/shuffle.ts';
import { type CoreOptions, schedulerOf } from '../options.ts';

/** What a choice goes by besides the agents themselves. */
export interface Choice {
  count: number;
  /** Those that have the network already. */
  present: readonly Pick<DhcpAgentFacts, 'availability_zone'>[];
  /** Zones that the network names. */
  hints: readonly string[];
  options: Pick<CoreOptions, 'default_availability_zones' | 'dhcp_load_type' | 'network_scheduler_driver'>;
  /** In [0, 1). */
  random: () => number;
}

/**
 * The agents for a network: those with the least load, any of them (`ChanceScheduler`), or those of the zones that serve it
 * least (`AZAwareWeightScheduler`, and wherever a network names its zones). Zones that are named, by the network or else by
 * `default_availability_zones`, are the only ones.
 */
export function chooseAgents(agents: readonly DhcpAgentFacts[], choice: Choice): DhcpAgentFacts[] {
  const { count, hints, options, present } = choice;
  const zones = hints.length > 0 ? hints : options.default_availability_zones;
  const left = agents.filter(({ availability_zone }) => zones.length === 0 || zones.includes(availability_zone ?? ''));
  const scheduler = schedulerOf(options);
  if (scheduler === 'ChanceScheduler') shuffle(left, choice.random);
  else left.sort(byLoad(options.dhcp_load_type));
  if (scheduler !== 'AZAwareWeightScheduler' && hints.length === 0) return left.slice(0, count);
  const chosen: DhcpAgentFacts[] = [];
  while (chosen.length < count && left.length > 0) {
    const served = (zone: string | null) =>
      [...present, ...chosen].filter(({ availability_zone }) => availability_zone === zone).length;
    const least = Math.min(...left.map(({ availability_zone }) => served(availability_zone)));
    const next = left.findIndex(({ availability_zone }) => served(availability_zone) === least);
    chosen.push(...left.splice(next, 1));
  }
  return chosen;
}

/** How many networks an agent has is known here, and newer than what it reported. */
function byLoad(loadType: string): (a: DhcpAgentFacts, b: DhcpAgentFacts) => number {
  return (a, b) =>
    (loadType === 'networks' ? 0 : a.load - b.load) ||
    a.networks - b.networks ||
    a.load - b.load ||
    (a.host < b.host ? -1 : 1);
}
