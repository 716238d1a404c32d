import type { L3AgentFacts, RouterFacts } from '../../db/write/router-agents.ts';
import { shuffle } from '../../lib/shuffle.ts';
import type { CoreOptions } from '../options.ts';
import { type L3AgentOptions, routerSchedulerOf } from './options.ts';

/** What a choice goes by besides the agents themselves. */
interface Choice {
  count: number;
  /** Those that have the router already. */
  present: readonly Pick<L3AgentFacts, 'availability_zone'>[];
  options: L3AgentOptions;
  /** In [0, 1). */
  random: () => number;
}

/**
 * The agents for a router: those with the fewest routers, any of them (`ChanceScheduler`), or in turn from the zones that serve
 * it least (`AZLeastRoutersScheduler`), which only makes a difference for HA routers.
 */
export function chooseRouterAgents(agents: readonly L3AgentFacts[], choice: Choice): L3AgentFacts[] {
  const { count, options, present, random } = choice;
  const scheduler = routerSchedulerOf(options);
  const left = [...agents];
  if (scheduler === 'ChanceScheduler') shuffle(left, random);
  else left.sort((a, b) => a.routers - b.routers || (a.host < b.host ? -1 : 1));
  if (scheduler !== 'AZLeastRoutersScheduler') return left.slice(0, Math.max(count, 0));
  const chosen: L3AgentFacts[] = [];
  while (chosen.length < count && left.length > 0) {
    const served = ({ availability_zone: zone }: L3AgentFacts) =>
      [...present, ...chosen].filter(({ availability_zone }) => availability_zone === zone).length;
    const least = Math.min(...left.map(served));
    const next = left.findIndex((agent) => served(agent) === least);
    chosen.push(...left.splice(next, 1));
  }
  return chosen;
}

/** Whether an agent can serve a router, and is in one of the zones asked for: by the router, or else by `default_availability_zones`. */
export function canServe(
  agent: Pick<L3AgentFacts, 'availability_zone' | 'configurations'>,
  router: ServedRouter & Pick<RouterFacts, 'availability_zone_hints'>,
  { default_availability_zones }: Pick<CoreOptions, 'default_availability_zones'>,
): boolean {
  const hints = router.availability_zone_hints;
  const zones = hints.length > 0 ? hints : default_availability_zones;
  return couldServe(agent, router) && (zones.length === 0 || zones.includes(agent.availability_zone ?? ''));
}

type ServedRouter = Pick<RouterFacts, 'id' | 'external_network_id'>;

/** Whether an agent can serve a router at all, by what it says of itself (upstream: `get_l3_agent_candidates`). */
export function couldServe({ configurations }: Pick<L3AgentFacts, 'configurations'>, router: ServedRouter): boolean {
  const { router_id, handle_internal_only_routers, gateway_external_network_id: only } = configurations;
  if (servesOthersOnly({ configurations })) return false;
  if (router_id && router_id !== router.id) return false;
  const { external_network_id } = router;
  if (external_network_id === null) return handle_internal_only_routers !== false;
  // Said by agents of old releases, which can do one external network only.
  return !only || only === external_network_id;
}

/** Agents in these modes serve what is distributed, and nothing here is. */
export function servesOthersOnly({ configurations }: Pick<L3AgentFacts, 'configurations'>): boolean {
  return configurations.agent_mode === 'dvr' || configurations.agent_mode === 'dvr_no_external';
}
