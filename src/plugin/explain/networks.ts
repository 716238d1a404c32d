import { getNetwork } from '../../db/read/networks.ts';
import { fullView } from '../../db/read/view.ts';
import { agentsOnHost } from '../../db/write/agents.ts';
import { agentsHosting } from '../../db/write/network-agents.ts';
import type { Context } from '../../lib/context.ts';
import type { ExplainNetworkRequest, NetworkInfo, WirePort } from '../../rpc/contract.ts';
import type { Explanation, ExplanationStep } from '../contract.ts';
import { networkInfos } from '../dhcp/network-info.ts';
import { isAlive } from '../dhcp/scheduler.ts';
import { networkErrors } from '../network/errors.ts';
import { messageView, type Shared } from '../parts.ts';
import { askAgent, type Question } from './ask.ts';
import { BRIDGE_AGENT, type NetworkFacts, networkSteps } from './network-steps.ts';
import { verdictOf } from './steps.ts';

/** A network may be on hundreds of hosts: of those with the most ports so many are asked. */
const ASKED_HOSTS = 16;

/**
 * What carries a network: what the rows say, then what the agents of its hosts see, asked all at once.
 * @throws NetworkNotFound
 */
export async function explainNetwork(shared: Shared, context: Context, id: string): Promise<Explanation> {
  const { options, now, database } = shared;
  const nowMs = now();
  const withLife = <A extends { heartbeat_timestamp: number }>(agent: A) => ({
    ...agent,
    alive: isAlive(agent.heartbeat_timestamp, nowMs, options.core),
  });
  const network = await getNetwork(database.db, id, fullView);
  if (network === null) throw networkErrors.NetworkNotFound({ net_id: id });
  const [info] = await networkInfos(database.db, [id], { view: messageView(shared) });
  const { ports, ...told } = info!;
  const dhcpAgents = (await agentsHosting(database.db, [id])).map(withLife);
  const byHost = Map.groupBy(ports.filter(isWired), hostOf);
  const hosts = [...byHost].toSorted(([a, p], [b, q]) => q.length - p.length || (a < b ? -1 : 1));
  const agents = await Promise.all(hosts.slice(0, ASKED_HOSTS).map(([host]) => agentsOnHost(database.db, host)));
  const bridgeAgents = agents.flat().filter(({ agent_type }) => agent_type === BRIDGE_AGENT);
  const facts: NetworkFacts = {
    ...{ network, subnets: told.subnets, ports, dhcpAgents, bridgeAgents: bridgeAgents.map(withLife) },
    ...{ hosts: hosts.map(([host]) => host), asked: ASKED_HOSTS },
  };
  const answers = await Promise.all(
    whomToAsk(facts).map((question) => {
      const { agent, host } = question;
      const port_ids = (byHost.get(host) ?? []).map((port) => port.id);
      const request: ExplainNetworkRequest = { network: { ...told, ports: [] } as NetworkInfo, port_ids };
      return askAgent(shared, question, (api, rest) => api.explainNetwork(agent, host, request, rest), context);
    }),
  );
  return verdictOf({ network_id: id }, [...networkSteps(facts), ...answers.flat()] as ExplanationStep[]);
}

type NetworkQuestion = Question & { readonly agent: 'bridge' | 'dhcp' };

/** Those that are known and alive: asking dead ones would only take time. */
function whomToAsk({ bridgeAgents, dhcpAgents }: NetworkFacts): NetworkQuestion[] {
  const alive = (agent: NetworkQuestion['agent'], of: readonly { host: string; alive: boolean }[]) =>
    of.flatMap(({ host, alive }): NetworkQuestion[] => (alive ? [{ agent, host }] : []));
  return [...alive('bridge', bridgeAgents), ...alive('dhcp', dhcpAgents)];
}

/** A port whose tap a host must have: bound there by a driver. */
function isWired(port: WirePort): boolean {
  const type = port['binding:vif_type'];
  return hostOf(port) !== '' && type !== 'unbound' && type !== 'binding_failed' && !isOfRouter(port);
}

/** Ports of HA and distributed routers are on several hosts, or on one that changes: their routers tell. */
function isOfRouter({ device_owner }: WirePort): boolean {
  return ['network:ha_router_replicated_interface', 'network:router_interface_distributed'].includes(device_owner);
}

function hostOf(port: WirePort): string {
  return String(port['binding:host_id'] ?? '');
}
