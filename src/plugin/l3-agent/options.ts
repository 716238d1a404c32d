import { hasHostBits, parseCidr } from '../../lib/ip/cidr.ts';
import { declareOptions, type OptionValues, option } from '../../lib/options.ts';

const schedulers = ['LeastRoutersScheduler', 'AZLeastRoutersScheduler', 'ChanceScheduler'] as const;

/** `neutron.conf`: which L3 agents serve a router (upstream: conf/db/l3_agentschedulers_db.py, conf/db/l3_hamode_db.py). */
export const l3AgentOptions = declareOptions('DEFAULT', {
  router_scheduler_driver: option.string({
    default: 'neutron.scheduler.l3_agent_scheduler.LeastRoutersScheduler',
    help: 'how L3 agents are chosen: LeastRoutersScheduler, AZLeastRoutersScheduler or ChanceScheduler, or their class paths',
    check: (value) =>
      schedulers.some((name) => name === className(value))
        ? null
        : `is no scheduler; there are ${schedulers.join(', ')}`,
  }),
  router_auto_schedule: option.bool({
    default: true,
    help: 'whether an L3 agent that asks for its routers gets those that nobody serves',
  }),
  allow_automatic_l3agent_failover: option.bool({
    default: false,
    help: 'whether routers move away from dead L3 agents',
  }),
  l3_ha: option.bool({ default: false, help: 'whether routers are highly available when nobody says' }),
  max_l3_agents_per_router: option.int({
    default: 3,
    min: 0,
    help: 'L3 agents that serve one HA router; 0: all of them',
  }),
  l3_ha_net_cidr: option.string({
    default: '169.254.192.0/18',
    help: 'subnet of the networks over which HA routers speak VRRP',
    check: (value) => (isIpv4Network(value) ? null : 'must be an IPv4 network like 169.254.192.0/18'),
  }),
  l3_ha_network_type: option.string({ default: '', help: 'kind of those networks; empty: as of any other network' }),
  l3_ha_network_physical_name: option.string({ default: '', help: 'physical network that carries them' }),
});
export type L3AgentOptions = OptionValues<typeof l3AgentOptions>;

/** Which of the schedulers the configuration names. */
export function routerSchedulerOf(options: L3AgentOptions): (typeof schedulers)[number] {
  return schedulers.find((name) => name === className(options.router_scheduler_driver))!;
}

function className(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function isIpv4Network(text: string): boolean {
  return parseCidr(text)?.version === 4 && !hasHostBits(text);
}
