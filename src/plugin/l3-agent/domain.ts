import { topics } from '../../rpc/contract.ts';
import type { Domain } from '../domain.ts';
import { hasServicePlugin } from '../options.ts';
import { l3Endpoint } from '../rpc/l3.ts';
import { RouterFailOver } from './fail-over.ts';
import { RouterAgents } from './router-agents.ts';

/** L3 agents: what they ask, and which of them serves which router. */
export const l3Scheduling: Domain = {
  name: 'scheduling of L3 agents',
  enabled: (options) => hasServicePlugin(options, 'router'),
  aliases: () => ['l3_agent_scheduler'],
  make(machine) {
    const agents = new RouterAgents(machine);
    return {
      routes: {
        'GET agents/{id}/l3-routers': (call) => agents.routersOf(call),
        'POST agents/{id}/l3-routers': (call) => agents.add(call),
        'DELETE agents/{id}/l3-routers/{router_id}': (call) => agents.remove(call),
        'GET routers/{id}/l3-agents': (call) => agents.agentsOf(call),
      },
      duties: new RouterFailOver(machine).duties,
      endpoints: [{ topic: topics.l3Plugin, endpoint: l3Endpoint(machine) }],
    };
  },
};
