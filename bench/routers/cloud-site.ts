import { Cloud } from '../../test/compat/mixes/cloud.ts';
import type { Kind } from '../../test/compat/mixes/configuration.ts';
import type { Program } from '../../test/support/programs.ts';
import { OUTSIDE, type RouterPlace } from './site.ts';

/** Our server on MariaDB and RabbitMQ, and a host whose L3 agent is ours or Python's. */
export interface RouterCloud extends RouterPlace, AsyncDisposable {
  readonly cloud: Cloud;
  /** Ours, whosever the L3 agent is: it puts cards into bridges, and is not what is measured. */
  readonly bridgeAgent: Program;
  readonly l3Agent: Program;
  /** From the start of an L3 agent that has nothing to do until the server knows of it. */
  readonly idleStartMs: number;
}

/** No limits, and agents that were seen once are alive: it is the host that is measured. */
const options = {
  DEFAULT: { agent_down_time: 100_000 },
  quotas: { quota_network: -1, quota_subnet: -1, quota_router: -1, quota_floatingip: -1 },
};

/** @param kind whose L3 agent */
export async function openRouterCloud(kind: Kind): Promise<RouterCloud> {
  await using undo = new AsyncDisposableStack();
  const cloud = undo.use(await Cloud.raise('ours', { options }));
  const host = await cloud.addHost('net1');
  await cloud.outside.ipBatch([`addr add ${OUTSIDE}/15 dev physnet1`]);
  const bridgeAgent = await cloud.makeAgent('neutron-linuxbridge-agent', 'ours', host);
  const bare = { DEFAULT: { enable_metadata_proxy: false } };
  const l3Agent = await cloud.makeAgent('neutron-l3-agent', kind, host, { options: bare });
  await cloud.startAgent(bridgeAgent);
  await bridgeAgent.stop();
  const from = performance.now();
  await cloud.startAgent(l3Agent);
  const idleStartMs = performance.now() - from;
  await l3Agent.stop();
  const external = await cloud.api.create('network', {
    'router:external': true,
    'provider:network_type': 'flat',
    'provider:physical_network': 'physnet1',
  });
  await cloud.api.create('subnet', {
    ...{ network_id: external.id, ip_version: 4, cidr: '198.18.0.0/15', gateway_ip: OUTSIDE, enable_dhcp: false },
  });
  const parts = undo.move();
  return {
    ...{ cloud, host, external, bridgeAgent, l3Agent, idleStartMs },
    deployment: { api: cloud.api },
    lab: { fabric: cloud.outside },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
